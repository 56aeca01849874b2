"""Statistics as one HTML page: charts and tables, nothing from elsewhere, no script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from profilecore.page import html_page, text_of
from profilecore_segments.drawing import STYLE, bars
from profilecore_segments.figures import Dimension, Figures, Statistics, money

# Light and dark differ by these names only; each stands out from its ground by 4.5 to 1 or more.
_STYLE = """
:root { color-scheme: light dark; }
:root { --ground: #fff; --ink: #1a1a1a; --faint: #c4c4c4; --soft: #595959; --bar: #1f5f99; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181c; --ink: #ececec;
  --faint: #4a4e55; --soft: #a9adb3; --bar: #6fb1f0; } }
@media print { :root { --ground: #fff; --ink: #000; --faint: #bbb; --soft: #444; --bar: #1f5f99; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 Helvetica, Arial, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 76em; margin: 2em auto; padding: 0 1em; }
h1, h2 { line-height: 1.2; } .soft { color: var(--soft); }
figure { display: flex; flex-wrap: wrap; gap: 2em; align-items: flex-start; margin: 1em 0 2em; }
svg { max-width: 100%; height: auto; } .wide { overflow-x: auto; }
table { border-collapse: collapse; } caption { text-align: left; font-weight: bold; }
th, td { border: 1px solid var(--faint); padding: .25em .55em; text-align: left; }
td { text-align: right; white-space: nowrap; } th[scope=row] { font-weight: normal; }
tfoot th, tfoot td { font-weight: bold; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; }
  figure, tr, svg { break-inside: avoid; } h2, caption { break-after: avoid; } }
"""
_CHARTS: tuple[tuple[str, str, Callable[[Figures], float], Callable[[float], str]], ...] = (
    ("bookings", "Bookings", lambda f: f.bookings, "{:,.0f}".format),
    ("nights", "Nights", lambda f: f.nights, "{:,.0f}".format),
    ("guests", "Guests", lambda f: f.guests, "{:,.0f}".format),
    ("first", "First stays", lambda f: f.first_stays, "{:,.0f}".format),
    ("repeat", "Share of guests that came again", lambda f: f.repeat_rate or 0, "{:.1%}".format),
)
HEADS = ("guests", "bookings", "nights", "first stays", "repeat rate", "revenue")


def heads_of(made: Statistics) -> tuple[str, ...]:
    """Give the heads of the columns, without that of the revenue if nobody tells any."""
    told = [figures for _, figures in made.shown] + ([made.total] if made.total else [])
    return HEADS if any(figures.revenue for figures in told) else HEADS[:-1]


def row_of(figures: Figures | None, heads: Sequence[str]) -> tuple[str, ...]:
    """Write the figures of a group for people, under some of :data:`HEADS` from the first."""
    if figures is None:
        return ("hidden", *[""] * (len(heads) - 1))
    rate = "" if figures.repeat_rate is None else f"{figures.repeat_rate:.1%}"
    counts = (figures.guests, figures.bookings, figures.nights, figures.first_stays)
    cells = (*(f"{count:,}" for count in counts), rate, money(figures.revenue))
    return cells[: len(heads)]


def title_of(made: Statistics) -> str:
    """Give the title of statistics."""
    return f"Bookings by {made.dimension.value}"


def page(made: Statistics) -> str:
    """Give the page; all texts in it are escaped."""
    return html_page(title_of(made), _STYLE + STYLE, _body(made))


def _body(made: Statistics) -> Iterator[str]:
    yield f"<h1>{text_of(title_of(made))}</h1>\n"
    yield f'<p class="soft">{text_of(_said(made))}</p>\n'
    heads = heads_of(made)
    yield _table(
        title_of(made),
        (made.dimension.value, *heads),
        [(group.label, *row_of(group.figures, heads)) for group in made.groups],
        None if made.total is None else ("all", *row_of(made.total, heads)),
    )
    if any(group.figures is None for group in made.groups):
        yield (
            f"<p>Groups of fewer than {made.min_group} guests are hidden, those that all but fewer "
            "guests are in, and one more, so that nobody can work them out.</p>\n"
        )
    if made.min_group > 1 and HEADS[-1] in heads:
        few = made.min_group
        yield f"<p>No revenue is told in a currency in which fewer than {few} paid.</p>\n"
    for id, name, of, said in _CHARTS:
        values = [(group.label, of(figures)) for group, figures in made.shown]
        if not values:
            continue
        rows = [(label, said(value)) for label, value in values]
        yield f"<h2>{text_of(name)}</h2>\n<figure>\n{bars(id, name, values, said)}\n"
        yield _table(name, (made.dimension.value, name.lower()), rows, None) + "</figure>\n"


def _said(made: Statistics) -> str:
    span = " ".join(
        f"{word} {day}" for word, day in (("from", made.since), ("to", made.until)) if day
    )
    several = ""
    if made.dimension is not Dimension.CATEGORY:
        several = " A guest counts in each of their groups, and once in all."
    when = f"Made at {made.made_at:%Y-%m-%d %H:%M} UTC."
    return f"By arrival, {span or 'of all time'}. {when}{several}"


def _table(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    foot: Sequence[str] | None,
) -> str:
    top = "".join(f'<th scope="col">{text_of(name)}</th>' for name in head)
    body = "".join(map(_row, rows))
    last = f"<tfoot>{_row(foot)}</tfoot>" if foot else ""
    return (
        f'<div class="wide"><table><caption>{text_of(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody>{last}</table></div>\n"
    )


def _row(row: Sequence[str]) -> str:
    first, *rest = row
    cells = "".join(f"<td>{text_of(cell)}</td>" for cell in rest)
    return f'<tr><th scope="row" dir="auto">{text_of(first)}</th>{cells}</tr>\n'
