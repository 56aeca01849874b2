"""Germany: the registration form of foreign guests (BeherbMeldV), kept and not sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import attrs

from profilecore.model.enums import RelationshipType
from profilecore.rules.retention import RetentionRule
from profilecore.values import frozen
from profilecore_exports.codes import alpha_3
from profilecore_exports.contract import (
    Covers,
    Deadline,
    Format,
    Need,
    OutFile,
    Report,
    Setting,
    Trust,
)
from profilecore_exports.country import CountryPlugin
from profilecore_exports.details import Group
from profilecore_exports.guests import Guest, Party
from profilecore_exports.markup import HEAD, leaf, tag
from profilecore_exports.needs import (
    ARRIVAL,
    BIRTH_YEAR,
    DEPARTURE,
    FIRST_NAME,
    LAST_NAME,
    NATIONALITY,
    TOWN,
)

FORMAT = "de.meldeschein"
_PARENTS = frozenset({RelationshipType.PARENT, RelationshipType.GUARDIAN})
# Of a group of more, only the leader fills in a form.
SMALL_GROUP = 10
_NUMBER = re.compile(
    r"(?P<street>.*?[^\d\s,])[\s,]+(?P<number>\d+\s?[A-Za-z]?(?:\s?[-/]\s?\d+\w*)?)"
)


@frozen
class GermanHouse:
    """A property in Germany, as its forms name it."""

    name: str
    street: str
    town: str
    postal_code: str
    house_number: str | None = None


@frozen
class GermanyConfig:
    """The settings under ``exports-de``."""

    properties: dict[str, GermanHouse] = attrs.field(factory=dict)


def forms(party: Party) -> Iterator[Guest]:
    """Yield those who fill in a form: foreigners, but for those who are counted on the leader's.

    Of a group of more than ten only the leader does.
    """
    lead = leader(party)
    if lead is None:
        return
    for guest in party.guests:
        is_counted = _is_large(party) or is_relative(guest, lead, party)
        if guest is lead or (is_foreign(guest) and not is_counted):
            yield guest


def is_foreign(guest: Guest) -> bool:
    """Tell whether a guest is no German; who is of unknown nationality has to be asked."""
    return "DE" not in guest.profile.nationalities


def leader(party: Party) -> Guest | None:
    """Give who counts the others on a form: the head, else the first foreign adult or child.

    A German head fills in none.
    """
    foreign = [guest for guest in party.guests if is_foreign(guest)]
    return min(foreign, key=lambda g: (g.id != party.head.id, not g.is_adult), default=None)


def is_relative(guest: Guest, lead: Guest, party: Party) -> bool:
    """Tell whether a guest is a relative whom the leader's form counts: spouse or minor child.

    The minors of a family party are taken for its children.
    """
    kin = guest.kin.get(lead.id)
    if guest.is_adult:
        return kin is RelationshipType.SPOUSE
    return party.group is Group.FAMILY or kin in _PARENTS


def _is_large(party: Party) -> bool:
    return party.group is Group.GROUP and len(party.guests) > SMALL_GROUP


def _form(report: Report, setting: Setting) -> str:
    guest, party = report.guest, report.party
    lead = leader(party)
    is_lead = lead is not None and lead.id == guest.id
    others = [g for g in party.guests if g.id != guest.id] if is_lead else []
    relatives = [g for g in others if is_relative(g, guest, party)]
    # Adults of a small party have forms of their own; a large group is counted on the leader's.
    rest = [g for g in others if is_foreign(g) and g not in relatives] if _is_large(party) else []
    states = dict.fromkeys(alpha_3(g.nationality) for g in rest if g.nationality)
    document = guest.proof
    leaves = guest.leaves
    assert leaves is not None
    return tag(
        "Meldeschein",
        leaf("DatumAnkunft", guest.arrived.date()),
        leaf("DatumAbreise", leaves.date()),
        leaf("Familienname", guest.surnames),
        leaf("Vornamen", guest.given_names),
        leaf("Geburtsdatum", _birth(guest)),
        leaf("Staatsangehoerigkeiten", ", ".join(map(alpha_3, guest.nationalities))),
        tag("Anschrift", *_address(guest)),
        leaf("AnzahlAngehoerige", len(relatives)),
        leaf("AnzahlMitreisende", len(rest)),
        leaf("StaatsangehoerigkeitMitreisende", ", ".join(states)),
        leaf("SeriennummerPass", document.number if document else None),
        _house(setting.house),
    )


def _birth(guest: Guest) -> str:
    text = guest.profile.birth_date or ""
    return text if guest.born is not None else text[:4]


def _address(guest: Guest) -> Iterator[str]:
    street, number = split_street(guest.street)
    yield leaf("Land", alpha_3(guest.home_country))
    yield leaf("PLZ", guest.postal_code)
    yield leaf("Ort", guest.town)
    yield leaf("Strasse", street)
    yield leaf("Hausnummer", number)


def split_street(text: str) -> tuple[str, str]:
    """Divide a street from its number; what does not end in a number stays whole."""
    match = _NUMBER.fullmatch(text.strip())
    return (match["street"], match["number"]) if match else (text, "")


def _house(house: GermanHouse) -> str:
    return tag(
        "Beherbergungsstaette",
        leaf("BeherbergungsstaetteName", house.name),
        tag(
            "BeherbergungsstaetteAnschrift",
            leaf("Land", "DEU"),
            leaf("PLZ", house.postal_code),
            leaf("Ort", house.town),
            leaf("Strasse", house.street),
            leaf("Hausnummer", house.house_number),
        ),
    )


def _file(reports: Sequence[Report], setting: Setting) -> OutFile:
    (report,) = reports
    day = report.guest.arrived
    name = f"{day:%Y}/{day:%m}/{day:%Y%m%d}_BeherbMeldeschein_{setting.number}.xml"
    return OutFile(name, f"{HEAD}{report.text}\n".encode(), (report,))


def _series(reports: Sequence[Report], setting: Setting) -> str:
    return f"{FORMAT}/{setting.property_id}/{reports[0].guest.arrived:%Y%m%d}"


def registration_form(config: GermanyConfig) -> Format:
    """Make the format of the form."""
    return Format(
        name=FORMAT,
        title="Meldeschein, the form of foreign guests",
        country="DE",
        trust=Trust.THIRD_PARTIES,
        source="BMG § 30, BeherbMeldV; the official schema was not seen",
        deadline=Deadline("filled in on the day of arrival; shown to authorities on request"),
        write=_form,
        assemble=_file,
        houses=dict(config.properties),
        house_hint="[exports-de.properties.<id>] with name, street, town, postal_code",
        covers=Covers(foreigners_only=True),
        choose=forms,
        needs=(
            LAST_NAME,
            FIRST_NAME,
            BIRTH_YEAR,
            NATIONALITY,
            Need("/addresses", "street", "The street is missing.", lambda g: g.street),
            TOWN,
            Need(
                "/addresses", "country", "The country of the address is missing.",
                lambda g: g.home_country,
            ),
            Need(
                "/documents", "document", "The serial number of passport or card is missing.",
                lambda g: g.proof, soft=True,
            ),
            ARRIVAL,
            DEPARTURE,
        ),
        single=True,
        counter=_series,
        retention=(
            RetentionRule(
                name="de.registration-forms",
                country="DE",
                legal_basis="BMG § 30 (4): one year, then destroyed within three months",
                record_kind="registration",
                minimum="P1Y",
                maximum="P1Y3M",
                fields=("registration.copy",),
                source="Bundesmeldegesetz, gesetze-im-internet.de",
            ),
        ),
        note="Not sent: the form is signed by hand on arrival, kept, and shown on request.",
    )  # fmt: skip


class GermanyPlugin(CountryPlugin):
    """The form of Germany."""

    name = "exports-de"
    Config = GermanyConfig

    def formats(self) -> tuple[Format, ...]:
        return (registration_form(self.config),)
