"""Spain: SES.HOSPEDAJES of the Ministry of the Interior, travellers (PV) and bookings (RH)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import attrs

from profilecore.errors import Problem
from profilecore.rules.retention import RetentionRule
from profilecore.values import frozen
from profilecore_exports.codes import alpha_3
from profilecore_exports.contract import (
    Amends,
    Covers,
    Deadline,
    Format,
    Moment,
    Need,
    OutFile,
    Report,
    Setting,
    Trust,
)
from profilecore_exports.country import CountryPlugin
from profilecore_exports.es_answers import answer, query
from profilecore_exports.es_mossos import mossos
from profilecore_exports.es_people import (
    LISTS,
    NEEDS,
    PAYMENTS,
    POSTCODES,
    PV,
    RH,
    SEXES,
    TOWNS,
    SpanishHouse,
    checked_document,
    contract_day,
    kinship,
    municipality,
    payment_of,
)
from profilecore_exports.faults import ExportRefused, unwritable
from profilecore_exports.guests import Guest, Party
from profilecore_exports.letters import printable
from profilecore_exports.markup import HEAD, leaf, tag
from profilecore_exports.naming import file_name
from profilecore_exports.needs import (
    ARRIVAL,
    DEPARTURE,
    FIRST_NAME,
    LAST_NAME,
)
from profilecore_exports.tables import Tables
from profilecore_exports.transport import Service

if TYPE_CHECKING:
    from profilecore_exports.es_service import SpainTransport

MOST_COMMUNICATIONS = 100
_BASE = "http://www.neg.hospedajes.mir.es/"
_SOURCE = "MIR-HOSPE-DSI-WS v3.1.3 of 8 January 2025"


@frozen
class SpainConfig:
    """The settings under ``exports-es``; ``service`` is the web service, if files go there."""

    properties: dict[str, SpanishHouse] = attrs.field(factory=dict)
    service: Service | None = None


def _address(guest: Guest, tables: Tables) -> str:
    address = guest.address
    assert address is not None
    is_spain = guest.home_country == "ES"
    line2 = address.line2 if address.line1 else None
    return tag(
        "direccion",
        leaf("direccion", printable(address.line1 or address.text or address.line2, 100)),
        leaf("direccionComplementaria", printable(line2, 100)),
        leaf("codigoMunicipio", municipality(guest, tables)) if is_spain else "",
        "" if is_spain else leaf("nombreMunicipio", printable(guest.town, 100)),
        leaf("codigoPostal", printable(guest.postal_code, 20)),
        leaf("pais", alpha_3(guest.home_country)),
    )


# ---- a traveller


def _person(report: Report, setting: Setting) -> str:
    guest = report.guest
    _contract(report.party, setting)  # a stay that cannot be written keeps its guests out
    return tag(
        "persona",
        leaf("rol", "VI"),
        *_names(guest),
        *_identity(guest),
        leaf("fechaNacimiento", guest.born),
        leaf("nacionalidad", alpha_3(guest.nationality)),
        leaf("sexo", SEXES.get(guest.sex) if guest.sex else None),
        _address(guest, setting.tables),
        *_contact(report),
        leaf("parentesco", "" if guest.is_adult else kinship(report)),
    )


def _names(guest: Guest) -> Iterator[str]:
    yield leaf("nombre", printable(guest.given_names, 50))
    yield leaf("apellido1", printable(guest.name.last_name, 50))
    yield leaf("apellido2", printable(guest.name.second_last_name, 50))


def _identity(guest: Guest, *, support: bool = True) -> Iterator[str]:
    found = checked_document(guest)
    if found is None:
        return
    kind, document = found
    yield leaf("tipoDocumento", kind)
    yield leaf("numeroDocumento", document.number)
    if support and kind in ("NIF", "NIE"):
        yield leaf("soporteDocumento", document.support_number)


def _contact(report: Report) -> Iterator[str]:
    """Give telephone and e-mail; of a child without any, those of an adult of the party."""
    guest = report.guest
    if not (guest.phone or guest.email) and not guest.is_adult:
        adults = [g for g in report.party.guests if g.is_adult and (g.phone or g.email)]
        guest = next((g for g in adults if g.id in report.guest.kin), next(iter(adults), guest))
    if not (guest.phone or guest.email):
        message = "A telephone number or an e-mail address is missing, of an adult of the party."
        raise unwritable("/phones", "contact", message)
    yield leaf("telefono", guest.phone if len(guest.phone) <= 20 else "")
    yield leaf("correo", guest.email if len(guest.email) <= 250 else "")


# ---- the stay


def _contract(party: Party, setting: Setting, persons: int | None = None) -> str:
    stay, details, house = party.stay, party.details, setting.house
    contracted, payment = contract_day(party), payment_of(party, house)
    leaves = party.head.leaves
    assert leaves is not None
    if leaves < party.head.arrived:
        message = "The departure lies before the arrival."
        raise unwritable("/stay/details/departs_at", "departure", message)
    internet = house.internet if details.internet is None else details.internet
    return tag(
        "contrato",
        leaf("referencia", printable(stay.reference or stay.id, 50)),
        leaf("fechaContrato", contracted),
        leaf("fechaEntrada", f"{party.head.arrived:%Y-%m-%dT%H:%M:%S}"),
        leaf("fechaSalida", f"{leaves:%Y-%m-%dT%H:%M:%S}"),
        leaf("numPersonas", persons),
        leaf("numHabitaciones", details.rooms),
        "" if internet is None else leaf("internet", str(internet).lower()),
        tag(
            "pago",
            leaf("tipoPago", PAYMENTS[payment]),
            leaf("fechaPago", details.paid_on),
            leaf("medioPago", printable(details.payment_means, 50)),
            leaf("titular", printable(details.payment_holder, 100)),
            leaf("caducidadTarjeta", details.card_expiry),
        ),
    )


def _together(reports: Sequence[Report], setting: Setting) -> Iterator[tuple[Report, Problem]]:
    """A child goes with an adult of the same communication."""
    if any(report.guest.is_adult for report in reports):
        return
    message = (
        "No adult of the party goes into the same communication: complete one, or read the answer "
        "to what was sent of one, who then goes anew with the child."
    )
    for report in reports:
        yield report, Problem("/stay/companions", "adult", message)


def _parties(reports: Sequence[Report]) -> list[list[Report]]:
    parties: dict[str, list[Report]] = {}
    for report in reports:
        parties.setdefault(report.party.stay.id, []).append(report)
    return list(parties.values())


def _travellers_file(reports: Sequence[Report], setting: Setting) -> OutFile:
    inner = (
        tag(
            "comunicacion",
            _contract(party[0].party, setting, len(party)),
            *(report.text for report in party),
        )
        for party in _parties(reports)
    )
    body = tag("solicitud", leaf("codigoEstablecimiento", setting.house.code), *inner)
    return _xml(PV, "altaParteHospedaje", body, reports, setting)


def _xml(format: str, root: str, body: str, reports: Sequence[Report], setting: Setting) -> OutFile:
    whole = f'{HEAD}<alt:peticion xmlns:alt="{_BASE}{root}">{body}</alt:peticion>\n'
    return OutFile(file_name(format, setting, "xml"), whole.encode(), tuple(reports))


def _cancellation(format: str, reports: Sequence[Report], setting: Setting) -> OutFile:
    space = f"{_BASE}anularComunicacion"
    codes = dict.fromkeys(report.reference for report in reports if report.reference)
    body = "".join(leaf("anul:codigoComunicacion", code) for code in codes)
    whole = f'<anul:comunicaciones xmlns:anul="{space}">{body}</anul:comunicaciones>\n'
    name = file_name(f"{format}-anular", setting, "xml")
    return OutFile(name, (HEAD + whole).encode(), tuple(reports), "cancellation")


# ---- bookings


def _booker(report: Report, setting: Setting) -> str:
    guest = report.guest
    _contract(report.party, setting)
    whole = guest.address is not None and guest.street and guest.postal_code and guest.home_country
    return tag(
        "persona",
        leaf("rol", "TI"),
        *_names(guest),
        *_identity(guest, support=False),
        leaf("fechaNacimiento", guest.born),
        leaf("nacionalidad", alpha_3(guest.nationality)),
        leaf("sexo", SEXES.get(guest.sex) if guest.sex else None),
        _address(guest, setting.tables) if whole and guest.home_country != "ES" else "",
        *_contact(report),
    )


def _bookings_file(reports: Sequence[Report], setting: Setting) -> OutFile:
    inner = (
        tag(
            "comunicacion",
            tag("establecimiento", leaf("codigo", setting.house.code)),
            _contract(report.party, setting, _expected(report.party)),
            report.text,
        )
        for report in reports
    )
    return _xml(RH, "altaReservaHospedaje", tag("solicitud", *inner), reports, setting)


def _expected(party: Party) -> int:
    counted = (party.stay.adults or 0) + (party.stay.children or 0)
    return max(counted, len(party.stay.companions) + 1)


# ---- the formats

_BOOKING_NEEDS = (
    LAST_NAME,
    FIRST_NAME,
    Need(
        "/phones",
        "contact",
        "A telephone number or an e-mail address is missing.",
        lambda g: g.phone or g.email,
    ),
    ARRIVAL,
    DEPARTURE,
)
_HINT = '[exports-es.properties.<id>] with code = "..."'
_KEPT = RetentionRule(
    name="es.registrations",
    country="ES",
    legal_basis="Real Decreto 933/2021, art. 5: three years from the end of the service",
    record_kind="registration",
    minimum="P3Y",
    maximum="P3Y",
    fields=("registration.copy", "registration-details"),
    source="BOE-A-2021-17461",
)


def travellers(config: SpainConfig) -> Format:
    """Make the format of travellers at their arrival (PV)."""
    return Format(
        name=PV,
        title="SES.HOSPEDAJES, travellers at their arrival (PV)",
        country="ES",
        trust=Trust.OFFICIAL,
        source=_SOURCE,
        deadline=Deadline("24 hours from the arrival", hours=24),
        write=_person,
        assemble=_travellers_file,
        houses=dict(config.properties),
        house_hint=_HINT,
        needs=NEEDS,
        limit=MOST_COMMUNICATIONS,
        by_party=True,
        one_position_a_party=True,
        rules=_together,
        common=_contract,
        amends=Amends.CANCEL,
        cancel=lambda reports, setting: _cancellation(PV, reports, setting),
        cancels_bare=True,
        query=query,
        read_answer=answer,
        retention=(_KEPT,),
        tables=(TOWNS, POSTCODES),
        lists=LISTS,
        transport=lambda property_id: _transport(config, "PV", property_id),
        note="Catalonia and the Basque Country have channels of their own.",
    )


def bookings(config: SpainConfig) -> Format:
    """Make the format of bookings when they are made (RH)."""
    return Format(
        name=RH,
        title="SES.HOSPEDAJES, bookings (RH)",
        country="ES",
        trust=Trust.OFFICIAL,
        source=_SOURCE,
        deadline=Deadline("24 hours from the booking", hours=24),
        write=_booker,
        assemble=_bookings_file,
        houses=dict(config.properties),
        house_hint=_HINT,
        covers=Covers(heads_only=True),
        needs=_BOOKING_NEEDS,
        moments=(Moment.BOOKING,),
        limit=MOST_COMMUNICATIONS,
        by_party=True,
        one_position_a_party=True,
        common=_contract,
        amends=Amends.CANCEL,
        cancel=lambda reports, setting: _cancellation(RH, reports, setting),
        cancels_bare=True,
        query=query,
        read_answer=answer,
        tables=(TOWNS, POSTCODES),
        lists=LISTS,
        transport=lambda property_id: _transport(config, "RH", property_id),
    )


def _transport(config: SpainConfig, kind: str, property_id: str) -> SpainTransport:
    """Make what sends the files of a property.

    :raises ExportRefused: naming the settings that are missing.
    """
    house = config.properties.get(property_id)
    if config.service is None or house is None or house.landlord is None:
        raise ExportRefused(
            "no-service",
            "Sending needs [exports-es.service] with url, user and password, and the landlord of "
            f"the property {property_id}.",
        )
    from profilecore_exports.es_service import SpainTransport

    return SpainTransport(config.service, house.landlord, kind)


class SpainPlugin(CountryPlugin):
    """The formats of Spain."""

    name = "exports-es"
    Config = SpainConfig

    def formats(self) -> tuple[Format, ...]:
        return (travellers(self.config), bookings(self.config), mossos(self.config.properties))
