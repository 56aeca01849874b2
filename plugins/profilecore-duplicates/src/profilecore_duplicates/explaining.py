"""Why one pair weighs what it weighs: as data, in words and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from profilecore.cli.printing import table as print_table
from profilecore.values import frozen
from profilecore_duplicates.comparison import Levels, compare
from profilecore_duplicates.drawing import span, standalone, steps, waterfall
from profilecore_duplicates.model import Model
from profilecore_duplicates.report import Record, value_of
from profilecore_duplicates.scoring import Explanation, explain, matched, probability
from profilecore_duplicates.table import Table

if TYPE_CHECKING:
    from rich.console import Console

# Columns of a terminal that the way to the weight is drawn in.
_DRAWN = 24


@frozen
class Explained:
    """A pair of rows with its weight field by field.

    ``decision`` is ``match``, ``review``, or ``none`` for less than 0 bits, which is not listed.
    ``notes`` say what is doubtful about the model.  ``records`` has what both rows hold, or
    nothing where values are not wanted.
    """

    left: str
    right: str
    probability: float
    decision: str
    explanation: Explanation
    notes: tuple[str, ...] = ()
    records: tuple[Record, Record] | None = attrs.field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Give the explanation as plain data; the start and the bits sum to the weight."""
        why = self.explanation
        reasons = []
        for reason in why.reasons:
            said = {"field": reason.field, "level": reason.level, "bits": reason.bits}
            if self.records is not None:
                one, other = (value_of(record, reason.field) for record in self.records)
                said |= {"left": one, "right": other}
            reasons.append(said)
        return {
            "left": self.left,
            "right": self.right,
            "weight": why.weight,
            "probability": self.probability,
            "decision": self.decision,
            "start": why.start,
            "otherwise": why.otherwise,
            "reasons": reasons,
            "notes": list(self.notes),
        }

    def picture(self) -> str:
        """Draw the waterfall as an SVG file; it holds the ids and no values."""
        return standalone(waterfall(self.explanation, f"{self.left} and {self.right}"))

    @property
    def words(self) -> str:
        """The outcome in one sentence."""
        why = self.explanation
        outcome = {
            "match": "a match: safe to merge",
            "review": "for a person to review",
            "none": "not listed: two people, more likely than one",
        }[self.decision]
        return (
            f"{self.left} and {self.right} weigh {why.weight:+.2f} bits, a chance of "
            f"{self.probability:.2%} to be one person. It is {outcome}."
        )


def explained(
    table: Table,
    model: Model,
    rows: tuple[int, int],
    ids: tuple[str, str],
    records: tuple[Record, Record] | None = None,
) -> Explained:
    """Explain the pair of two rows of a table by a model."""
    levels = compare(table, np.array(rows[:1]), np.array(rows[1:]))
    why = explain(int(levels.packed()[0]), model)
    weights = np.array([why.weight])
    match = bool(matched(Levels(levels.values), weights, model)[0])
    decision = "match" if match else "review" if why.weight >= 0 else "none"
    return Explained(*ids, float(probability(weights)[0]), decision, why, model.notes, records)


def show(said: Explained, to: Console) -> None:
    """Print an explanation with its waterfall, and below it what the rows hold."""
    from rich.table import Table as Grid

    to.print(said.words, soft_wrap=True)
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    grid.add_column("field", no_wrap=True)
    grid.add_column("bits", justify="right", no_wrap=True)
    grid.add_column("", no_wrap=True)
    grid.add_column("says", overflow="fold")
    low, high = span(said.explanation)
    weight = said.explanation.weight
    for field, level, begin, end in steps(said.explanation):
        bar = _bar(begin - low, end - low, high - low, ascii_only=to.options.ascii_only)
        grid.add_row(field, f"{end - begin:+.2f}", bar, level)
    bar = _bar(-low, weight - low, high - low, ascii_only=to.options.ascii_only, total=True)
    grid.add_row("in all", f"{weight:+.2f}", bar, "")
    to.print(grid)
    for note in said.notes:
        to.print(f"Note: {note}", soft_wrap=True)
    if said.records is not None:
        held = (
            (reason.field.replace("_", " "), *(value_of(r, reason.field) for r in said.records))
            for reason in said.explanation.reasons
        )
        to.print()
        print_table(("field", said.left, said.right), held, to=to)


def _bar(begin: float, end: float, size: float, *, ascii_only: bool, total: bool = False) -> Any:
    from rich.bar import Bar

    low, high = min(begin, end), max(begin, end)
    if ascii_only:
        first, last = (round(at / size * _DRAWN) for at in (low, high))
        return " " * first + ("#" if end >= begin else "-") * max(1, last - first)
    colour = "default" if total else "green" if end >= begin else "red"
    return Bar(size, low, max(high, low + size / _DRAWN / 8), width=_DRAWN, color=colour)
