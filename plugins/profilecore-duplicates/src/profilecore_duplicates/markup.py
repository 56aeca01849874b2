"""Pieces of a page: tables and headings as HTML in which no value is taken as markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from profilecore.page import html_page, text_of
from profilecore_duplicates.drawing import COLOURS, STYLE

_PAGE = """
* { box-sizing: border-box; }
body { font: 15px/1.5 Helvetica, Arial, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 68em; margin: 2em auto; padding: 0 1em; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2em; border-bottom: 1px solid var(--faint); }
table { border-collapse: collapse; margin: .5em 0 1.4em; }
caption { text-align: left; font-weight: bold; padding: .3em 0; }
th, td { border: 1px solid var(--faint); padding: .25em .55em; text-align: left;
  vertical-align: top; }
td { overflow-wrap: anywhere; } td.number { text-align: right; white-space: nowrap; }
th[scope=row] { font-weight: normal; }
.warning { border: 2px solid var(--against); padding: .4em 1em; }
.wide { overflow-x: auto; } .soft { color: var(--soft); } svg { max-width: 100%; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; }
  tr, svg, .pair { break-inside: avoid; } h2, h3, caption { break-after: avoid; } }
"""


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


def page(title: str, body: Iterable[str]) -> str:
    """Give a whole page; it needs nothing from elsewhere and runs no script."""
    pieces = (f"<h1>{text_of(title)}</h1>\n", *body)
    return html_page(title, COLOURS + _PAGE + STYLE, pieces)


def heading(text: str, level: int = 2) -> str:
    """Give a heading."""
    return f"<h{level}>{text_of(text)}</h{level}>\n"


def paragraph(text: object, style: str = "") -> str:
    """Give a paragraph."""
    of = f' class="{style}"' if style else ""
    return f"<p{of}>{cell(text)}</p>\n"


def bullets(texts: Iterable[object]) -> str:
    """Give a list."""
    return f"<ul>{''.join(f'<li>{cell(text)}</li>' for text in texts)}</ul>\n"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Give a table; the first cell of a row names the row.  Nothing where there is no row."""
    lines = [_row(row) for row in rows]
    if not lines:
        return ""
    top = "".join(f'<th scope="col">{text_of(name)}</th>' for name in head)
    top = f"<thead><tr>{top}</tr></thead>\n" if any(head) else ""
    body = "".join(lines)
    named = f"<caption>{text_of(caption)}</caption>\n"
    return f'<div class="wide"><table>\n{named}{top}<tbody>\n{body}</tbody>\n</table></div>\n'


def _row(row: Sequence[Any]) -> str:
    first, *rest = row
    cells = "".join(_data(value) for value in rest)
    return f'<tr><th scope="row" dir="auto">{cell(first)}</th>{cells}</tr>\n'


def _data(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f'<td class="number">{cell(value)}</td>'
    return f'<td dir="auto">{cell(value)}</td>'


def cell(value: Any) -> str:
    """Write a value: numbers with their thousands apart, nothing for what is not there."""
    if isinstance(value, Markup):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return text_of(f"{value:,.2f}")
    if isinstance(value, list | tuple):
        return ", ".join(map(cell, value))
    return text_of(value)


def share(value: Any) -> str:
    """Write a share from 0 to 1, or an interval of two, in percent."""
    if value is None:
        return "not known"
    if isinstance(value, list | tuple):
        return " to ".join(map(share, value))
    if isinstance(value, float) and 0 <= value <= 1:
        return f"{value:.2%}"
    return cell(value)


def label(name: str) -> str:
    """Turn the name of a figure into words."""
    return name.replace("_", " ")


def any_value(name: str, value: Any) -> Iterator[str]:
    """Write a figure of a run whatever its form: a table, a list or a line."""
    if isinstance(value, Mapping):
        rows = [(label(str(key)), _figure(inner)) for key, inner in value.items()]
        yield table(label(name), ("", ""), rows)
    elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
        head = list(dict.fromkeys(key for item in value for key in item))
        rows = [tuple(item.get(key) for key in head) for item in value]
        yield table(label(name), [label(key) for key in head], rows)
    elif isinstance(value, list | tuple) and value:
        yield paragraph(label(name)) + bullets(value)
    elif not isinstance(value, list | tuple):
        yield table(label(name), ("", ""), [(label(name), value)])


def _figure(value: Any) -> Any:
    return share(value) if value is None or isinstance(value, float | list | tuple) else value
