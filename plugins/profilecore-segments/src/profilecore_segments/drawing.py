"""Charts as SVG: a bar for each group.  What they show stands in a table beside them too.

A chart takes its colours from classes, so that a page can dress it for light, dark and paper.
No text in it is taken as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from profilecore.page import text_of

MAX_BARS = 40
"""More do not fit on a sheet of paper; the table beside the chart has all."""
_ROW, _LABEL, _BAR, _NUMBER = 24.0, 190.0, 400.0, 130.0
_LETTERS = 26

STYLE = """
svg text { font: 13px Helvetica, Arial, sans-serif; fill: var(--ink); }
svg .end { text-anchor: end; } svg .bar { fill: var(--bar); } svg .axis { stroke: var(--faint); }
"""


def bars(
    id: str,
    title: str,
    values: Sequence[tuple[str, float]],
    said: Callable[[float], str] = "{:,.0f}".format,
) -> str:
    """Draw a bar for each (label, value), in their order; its number stands behind it.

    ``id`` names the chart within its page.  The description says how many there are, and which is
    the largest.
    """
    drawn = values[:MAX_BARS]
    width, height = _LABEL + _BAR + _NUMBER, _ROW * len(drawn) + 8
    most = max((value for _, value in drawn), default=0) or 1
    body = [_row(number, label, value, most, said) for number, (label, value) in enumerate(drawn)]
    axis = f'<path class="axis" d="M{_LABEL:g} 0V{height:g}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-labelledby="{id}-t {id}-d">'
        f'<title id="{id}-t">{text_of(title)}</title>'
        f'<desc id="{id}-d">{text_of(_described(values, said))}</desc>'
        f"{axis}{''.join(body)}</svg>"
    )


def _row(number: int, label: str, value: float, most: float, said: Callable[[float], str]) -> str:
    top, short = number * _ROW + 4, label if len(label) <= _LETTERS else f"{label[:_LETTERS]}…"
    length = max(value / most, 0) * _BAR
    return (
        f'<text class="end" x="{_LABEL - 8:g}" y="{top + 15:g}">{text_of(short)}</text>'
        f'<rect class="bar" x="{_LABEL:g}" y="{top:g}" width="{length:.1f}" height="{_ROW - 6:g}"/>'
        f'<text x="{_LABEL + length + 6:.1f}" y="{top + 15:g}">{text_of(said(value))}</text>'
    )


def _described(values: Sequence[tuple[str, float]], said: Callable[[float], str]) -> str:
    if not values:
        return "There is nothing to show."
    label, value = max(values, key=lambda each: each[1])
    groups = "group" if len(values) == 1 else "groups"
    shown = f", of which {MAX_BARS} are drawn" if len(values) > MAX_BARS else ""
    return (
        f"A bar for each of {len(values)} {groups}{shown}; the longest is {label}: {said(value)}."
    )
