"""One spelling for those that a search takes as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from profilecore.normalise.text import fold


def usual(counts: Mapping[str, int], apart: Iterable[str] = ()) -> dict[str, str]:
    """Give for each text the most frequent of its spellings; of equals the last in their order.

    What has neither letters nor digits is its own, and so is what is ``apart``.
    """
    own = frozenset(apart)
    best: dict[str, str] = {}
    folded = {text: text if text in own else fold(text) or text for text in counts}
    for text in sorted(counts, key=lambda text: (counts[text], text)):
        best[folded[text]] = text
    return {text: best[form] for text, form in folded.items()}
