"""What stands in a zone, field by field, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Callable

import attrs

from profilecore.values import frozen
from profilecore_scanner.digits import FILLER, check_digit
from profilecore_scanner.faults import ZoneUnwritable
from profilecore_scanner.layouts import LAYOUTS, Form, Layout, Slot

_MIXED = re.compile(r"[A-Z0-9]*(?: +[A-Z0-9]+)*")
_LETTERS = re.compile(r"[A-Z]*(?: [A-Z]+)*")
_DATE = re.compile(r"(?:[0-9]{2}|<<){3}")
_SHAPES = {
    "code": re.compile(r"[A-Z][A-Z0-9]?"),
    "issuer": re.compile(r"[A-Z]{0,3}"),
    "nationality": re.compile(r"[A-Z]{0,3}"),
    "number": _MIXED,
    "birth": _DATE,
    "sex": re.compile(r"[MF<]"),
    "expiry": _DATE,
    "primary": re.compile(r"[A-Z]+(?: [A-Z]+)*"),
    "secondary": _LETTERS,
    "optional": re.compile(r"[A-Z0-9 ]*"),
    "further": re.compile(r"[A-Z0-9 ]*"),
}


def _own(**more: str) -> str:
    made: str = attrs.field(repr=False, **more)  # type: ignore[call-overload]  # a default or none
    return made


@frozen
class Zone:
    """What stands in a zone, in its own letters: fillers at the end left out, others blanks.

    ``birth`` and ``expiry`` are six digits, with fillers for the parts that are not known.
    ``primary`` and ``secondary`` are the two parts of the name; ``further`` is the second
    optional field of a TD1 card.
    """

    form: Form
    code: str
    issuer: str
    number: str = _own()
    nationality: str = _own()
    birth: str = _own()
    sex: str = _own()
    expiry: str = _own()
    primary: str = _own()
    secondary: str = _own(default="")
    optional: str = _own(default="")
    further: str = _own(default="")


def write(zone: Zone) -> tuple[str, ...]:
    """Write a zone with its check digits (ICAO Doc 9303 parts 4 to 7).

    A name that is too long is cut so that a letter stands in the last position.

    :raises ZoneUnwritable: naming the field that does not fit.
    """
    for field, shape in _SHAPES.items():
        if not shape.fullmatch(getattr(zone, field)):
            raise ZoneUnwritable(field, "has characters that do not belong there")
    layout = LAYOUTS[zone.form]
    sheet = _Sheet(layout)
    number, optional = _number_parts(zone, layout)
    sheet.put("names", _names(zone, len(layout.fields["names"])))
    sheet.put("number", number)
    sheet.put("optional", optional)
    for field in ("code", "issuer", "nationality", "birth", "sex", "expiry"):
        sheet.put(field, getattr(zone, field))
    if zone.further:
        sheet.put("further", zone.further)
    sheet.seal(is_long=len(zone.number) > len(layout.fields["number"]))
    return sheet.lines


class _Sheet:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._rows = [[FILLER] * layout.width for _ in range(layout.lines)]

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(map("".join, self._rows))

    def put(self, field: str, text: str) -> None:
        slot = self._layout.fields.get(field)
        if slot is None or len(text) > len(slot):
            raise ZoneUnwritable(field, f"is too long for a {self._layout.form.value}")
        self._set(slot, text.replace(" ", FILLER))

    def seal(self, *, is_long: bool) -> None:
        """Put the check digits: the composite one, which is over the others, last."""
        for name, slot in self._layout.digits.items():
            if name == "composite" or (name == "number" and is_long):
                continue
            text = self._layout.fields[name].of(self.lines)
            if name in ("birth", "expiry") or text.strip(FILLER):
                self._set(slot, check_digit(text))
        if "composite" in self._layout.digits:
            text = "".join(slot.of(self.lines) for slot in self._layout.composite)
            self._set(self._layout.digits["composite"], check_digit(text))

    def _set(self, slot: Slot, text: str) -> None:
        for (line, place), char in zip(slot, text, strict=False):
            self._rows[line][place] = char


def _number_parts(zone: Zone, layout: Layout) -> tuple[str, str]:
    """Give what goes into the number's field and into the optional data."""
    room = len(layout.fields["number"])
    if len(zone.number) <= room:
        return zone.number, zone.optional
    if not layout.long_numbers or " " in zone.number:
        raise ZoneUnwritable("number", f"is too long for a {layout.form.value}")
    rest = zone.number[room:] + check_digit(zone.number)
    return zone.number[:room], f"{rest} {zone.optional}" if zone.optional else rest


def _names(zone: Zone, room: int) -> str:
    """Join the two parts of a name, and cut what is too long (part 3, section 4.6).

    One letter of the second part stays, and the last position has a letter: it says that the name
    may be cut.
    """
    words = [zone.primary.split(), zone.secondary.split()]
    if not words[1]:
        return _fitted(lambda: " ".join(words[0]), words, room)
    longest = room - len("<<") - 1
    primary = _fitted(lambda: " ".join(words[0]), words[:1], longest).rstrip()
    words[0] = primary.split()
    return _fitted(lambda: f"{' '.join(words[0])}  {' '.join(words[1])}", words[::-1], room)


def _fitted(joined: Callable[[], str], words: list[list[str]], room: int) -> str:
    """Cut a name to its room, taking letters off its words until the last position has one."""
    while len(text := joined()) > room and text[room - 1] == " ":
        part = next((part for part in words if any(len(w) > 1 for w in part)), None)
        if part is None:
            return text[: room - 1]
        at = max(range(len(part)), key=lambda n: len(part[n]))
        part[at] = part[at][:-1]
    return text[:room]
