"""Read a machine-readable zone: what it says, how surely, and what it cannot say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import attrs

from profilecore.ids import utc_now
from profilecore.model.enums import DocumentType, Sex
from profilecore.values import frozen
from profilecore_scanner import moments, spanish
from profilecore_scanner.checking import COMPOSITE, Checked, Repair, Trust, check, number_cells
from profilecore_scanner.digits import FILLER, LETTERS
from profilecore_scanner.faults import Fault
from profilecore_scanner.layouts import Layout, Slot
from profilecore_scanner.locating import locate
from profilecore_scanner.states import State, state
from profilecore_scanner.zones import Zone

# What no zone has a field for; the profile's own names where it has one.
NEVER_TOLD = (
    "issued_on",
    "issuing_authority",
    "issuing_place",
    "birth_place",
    "birth_country",
    "addresses",
    "country_of_residence",
    "boundary between first and middle name",
    "boundary between last and second last name",
    "letter case, accents and letters beyond A to Z",
    "whether a guest is a hundred years older",
)
_SEXES = {"M": Sex.MALE, "F": Sex.FEMALE}


@frozen
class Scan:
    """One document as read.

    ``trust`` says of each field of the zone how far it can be relied on; what is ``DOUBTFUL`` is
    kept in ``zone`` as it was read, and is ``None`` here.  ``birth_date`` is as far as it is
    known.  On Spanish cards ``number`` is the person's, from the optional data, and
    ``support_number`` the card's own.  ``may_be_cut``: the name fills its field, so that more may
    belong to it.  ``lacks`` is what this zone does not tell.  ``today`` is the day by which the
    centuries were told.
    """

    zone: Zone
    today: date
    type: DocumentType
    trust: Mapping[str, Trust]
    issuer: State = attrs.field(repr=False)
    nationality: State | None = attrs.field(repr=False)
    number: str | None = attrs.field(repr=False)
    support_number: str | None = attrs.field(repr=False)
    last_name: str | None = attrs.field(repr=False)
    first_name: str | None = attrs.field(repr=False)
    birth_date: str | None = attrs.field(repr=False)
    sex: Sex | None = attrs.field(repr=False)
    expires_on: date | None = attrs.field(repr=False)
    may_be_cut: bool
    repairs: tuple[Repair, ...]
    faults: tuple[Fault, ...]
    lacks: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Tell whether all check digits hold as they were read, and nothing is doubtful."""
        return not self.faults and not self.repairs

    @property
    def is_expired(self) -> bool:
        """Tell whether the document was no longer valid on ``today``."""
        return self.expires_on is not None and self.expires_on < self.today

    @property
    def doubtful(self) -> tuple[str, ...]:
        """The fields of the zone that are not to be used."""
        return tuple(name for name, trust in self.trust.items() if trust is Trust.DOUBTFUL)

    def is_checked(self, field: str) -> bool:
        """Tell whether check digits hold over a field as it was read, the composite one too."""
        holds = all(fault.code != COMPOSITE for fault in self.faults)
        return holds and self.trust[field] is Trust.CHECKED


def read(lines: str | Iterable[str], *, today: date | None = None) -> Scan:
    """Read the zone of one document (ICAO Doc 9303 parts 3 to 7).

    TD1, TD2, TD3, MRV-A and MRV-B are told by their length and document code.  What a check digit
    speaks against is doubtful (see ``faults``), unless a letter in a date or in place of a check
    digit is read as the digit it looks like and all holds then (see ``repairs``).  ``today`` tells
    the centuries of the dates; by default it is the day in UTC.

    :raises ZoneUnreadable: if there is no zone in the text; no field can be told then.
    """
    layout, found = locate(lines)
    checked = check(layout, found)
    return _Reading(layout, checked, today or utc_now().date()).scan()


class _Reading:
    def __init__(self, layout: Layout, checked: Checked, today: date) -> None:
        self._layout = layout
        self._lines = checked.lines
        self._repairs = checked.repairs
        self._today = today
        self._trust = dict(checked.trust)
        self._faults = list(checked.faults)

    def scan(self) -> Scan:
        zone = self._zone()
        self._look_at_types(zone)
        issuer, nationality = self._state("issuer"), self._state("nationality")
        born = self._birth(zone)
        expires = self._expiry(zone)
        may_be_cut = self._lines_of("names")[-1] in LETTERS
        kind, number, support_number = self._numbers(zone)
        fit = {name for name, trust in self._trust.items() if trust is not Trust.DOUBTFUL}
        named = "names" in fit
        return Scan(
            zone=zone,
            today=self._today,
            type=kind,
            trust=self._trust,
            issuer=issuer,
            nationality=nationality if "nationality" in fit and nationality.code else None,
            number=number,
            support_number=support_number,
            last_name=_as_name(zone.primary) if named else None,
            first_name=_as_name(zone.secondary) if named else None,
            birth_date=born,
            sex=_SEXES.get(zone.sex),
            expires_on=expires,
            may_be_cut=may_be_cut,
            repairs=self._repairs,
            faults=tuple(self._faults),
            lacks=_lacks(zone, born, expires, may_be_cut),
        )

    def _lines_of(self, field: str) -> str:
        return self._layout.fields[field].of(self._lines)

    def _zone(self) -> Zone:
        cells, digit = number_cells(self._layout, self._lines)
        number = "".join(self._lines[line][place] for line, place in cells)
        optional = self._lines_of("optional")
        if len(cells) > len(self._layout.fields["number"]):
            used = digit[1] + 1 - (self._layout.fields["optional"].first - 1)
            optional = optional[used:].removeprefix(FILLER)
        primary, _, secondary = self._lines_of("names").rstrip(FILLER).partition(FILLER * 2)
        return Zone(
            form=self._layout.form,
            code=_plain(self._lines_of("code")),
            issuer=_plain(self._lines_of("issuer")),
            number=_plain(number).strip(),
            nationality=_plain(self._lines_of("nationality")),
            birth=self._lines_of("birth"),
            sex=self._lines_of("sex"),
            expiry=self._lines_of("expiry"),
            primary=" ".join(_plain(primary).split()),
            secondary=" ".join(_plain(secondary).split()),
            optional=_plain(optional),
            further=_plain(self._lines_of("further")) if "further" in self._layout.fields else "",
        )

    def _look_at_types(self, zone: Zone) -> None:
        """Doubt what has no check digit and yet cannot be what it was read as."""
        if zone.code[:1] not in LETTERS or not zone.code:
            self._doubt("code", 1, "must begin with a letter")
        for place, char in enumerate(self._lines_of("names"), 1):
            if char.isdigit():
                self._doubt("names", place, "holds a digit in a name")
        if not zone.primary:
            self._doubt("names", 1, "has no name")
        if zone.sex not in "MF<":
            self._doubt("sex", 1, "must be M, F or <")

    def _state(self, field: str) -> State:
        found = state(self._lines_of(field))
        if found.code and not found.is_known:
            self._doubt(field, 1, f"is no known code in the {field}")
        return found

    def _numbers(self, zone: Zone) -> tuple[DocumentType, str | None, str | None]:
        """Give the kind of the document, its number, and that of its plastic if that is another."""
        kind, number = document_type(zone.code), zone.number or None
        if not spanish.has_support_number(zone):
            return kind, number if self._is_fit("number") else None, None
        if not self._is_fit("number") or not self._is_fit("optional"):
            self._trust["number"] = Trust.DOUBTFUL
            return kind, None, None
        known = spanish.kind_of(zone.optional)
        if known is None:
            self._doubt("optional", len(zone.optional), "has a control letter that does not hold")
            self._trust["number"] = Trust.DOUBTFUL
            return kind, None, None
        return known, zone.optional, number

    def _is_fit(self, field: str) -> bool:
        return self._trust[field] is not Trust.DOUBTFUL

    def _birth(self, zone: Zone) -> str | None:
        if self._trust["birth"] is Trust.DOUBTFUL:
            return None
        try:
            return moments.birth_date(zone.birth, self._today)
        except ValueError as error:
            self._doubt("birth", 1, str(error))
            return None

    def _expiry(self, zone: Zone) -> date | None:
        if self._trust["expiry"] is Trust.DOUBTFUL:
            return None
        try:
            return moments.expiry_date(zone.expiry, self._today)
        except ValueError as error:
            self._doubt("expiry", 1, str(error))
            return None

    def _doubt(self, field: str, place: int, message: str) -> None:
        """Doubt a field for what stands at a place in it, counted from 1."""
        slot: Slot = self._layout.fields[field]
        self._trust[field] = Trust.DOUBTFUL
        self._faults.append(Fault(slot.line, slot.first + place - 1, field, message))


def document_type(code: str) -> DocumentType:
    """Tell the kind of document from its code: what states decide themselves is not told.

    P is a passport, V a visa (parts 4 and 7); I, A and C are cards of which most states give I to
    their identity cards (parts 5 and 6).
    """
    kinds = {
        "P": DocumentType.PASSPORT,
        "V": DocumentType.VISA,
        "I": DocumentType.IDENTITY_CARD,
    }
    return kinds.get(code[:1], DocumentType.OTHER)


def _plain(text: str) -> str:
    return text.rstrip(FILLER).replace(FILLER, " ")


def _as_name(words: str) -> str | None:
    """Give a name in the case in which most are written; which letters are small is not told."""
    return words.title() or None


def _lacks(zone: Zone, born: str | None, expires: date | None, may_be_cut: bool) -> tuple[str, ...]:
    found = list(NEVER_TOLD)
    if born is None or not moments.is_complete(born):
        found.append("birth_date" if born is None else "all of the birth date")
    if expires is None:
        found.append("expires_on")
    if zone.sex not in _SEXES:
        found.append("sex")
    if may_be_cut:
        found.append("whether the name goes on")
    if not zone.secondary:
        found.append("first_name")
    if zone.form.value.startswith("MRV"):
        found.append("whether the number is the visa's or the passport's")
    return tuple(found)
