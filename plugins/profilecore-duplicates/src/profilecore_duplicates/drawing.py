"""Pictures of weights as SVG: what says it in a table says it here at a glance.

A picture takes its colours from classes, so that a page can dress it for light, dark and paper;
:func:`standalone` dresses one for a file of its own.  No text in it is taken as markup.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from profilecore.page import text_of
from profilecore.values import frozen
from profilecore_duplicates.scoring import Explanation

# Light and dark differ by these names only; each stands out from its ground by 4.5 to 1 or more.
COLOURS = """
:root { color-scheme: light dark; }
:root { --ground: #fff; --ink: #1a1a1a; --faint: #c4c4c4; --soft: #595959; --for: #1b6e3c;
  --against: #b3261e; --review: #8a5a00; --refused: #5f6b7a; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181c; --ink: #ececec;
  --faint: #4a4e55; --soft: #a9adb3; --for: #6fcf97; --against: #ff8a80; --review: #f2b84b;
  --refused: #9aa7b8; } }
@media print { :root { --ground: #fff; --ink: #000; --faint: #bbb; --soft: #444; --for: #1b6e3c;
  --against: #b3261e; --review: #8a5a00; --refused: #5f6b7a; } }
"""
STYLE = """
svg text { font: 12px Helvetica, Arial, sans-serif; fill: var(--ink); }
svg .soft { fill: var(--soft); } svg .end { text-anchor: end; } svg .mid { text-anchor: middle; }
svg .for, svg .match { fill: var(--for); } svg .against { fill: var(--against); }
svg .review { fill: var(--review); } svg .refused { fill: var(--refused); }
svg .total { fill: var(--ink); } svg .axis { stroke: var(--faint); stroke-width: 1; fill: none; }
svg .mark { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 4 3; }
svg .line { stroke: var(--for); stroke-width: 2; fill: none; }
"""
SERIES = ("refused", "review", "match")


@frozen
class Bin:
    """How many pairs weigh from ``low`` to below ``high``, by what was decided."""

    low: float
    high: float
    refused: int = 0
    review: int = 0
    match: int = 0


def _picture(width: float, height: float, name: str, body: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{text_of(name)}">'
        f"<title>{text_of(name)}</title>{''.join(body)}</svg>"
    )


def standalone(picture: str, ground: bool = True) -> str:
    """Give a picture what it needs to stand in a file of its own."""
    cut = picture.index(">") + 1
    fill = '<rect width="100%" height="100%" fill="var(--ground)"/>' if ground else ""
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f"{head}{picture[:cut]}<style>{COLOURS}{STYLE}</style>{fill}{picture[cut:]}\n"


def _text(x: float, y: float, text: object, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}">{text_of(text)}</text>'


def _bar(x: float, y: float, width: float, height: float, style: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" '
        f'height="{height:.1f}" class="{style}"/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, style: str = "axis") -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" class="{style}"/>'


# ---- the histogram


def histogram(bins: Sequence[Bin], marks: Sequence[tuple[float, str]]) -> str:
    """Draw how many pairs weigh what; ``marks`` are weights with their names.

    The height is the logarithm of the number, for pairs of two people are many times more.
    """
    width, height, left, top, bottom = 760.0, 300.0, 60.0, 54.0, 40.0
    low, high = bins[0].low, bins[-1].high
    most = max(max(b.refused, b.review, b.match) for b in bins)
    tallest = math.log10(max(most, 9) + 1)

    def x(weight: float) -> float:
        return left + (weight - low) / (high - low) * (width - left - 10)

    def y(number: float) -> float:
        return height - bottom - math.log10(number + 1) / tallest * (height - top - bottom)

    body = []
    for power in range(int(tallest) + 1):
        at = y(10**power)
        body += [_line(left, at, width - 10, at), _text(left - 6, at + 4, f"{10**power:,}", "end")]
    for b in bins:
        there = [(series, n) for series in SERIES if (n := getattr(b, series))]
        each = (x(b.high) - x(b.low) - 1) / max(1, len(there))
        body += [
            _bar(x(b.low) + at * each, y(n), each, height - bottom - y(n), series)
            for at, (series, n) in enumerate(there)
        ]
    body.append(_line(left, height - bottom, width - 10, height - bottom))
    for weight in _ticks(low, high):
        body.append(_text(x(weight), height - bottom + 16, f"{weight:g}", "mid"))
    body.append(_text((left + width) / 2, height - 6, "weight in bits", "mid soft"))
    for place, series in enumerate(SERIES):
        at = width - 240 + 80 * place
        body += [_bar(at, 2, 11, 11, series), _text(at + 16, 12, series)]
    for row, (weight, name) in enumerate(marks):
        at = min(max(x(weight), left), width - 10)
        side, shift = ("end", -4) if at > width / 2 else ("", 4)
        body.append(_line(at, 18 + row * 15, at, height - bottom, "mark"))
        body.append(_text(at + shift, 27 + row * 15, name, side))
    return _picture(width, height, "How many pairs weigh how many bits", body)


def _ticks(low: float, high: float) -> list[float]:
    steps_of = (digit * 10**power for power in itertools.count() for digit in (1, 2, 5))
    step = next(s for s in steps_of if (high - low) / s <= 14)
    first = math.ceil(low / step) * step
    return [first + step * at for at in range(int((high - first) / step) + 1)]


# ---- why a pair weighs what it weighs


def steps(explanation: Explanation) -> list[tuple[str, str, float, float]]:
    """Give the way to a weight: field and level in words, and where each step begins and ends."""
    otherwise = f"if two people, then {explanation.otherwise}"
    made = [("before any field", otherwise, 0.0, explanation.start)]
    for reason in explanation.reasons:
        begin = made[-1][3]
        made.append(
            (reason.field.replace("_", " "), reason.level, begin, begin + reason.bits),
        )
    return made


def span(explanation: Explanation) -> tuple[float, float]:
    """Give the lowest and the highest weight on the way; they are never the same."""
    ends = [end for *_, end in steps(explanation)]
    low, high = min(0.0, *ends), max(0.0, *ends)
    return (low, high) if high > low else (low, low + 1)


def step(begin: float, end: float, low: float, high: float) -> str:
    """Draw one step between the ends of the whole way, small enough for a cell of a table."""
    width, height = 160.0, 14.0

    def x(weight: float) -> float:
        return (weight - low) / (high - low) * width

    style = "for" if end >= begin else "against"
    body = [
        _line(x(0), 0, x(0), height),
        _bar(min(x(begin), x(end)), 2, abs(x(end) - x(begin)), height - 4, style),
    ]
    return _picture(width, height, f"{end - begin:+.2f} bits", body)


def waterfall(explanation: Explanation, name: str) -> str:
    """Draw the way to a weight from the first field to the last, one bar a field."""
    rows, (low, high) = steps(explanation), span(explanation)
    longest = max(len(f"{field}: {level}") for field, level, *_ in rows)
    left = min(520.0, 24 + 6.4 * max(longest, 12))
    width, height = left + 400, 56.0 + 26 * (len(rows) + 1)

    def x(weight: float) -> float:
        return left + 10 + (weight - low) / (high - low) * 310

    body = [
        _text(10, 20, name),
        _line(x(0), 32, x(0), height - 14),
        _text(x(0), height - 2, "0", "mid soft"),
    ]
    for row, (field, level, begin, end) in enumerate(rows):
        y, style = 36.0 + 26 * row, "for" if end >= begin else "against"
        body += [
            _text(left, y + 14, f"{field}: {level}", "end"),
            _bar(min(x(begin), x(end)), y + 2, abs(x(end) - x(begin)), 16, style),
            _text(left + 395, y + 14, f"{end - begin:+.2f}", "end"),
        ]
    y, end = 36.0 + 26 * len(rows), explanation.weight
    body += [
        _line(left + 10, y, left + 395, y),
        _text(left, y + 16, "in all", "end"),
        _bar(min(x(0), x(end)), y + 4, abs(x(end) - x(0)), 16, "total"),
        _text(left + 395, y + 16, f"{end:+.2f}", "end"),
    ]
    return _picture(width, height, f"{name}: {explanation.weight:+.2f} bits", body)


# ---- how right it was


def curve(points: Sequence[tuple[float, float]]) -> str:
    """Draw precision over recall; both are shares from 0 to 1, in the order of the threshold."""
    width, height, left, bottom = 420.0, 300.0, 52.0, 40.0

    def x(share: float) -> float:
        return left + share * (width - left - 24)

    def y(share: float) -> float:
        return 12 + (1 - share) * (height - bottom - 12)

    body = []
    for tenths in range(0, 11, 2):
        share = tenths / 10
        body += [
            _line(x(0), y(share), x(1), y(share)),
            _text(left - 6, y(share) + 4, f"{share:.0%}", "end"),
            _text(x(share), height - bottom + 16, f"{share:.0%}", "mid"),
        ]
    said = "recall; the height is precision"
    body.append(_text((left + width) / 2, height - 6, said, "mid soft"))
    path = "L".join(f"{x(recall):.1f} {y(precision):.1f}" for recall, precision in points)
    if path:
        body.append(f'<path d="M{path}" class="line"/>')
    return _picture(width, height, "Precision by recall, over all thresholds", body)
