"""Portugal: SIBA, the bulletins of foreign guests, as XML for the web service and as DAT."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

import attrs

from profilecore.errors import WrongValue
from profilecore.model.enums import DocumentType
from profilecore.rules.retention import RetentionRule
from profilecore.values import frozen
from profilecore_exports.codes import alpha_3
from profilecore_exports.contract import (
    Amends,
    Answer,
    Covers,
    Deadline,
    Format,
    OutFile,
    Report,
    Setting,
    Trust,
    Verdict,
)
from profilecore_exports.country import CountryPlugin
from profilecore_exports.faults import ExportRefused, unwritable
from profilecore_exports.guests import Guest
from profilecore_exports.letters import NUMBER, Letters, printable
from profilecore_exports.markup import HEAD, every, leaf, parse, tag, texts, whole
from profilecore_exports.naming import file_name
from profilecore_exports.needs import (
    ARRIVAL,
    BIRTH_DATE,
    DOCUMENT,
    DOCUMENT_COUNTRY,
    LAST_NAME,
    NATIONALITY,
    RESIDENCE,
    TOWN,
    fits,
)
from profilecore_exports.transport import Service

if TYPE_CHECKING:
    from profilecore_exports.pt_service import PortugalTransport

SIBA, DAT = "pt.siba", "pt.siba-dat"
REQUEST = "http://sef.pt/BAws"
SERVICE = "http://sef.pt/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TEXT = Letters(frozenset(ascii_uppercase + "ÇÃÁÀÉÊÍÕÔÓÚ'- "))
_HOUSE_TEXT = Letters(TEXT.allowed | frozenset("0123456789.,/ºª"))
_KINDS = {
    DocumentType.PASSPORT: "P",
    DocumentType.IDENTITY_CARD: "B",
    DocumentType.DNI: "B",
}
_POSTCODE = re.compile(r"([0-9]{4})-?([0-9]{3})")
_DIGITS = re.compile(r"[0-9]{1,10}")


def _postcode(_: object, field: attrs.Attribute[str], value: str) -> None:
    if not _POSTCODE.fullmatch(value):
        raise WrongValue(f"{field.name} must be a Portuguese postcode, as 1000-001")


def _nine(_: object, field: attrs.Attribute[str], value: str) -> None:
    if not re.fullmatch(r"[0-9]{9}", value):
        raise WrongValue(f"{field.name} must be a NIPC of nine digits")


def _number(_: object, field: attrs.Attribute[str], value: str) -> None:
    if not re.fullmatch(r"[0-9]{1,4}", value):
        raise WrongValue(f"{field.name} must be the number of the establishment, 1 to 4 digits")


def _phone(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and not _DIGITS.fullmatch(value):
        raise WrongValue(f"{field.name} must be at most ten digits")


@frozen
class PortugueseHouse:
    """A property in Portugal, as SIBA knows it."""

    nipc: str = attrs.field(validator=_nine)
    name: str
    short_name: str
    street: str
    town: str
    postal_code: str = attrs.field(validator=_postcode)
    phone: str = attrs.field(validator=_phone)
    contact: str
    email: str
    establishment: str = attrs.field(default="00", validator=_number)
    fax: str | None = attrs.field(default=None, validator=_phone)

    @property
    def postcode(self) -> tuple[str, str]:
        """The four and the three digits of the postcode."""
        match = _POSTCODE.fullmatch(self.postal_code)
        assert match is not None
        return match[1], match[2]


@frozen
class PortugalConfig:
    """The settings under ``exports-pt``; the password of ``service`` is the access key."""

    properties: dict[str, PortugueseHouse] = attrs.field(factory=dict)
    service: Service | None = None


@frozen
class _Values:
    """A bulletin's values in the letters of the authority, for both layouts."""

    surname: str
    name: str
    nationality: str
    birth_place: str
    document: str
    kind: str
    issuer: str
    residence: str
    town: str


def _values(guest: Guest) -> _Values:
    document = guest.proof
    assert document is not None
    number = fits(NUMBER.fit(document.number), "/documents", "document's number")
    if len(number) > 16:
        message = "The document's number has more than 16 characters."
        raise unwritable("/documents", "document-number", message)
    return _Values(
        surname=fits(TEXT.fit(guest.surnames, 40), "/last_name", "surname"),
        name=TEXT.fit(guest.given_names, 40),
        nationality=alpha_3(guest.nationality),
        birth_place=TEXT.fit(guest.profile.birth_place, 30),
        document=number,
        kind=_KINDS.get(document.type, "O"),
        issuer=alpha_3(document.country),
        residence=alpha_3(guest.residence),
        town=fits(TEXT.fit(guest.town, 30), "/addresses", "town"),
    )


# ---- XML


def _bulletin(report: Report, setting: Setting) -> str:
    guest = report.guest
    v = _values(guest)
    assert guest.born is not None
    return tag(
        "Boletim_Alojamento",
        leaf("Apelido", v.surname),
        leaf("Nome", v.name),
        leaf("Nacionalidade", v.nationality),
        leaf("Data_Nascimento", f"{guest.born}T00:00:00"),
        leaf("Local_Nascimento", v.birth_place),
        leaf("Documento_Identificacao", v.document),
        leaf("Pais_Emissor_Documento", v.issuer),
        leaf("Tipo_Documento", v.kind),
        leaf("Data_Entrada", f"{guest.arrived.date()}T00:00:00"),
        leaf("Data_Saida", f"{guest.leaves.date()}T00:00:00" if guest.leaves else None),
        leaf("Pais_Residencia_Origem", v.residence),
        leaf("Local_Residencia_Origem", v.town),
    )


def _movement(reports: Sequence[Report], setting: Setting) -> OutFile:
    sent = tag(
        "Envio",
        leaf("Numero_Ficheiro", setting.number),
        leaf("Data_Movimento", f"{setting.made_at:%Y-%m-%dT%H:%M:%S}"),
    )
    body = "".join((tag("Unidade_Hoteleira", *_unit(setting.house)), *(r.text for r in reports)))
    whole = f'{HEAD}<MovimentoBAL xmlns="{REQUEST}">{body}{sent}</MovimentoBAL>\n'
    return OutFile(file_name(SIBA, setting, "xml"), whole.encode(), tuple(reports))


def _unit(house: PortugueseHouse) -> Iterator[str]:
    area, zone = house.postcode
    yield leaf("Codigo_Unidade_Hoteleira", house.nipc)
    yield leaf("Estabelecimento", house.establishment)
    yield leaf("Nome", _HOUSE_TEXT.fit(house.name, 40))
    yield leaf("Abreviatura", _HOUSE_TEXT.fit(house.short_name, 15))
    yield leaf("Morada", _HOUSE_TEXT.fit(house.street, 40))
    yield leaf("Localidade", _HOUSE_TEXT.fit(house.town, 30))
    yield leaf("Codigo_Postal", area)
    yield leaf("Zona_Postal", zone)
    yield leaf("Telefone", house.phone)
    yield leaf("Fax", house.fax)
    yield leaf("Nome_Contacto", _HOUSE_TEXT.fit(house.contact, 40))
    yield leaf("Email_Contacto", house.email[:140])


def envelope(content: bytes, *, house: PortugueseHouse, key: str) -> bytes:
    """Put a file into the envelope of the web service, with the property's access key."""
    request = (
        f'<EntregaBoletinsAlojamento xmlns="{SERVICE}">'
        + leaf("UnidadeHoteleira", house.nipc)
        + leaf("Estabelecimento", str(int(house.establishment)))
        + leaf("ChaveAcesso", key)
        + leaf("Boletins", base64.b64encode(content).decode())
        + "</EntregaBoletinsAlojamento>"
    )
    body = tag("soap:Body", request)
    return f'{HEAD}<soap:Envelope xmlns:soap="{SOAP}">{body}</soap:Envelope>\n'.encode()


def answer(content: bytes) -> Answer:
    """Read the result of the service: 0, or a list of faults by line.

    Line 0 is the whole; a file with a fault was not taken.
    """
    root = parse(content)
    results = every(root, "EntregaBoletinsAlojamentoResult")
    text = (results[0].text or "").strip() if results else ""
    faults = every(root, "RetornoBA")
    if text == "0":
        return Answer(rest=True)
    if text.startswith("<"):
        faults = every(parse(text.encode()), "RetornoBA")
    if not faults:
        raise ExportRefused("no-verdict", "This is no answer of SIBA.")
    verdicts = []
    for fault in map(texts, faults):
        number = whole(fault.get("Linha"))
        code, said = fault.get("Codigo_Retorno", ""), fault.get("Descricao", "")
        verdicts.append(Verdict(False, number - 1 if number else None, code, said))
    return Answer(tuple(verdicts), rest=False)


# ---- DAT


def _line(report: Report, setting: Setting) -> str:
    guest = report.guest
    v = _values(guest)
    assert guest.born is not None
    return "|".join(
        (
            "1",
            v.surname,
            v.name,
            v.nationality,
            v.birth_place,
            f"{guest.born:%Y%m%d}",
            v.document,
            v.kind,
            v.issuer,
            v.residence,
            v.town,
            f"{guest.arrived:%Y%m%d}",
            f"{guest.leaves:%Y%m%d}" if guest.leaves else "",
            "",
        )
    )


def _dat(reports: Sequence[Report], setting: Setting) -> OutFile:
    house: PortugueseHouse = setting.house
    area, zone = house.postcode
    establishment = str(int(house.establishment))
    head = (
        "0",
        "BA03",
        house.nipc,
        establishment,
        *(_HOUSE_TEXT.fit(t, n) for t, n in ((house.name, 40), (house.street, 40))),
        _HOUSE_TEXT.fit(house.town, 30),
        area,
        zone,
        house.phone,
        house.fax or "",
        _HOUSE_TEXT.fit(house.contact, 40),
        printable(house.email, 140).replace("|", ""),
        "",
    )
    lines = ("|".join(head), *(report.text for report in reports), f"9|{len(reports) + 2}|")
    content = "".join(f"{line}\r\n" for line in lines).encode("utf-8")
    name = f"{house.nipc}{establishment}{setting.number}.DAT"
    return OutFile(name, content, tuple(reports))


# ---- the formats

_NEEDS = (
    LAST_NAME,
    NATIONALITY,
    BIRTH_DATE,
    DOCUMENT,
    DOCUMENT_COUNTRY,
    RESIDENCE,
    TOWN,
    ARRIVAL,
)
_DEADLINE = Deadline("3 working days after the arrival, and after the departure", working_days=3)
_HINT = (
    "[exports-pt.properties.<id>] with nipc, establishment, name, short_name, street, town, "
    "postal_code, phone, contact, email"
)


class PortugalPlugin(CountryPlugin):
    """The formats of Portugal."""

    name = "exports-pt"
    Config = PortugalConfig

    def _transport(self, property_id: str) -> PortugalTransport:
        house = self.config.properties.get(property_id)
        if self.config.service is None or house is None:
            message = "Sending needs [exports-pt.service] with url, user and password (the key)."
            raise ExportRefused("no-service", message)
        from profilecore_exports.pt_service import PortugalTransport

        return PortugalTransport(self.config.service, house)

    def formats(self) -> tuple[Format, ...]:
        houses = dict(self.config.properties)
        xml = Format(
            name=SIBA,
            title="SIBA, bulletins of foreign guests",
            country="PT",
            trust=Trust.THIRD_PARTIES,
            source="clients of two parties and messages of the server; the schema was not seen",
            deadline=_DEADLINE,
            write=_bulletin,
            assemble=_movement,
            houses=houses,
            house_hint=_HINT,
            covers=Covers(foreigners_only=True),
            needs=_NEEDS,
            letters=TEXT,
            amends=Amends.AGAIN,
            read_answer=answer,
            retention=(
                RetentionRule(
                    name="pt.registrations",
                    country="PT",
                    legal_basis="Lei 23/2007, art. 15 (5): one year from the exit notice",
                    record_kind="registration",
                    minimum="P1Y7D",
                    maximum="P1Y7D",
                    fields=("registration.copy",),
                    source="Lei n.º 23/2007 de 4 de julho",
                ),
            ),
            transport=self._transport,
            note="A departure that changes is told by the bulletin sent again.",
        )
        dat = Format(
            name=DAT,
            title="SIBA, bulletins as a DAT file for the web site",
            country="PT",
            trust=Trust.THIRD_PARTY,
            source="one third party",
            deadline=_DEADLINE,
            write=_line,
            assemble=_dat,
            houses=houses,
            house_hint=_HINT,
            covers=Covers(foreigners_only=True),
            needs=_NEEDS,
            letters=TEXT,
            amends=Amends.AGAIN,
        )
        return (xml, dat)
