"""The weight of a few profiles against one, as the batch weighs them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.comparison import FIELDS, LEVELS, Levels
from profilecore_duplicates.frequencies import stable_hash
from profilecore_duplicates.model import Model
from profilecore_duplicates.scoring import Reason, explain_levels, matched, probability
from profilecore_duplicates.single_pair import levels_of

if TYPE_CHECKING:
    from profilecore_duplicates.frequencies import Frequencies
    from profilecore_duplicates.knowledge import Knowledge
    from profilecore_duplicates.single import Standard


@frozen
class Weighed:
    """What two profiles weigh together, by their heaviest two views.

    ``evidence`` has the level of each field that both have, but for how frequent names and
    cities are: that changes with the base and not with the people.
    """

    weight: float
    levels: Sequence[int] = attrs.field(repr=False)
    model: Model = attrs.field(repr=False)

    @property
    def pattern(self) -> int:
        """The levels as one integer."""
        return int(_levels([self.levels]).packed()[0])

    @property
    def is_sure(self) -> bool:
        """Whether the two may be merged without a look."""
        return bool(matched(_levels([self.levels]), np.array([self.weight]), self.model)[0])

    @property
    def probability(self) -> float:
        """The chance that the two are one person."""
        return float(probability(np.array([self.weight]))[0])

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What each field says."""
        return explain_levels(self.levels, self.model).reasons

    @property
    def evidence(self) -> dict[str, str]:
        return evidence_of(self.pattern)


def evidence_of(pattern: int) -> dict[str, str]:
    """Give the levels of a pattern in words, without how frequent names and cities are."""
    made = {}
    for field, levels in reversed(LEVELS.items()):
        pattern, level = divmod(pattern, len(levels))
        if level:
            said = levels[level].rpartition(";")[0] if field == "name" else levels[level]
            made[field] = said.replace(" large", "")
    return made


def weigh(
    knowledge: Knowledge, own: Sequence[Standard], others: Sequence[Sequence[Standard]]
) -> list[Weighed]:
    """Weigh each of the others, given by their views, against one profile; in their order."""
    frequencies, model = knowledge.frequencies, knowledge.model
    one = [without_crowds(view, frequencies) for view in own]
    all_levels, ends = [], []
    for views in others:
        for view in views:
            other = without_crowds(view, frequencies)
            all_levels += [levels_of(mine, other, frequencies) for mine in one]
        ends.append(len(all_levels))
    weights = model.weights(_levels(all_levels).values).tolist()
    best = [max(range(a, b), key=weights.__getitem__) for a, b in pairwise([0, *ends])]
    return [Weighed(weights[at], all_levels[at], model) for at in best]


def _levels(listed: Sequence[Sequence[int]]) -> Levels:
    return Levels(np.array(listed, dtype=np.int32).reshape(-1, len(FIELDS)))


def without_crowds(record: Standard, frequencies: Frequencies) -> Standard:
    """Give a record without the contacts that a crowd shares in the base."""
    gone = {
        field
        for field, crowd in frequencies.crowded.items()
        if field in record and stable_hash(str(record.get(field))) in crowd
    }
    if not gone:
        return record
    if "email" in gone:
        gone.add("local")
    return cast("Standard", {name: v for name, v in record.items() if name not in gone})
