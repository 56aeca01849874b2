"""The weight of a few profiles against one, as the batch weighs them."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.columns import standard_of_rows
from profilecore_duplicates.comparison import LEVELS, Levels, compare
from profilecore_duplicates.keys import Standard
from profilecore_duplicates.knowledge import Knowledge
from profilecore_duplicates.model import Model
from profilecore_duplicates.scoring import Reason, explain, matched, probability
from profilecore_duplicates.table import make_table


@frozen
class Weighed:
    """What two profiles weigh together, by their heaviest two views.

    ``evidence`` has the level of each field that both have, but for how frequent names and
    cities are: that changes with the base and not with the people.
    """

    weight: float
    is_sure: bool
    pattern: int = attrs.field(repr=False)
    model: Model = attrs.field(repr=False)

    @property
    def probability(self) -> float:
        return float(probability(np.array([self.weight]))[0])

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return explain(self.pattern, self.model).reasons

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
    rows = [*own, *(view for views in others for view in views)]
    table = make_table(standard_of_rows(rows), frequencies=knowledge.frequencies)
    sizes = [len(views) for views in others]
    whose = np.repeat(np.arange(len(others)), sizes)
    right = np.arange(len(own), len(rows))
    left = np.repeat(np.arange(len(own)), len(right))
    right, whose = np.tile(right, len(own)), np.tile(whose, len(own))
    levels = compare(table, left, right)
    weights = knowledge.model.weights(levels.values)
    best = np.lexsort((-weights, whose))
    best = best[np.unique(whose[best], return_index=True)[1]]
    chosen = Levels(levels.values[best])
    sure = matched(chosen, weights[best], knowledge.model)
    return [
        Weighed(float(weight), bool(is_sure), int(pattern), knowledge.model)
        for weight, is_sure, pattern in zip(weights[best], sure, chosen.packed(), strict=True)
    ]
