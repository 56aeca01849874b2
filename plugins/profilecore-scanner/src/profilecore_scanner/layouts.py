"""Where each field stands in the five forms of a machine-readable zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

from profilecore.values import frozen

# A place in the zone: line and position, counted from 0.
Cell = tuple[int, int]


class Form(Enum):
    """The forms of ICAO Doc 9303: passports, cards of two sizes, visas of two sizes."""

    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"
    MRV_A = "MRV-A"
    MRV_B = "MRV-B"


@frozen
class Slot:
    """Consecutive positions of one line, counted from 1 and including both ends, as printed."""

    line: int
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __iter__(self) -> Iterator[Cell]:
        return ((self.line - 1, place) for place in range(self.first - 1, self.last))

    def of(self, lines: tuple[str, ...]) -> str:
        """Give the characters that stand there."""
        return lines[self.line - 1][self.first - 1 : self.last]


@frozen
class Layout:
    """One form: its lines, where the fields stand, where their check digits do.

    ``composite`` is what the composite check digit is over, in order.  Where ``long_numbers``, a
    number that fills its field and has a filler for its digit goes on in the optional data.
    """

    form: Form
    lines: int
    width: int
    fields: Mapping[str, Slot]
    digits: Mapping[str, Slot]
    composite: tuple[Slot, ...] = ()
    long_numbers: bool = False

    @property
    def size(self) -> int:
        return self.lines * self.width


# ICAO Doc 9303 part 5, section 4.2.
TD1 = Layout(
    Form.TD1,
    lines=3,
    width=30,
    fields={
        "code": Slot(1, 1, 2),
        "issuer": Slot(1, 3, 5),
        "number": Slot(1, 6, 14),
        "optional": Slot(1, 16, 30),
        "birth": Slot(2, 1, 6),
        "sex": Slot(2, 8, 8),
        "expiry": Slot(2, 9, 14),
        "nationality": Slot(2, 16, 18),
        "further": Slot(2, 19, 29),
        "names": Slot(3, 1, 30),
    },
    digits={
        "number": Slot(1, 15, 15),
        "birth": Slot(2, 7, 7),
        "expiry": Slot(2, 15, 15),
        "composite": Slot(2, 30, 30),
    },
    composite=(Slot(1, 6, 30), Slot(2, 1, 7), Slot(2, 9, 15), Slot(2, 19, 29)),
    long_numbers=True,
)


def _two_lines(form: Form, width: int, rest: Slot, **more: Slot) -> Layout:
    """Make a form of two lines: they are alike but for the end of the second line."""
    is_visa = "composite" not in more
    return Layout(
        form,
        lines=2,
        width=width,
        fields={
            "code": Slot(1, 1, 2),
            "issuer": Slot(1, 3, 5),
            "names": Slot(1, 6, width),
            "number": Slot(2, 1, 9),
            "nationality": Slot(2, 11, 13),
            "birth": Slot(2, 14, 19),
            "sex": Slot(2, 21, 21),
            "expiry": Slot(2, 22, 27),
            "optional": rest,
        },
        digits={
            "number": Slot(2, 10, 10),
            "birth": Slot(2, 20, 20),
            "expiry": Slot(2, 28, 28),
            **more,
        },
        composite=()
        if is_visa
        else (Slot(2, 1, 10), Slot(2, 14, 20), Slot(2, 22, more["composite"].first - 1)),
        long_numbers=form is Form.TD2,
    )


# Parts 6, 4 and 7 of ICAO Doc 9303, section 4.2 of each.
TD2 = _two_lines(Form.TD2, 36, Slot(2, 29, 35), composite=Slot(2, 36, 36))
TD3 = _two_lines(Form.TD3, 44, Slot(2, 29, 42), optional=Slot(2, 43, 43), composite=Slot(2, 44, 44))
MRV_A = _two_lines(Form.MRV_A, 44, Slot(2, 29, 44))
MRV_B = _two_lines(Form.MRV_B, 36, Slot(2, 29, 36))

LAYOUTS = {layout.form: layout for layout in (TD1, TD2, TD3, MRV_A, MRV_B)}


def layout_of(width: int, code: str) -> Layout:
    """Tell the form from the width of its lines (30, 36, 44) and the document code: V is a visa."""
    is_visa = code.startswith("V")
    if width == TD1.width:
        return TD1
    if width == TD2.width:
        return MRV_B if is_visa else TD2
    return MRV_A if is_visa else TD3
