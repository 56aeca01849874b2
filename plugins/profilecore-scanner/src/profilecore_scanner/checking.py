"""Hold a zone against its check digits, and repair what is misread where they leave one way.

A letter where only a digit can stand is read as the digit it looks like: in dates and in place of
check digits.  A repair stands only if the field's check digit and the composite one hold with it.
A field that takes letters and digits is never repaired: some other character than the misread one
often fits its check digit too.  Nor is what has no check digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

import attrs

from profilecore.values import frozen
from profilecore_scanner.digits import DIGIT_LIKE, FILLER, check_digit
from profilecore_scanner.faults import Fault
from profilecore_scanner.layouts import Cell, Layout

Patch = Mapping[Cell, str]

COMPOSITE = "composite"


class Trust(Enum):
    """How far what was read can be relied on.

    ``CHECKED`` a check digit holds over it; ``UNCHECKED`` it has none; ``REPAIRED`` a check digit
    holds over it with a misread character put right; ``DOUBTFUL`` it is not to be used.
    """

    CHECKED = "checked"
    UNCHECKED = "not checked"
    REPAIRED = "repaired"
    DOUBTFUL = "doubtful"


@frozen
class Repair:
    """A character that was read as another one, at a place counted from 1."""

    field: str
    line: int
    position: int
    was: str = attrs.field(repr=False)
    now: str = attrs.field(repr=False)


@frozen
class Checked:
    """The zone with its repairs, how each field is to be trusted, and what does not hold."""

    lines: tuple[str, ...] = attrs.field(repr=False)
    trust: Mapping[str, Trust]
    repairs: tuple[Repair, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def holds(self) -> bool:
        """Tell whether all check digits hold without a repair."""
        return not self.faults and not self.repairs


def check(layout: Layout, lines: Sequence[str]) -> Checked:
    """Hold the lines of a form against their check digits."""
    return _Check(layout, lines).run()


def number_cells(layout: Layout, lines: Sequence[str]) -> tuple[list[Cell], Cell]:
    """Give where the document number stands, and where its check digit.

    A long number (ICAO Doc 9303 parts 5 and 6, section 4.2) fills its field, has a filler in
    place of the digit, and goes on in the optional data up to a filler, the digit being last.
    """
    cells = list(layout.fields["number"])
    (digit,) = layout.digits["number"]
    if not layout.long_numbers or _at(lines, digit) != FILLER:
        return cells, digit
    if any(_at(lines, cell) == FILLER for cell in cells):
        return cells, digit
    rest = []
    for cell in layout.fields["optional"]:
        if _at(lines, cell) == FILLER:
            break
        rest.append(cell)
    return (cells + rest[:-1], rest[-1]) if len(rest) > 1 else (cells, digit)


def _at(lines: Sequence[str], cell: Cell) -> str:
    return lines[cell[0]][cell[1]]


class _Check:
    def __init__(self, layout: Layout, lines: Sequence[str]) -> None:
        self._layout = layout
        self._given = tuple(lines)
        self._patch: dict[Cell, str] = {}
        self._repairs: list[Repair] = []
        self._faults: list[Fault] = []
        self._trust = dict.fromkeys(layout.fields, Trust.UNCHECKED)

    def run(self) -> Checked:
        self._check_number()
        for name in ("birth", "expiry"):
            cells, (digit,) = list(self._layout.fields[name]), self._layout.digits[name]
            self._settle(name, cells, digit, self._as_digits([*cells, digit]))
        if "optional" in self._layout.digits:
            self._check_optional()
        if COMPOSITE in self._layout.digits:
            self._check_composite()
        return Checked(
            self._patched(self._patch), self._trust, tuple(self._repairs), tuple(self._faults)
        )

    def _check_number(self) -> None:
        cells, digit = number_cells(self._layout, self._given)
        if self._is_empty(cells, digit):
            return
        self._settle("number", cells, digit, self._as_digits([digit]))

    def _check_optional(self) -> None:
        """Check the optional data of a passport: with nothing in it, its digit may be left out."""
        cells, (digit,) = list(self._layout.fields["optional"]), self._layout.digits["optional"]
        if self._is_empty(cells, digit):
            self._trust["optional"] = Trust.CHECKED
        else:
            self._settle("optional", cells, digit, self._as_digits([digit]))

    def _is_empty(self, cells: Iterable[Cell], digit: Cell) -> bool:
        nothing = all(_at(self._given, cell) == FILLER for cell in cells)
        return nothing and _at(self._given, digit) == FILLER

    def _settle(self, name: str, cells: list[Cell], digit: Cell, patch: Patch) -> None:
        if not self._holds(cells, digit, patch):
            self._doubt(name, digit)
            return
        self._repair(name, patch)
        self._trust[name] = Trust.REPAIRED if patch else Trust.CHECKED

    def _check_composite(self) -> None:
        (digit,) = self._layout.digits[COMPOSITE]
        cells = [cell for slot in self._layout.composite for cell in slot]
        typed = self._as_digits([digit])
        # Only these have no digit of their own.
        resting = {"optional", "further"} & self._trust.keys() - self._layout.digits.keys()
        if self._holds(cells, digit, self._patch | typed):
            self._repair(COMPOSITE, typed)
            self._trust |= dict.fromkeys(resting, Trust.CHECKED)
            return
        repaired = {name for name, trust in self._trust.items() if trust is Trust.REPAIRED}
        self._trust |= dict.fromkeys(resting | repaired, Trust.DOUBTFUL)
        self._patch.clear()
        self._repairs.clear()
        if not self._faults or repaired:
            self._fault(digit, COMPOSITE, "the composite check digit does not hold")

    def _as_digits(self, cells: Iterable[Cell]) -> dict[Cell, str]:
        """Read letters as digits where only digits can stand."""
        found = {cell: DIGIT_LIKE.get(_at(self._given, cell)) for cell in cells}
        return {cell: digit for cell, digit in found.items() if digit is not None}

    def _holds(self, cells: Iterable[Cell], digit: Cell, patch: Patch) -> bool:
        text = "".join(patch.get(cell, _at(self._given, cell)) for cell in cells)
        return check_digit(text) == patch.get(digit, _at(self._given, digit))

    def _repair(self, field: str, patch: Patch) -> None:
        self._patch |= patch
        for (line, place), now in patch.items():
            was = self._given[line][place]
            self._repairs.append(Repair(field, line + 1, place + 1, was, now))

    def _doubt(self, name: str, digit: Cell) -> None:
        self._trust[name] = Trust.DOUBTFUL
        self._fault(digit, "check-digit", f"the check digit does not hold over the {name}")

    def _fault(self, cell: Cell, code: str, message: str) -> None:
        self._faults.append(Fault(cell[0] + 1, cell[1] + 1, code, message))

    def _patched(self, patch: Patch) -> tuple[str, ...]:
        return tuple(
            "".join(patch.get((line, place), char) for place, char in enumerate(text))
            for line, text in enumerate(self._given)
        )
