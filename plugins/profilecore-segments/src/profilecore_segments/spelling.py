"""One spelling for those that a search takes as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from profilecore.normalise.text import label


def usual(counts: Mapping[str, int], apart: Iterable[str] = ()) -> dict[str, str]:
    """Give for each text the most frequent of its spellings; of equals the last in their order.

    What is ``apart`` is its own.
    """
    own = frozenset(apart)
    best: dict[str, str] = {}
    forms = {text: text if text in own else label(text) for text in counts}
    for text in sorted(counts, key=lambda text: (counts[text], text)):
        best[forms[text]] = text
    return {text: best[form] for text, form in forms.items()}
