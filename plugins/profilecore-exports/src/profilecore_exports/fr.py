"""France: the police's form of foreign guests, to print and sign."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from profilecore.rules.retention import RetentionRule
from profilecore.values import frozen
from profilecore_exports.codes import alpha_3
from profilecore_exports.contract import (
    Covers,
    Deadline,
    Format,
    Need,
    Report,
    Setting,
    Trust,
)
from profilecore_exports.country import CountryPlugin
from profilecore_exports.guests import Guest, Party
from profilecore_exports.needs import (
    ARRIVAL,
    BIRTH_DATE,
    BIRTH_PLACE,
    DEPARTURE,
    FIRST_NAME,
    LAST_NAME,
    NATIONALITY,
    TOWN,
)
from profilecore_exports.sheets import House, Words, printed, sheet

FORMAT = "fr.fiche-police"
# Younger children may stand on the form of an adult.
OWN_FORM_FROM = 15
WORDS = Words(
    language="fr",
    title="Fiche individuelle de police",
    law="Articles R814-1 à R814-3 du CESEDA",
    property="Établissement",
    companions="Enfants de moins de 15 ans",
    signature="Date et signature",
)


@frozen
class FranceConfig:
    """The settings under ``exports-fr``."""

    properties: dict[str, House] = attrs.field(factory=dict)


def _forms(party: Party) -> Iterator[Guest]:
    """Yield the foreigners who fill in a form: children only where no adult of the party does."""
    foreign = [g for g in party.guests if "FR" not in g.profile.nationalities]
    grown = [g for g in foreign if not _is_child(g)]
    yield from grown or foreign


def _is_child(guest: Guest) -> bool:
    return guest.age is not None and guest.age < OWN_FORM_FROM


def _sheet(report: Report, setting: Setting) -> str:
    guest, party = report.guest, report.party
    forms = list(_forms(party))
    children = [
        (f"{g.surnames} {g.given_names}", g.profile.birth_date or "", alpha_3(g.nationality))
        for g in party.guests
        if _is_child(g) and g.id != guest.id and forms and guest.id == forms[0].id
    ]
    return sheet(WORDS, setting.house, _rows(guest), children)


def _rows(guest: Guest) -> Iterator[tuple[str, str]]:
    home = f"{guest.street}, {guest.postal_code} {guest.town}, {alpha_3(guest.home_country)}"
    yield "Nom", guest.surnames
    yield "Prénoms", guest.given_names
    yield "Date de naissance", guest.profile.birth_date or ""
    yield "Lieu de naissance", guest.profile.birth_place or ""
    yield "Nationalité", ", ".join(map(alpha_3, guest.nationalities))
    yield "Domicile habituel", home
    yield "Téléphone mobile", guest.phone
    yield "Adresse électronique", guest.email
    yield "Date d'arrivée", f"{guest.arrived:%d/%m/%Y}"
    yield "Date de départ prévue", f"{guest.leaves:%d/%m/%Y}" if guest.leaves else ""


class FrancePlugin(CountryPlugin):
    """The form of France."""

    name = "exports-fr"
    Config = FranceConfig

    def formats(self) -> tuple[Format, ...]:
        made = Format(
            name=FORMAT,
            title="Fiche individuelle de police (HTML to print)",
            country="FR",
            trust=Trust.LAW,
            source="CESEDA R814-1 to R814-3",
            deadline=Deadline("signed on arrival; shown to the police on request"),
            write=_sheet,
            assemble=printed(FORMAT, WORDS),
            houses=dict(self.config.properties),
            house_hint="[exports-fr.properties.<id>] with name, street, town, postal_code",
            covers=Covers(foreigners_only=True),
            choose=_forms,
            needs=(
                LAST_NAME,
                FIRST_NAME,
                BIRTH_DATE,
                BIRTH_PLACE,
                NATIONALITY,
                TOWN,
                Need(
                    "/phones",
                    "contact",
                    "A mobile telephone number is missing.",
                    lambda g: g.phone,
                    soft=True,
                ),
                Need(
                    "/emails",
                    "email",
                    "An e-mail address is missing.",
                    lambda g: g.email,
                    soft=True,
                ),
                ARRIVAL,
                DEPARTURE,
            ),
            by_party=True,
            retention=(
                RetentionRule(
                    name="fr.forms",
                    country="FR",
                    legal_basis="CESEDA art. R814-3: six months, then destroyed",
                    record_kind="registration",
                    minimum="P6M",
                    maximum="P6M",
                    fields=("registration.copy",),
                    source="Code de l'entrée et du séjour des étrangers et du droit d'asile",
                ),
            ),
        )
        return (made,)
