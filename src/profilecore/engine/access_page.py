"""What is held about a person as a page that the person can read: one HTML file, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from html import escape
from typing import Any

from profilecore.model.fields import fields_of, rules_of
from profilecore.model.parts import Stamp
from profilecore.model.profile import ENGINE_FIELDS, Profile
from profilecore.page import html_page

Tree = Mapping[str, Any]

# Wider tables do not fit on paper: each of their items gets a table of its own.
WIDEST = 6
_STYLE = """
body { font: 11pt/1.45 Georgia, serif; color: #111; background: #fff; max-width: 50em;
  margin: 2em auto; padding: 0 1em; }
h1, h2, h3, caption, th { font-family: Helvetica, Arial, sans-serif; }
h2 { margin-top: 2em; border-bottom: 1px solid #999; }
table { border-collapse: collapse; width: 100%; margin: .5em 0 1.2em; }
th, td { border: 1px solid #bbb; padding: .25em .5em; text-align: left; vertical-align: top; }
td { white-space: pre-line; overflow-wrap: anywhere; }
th[scope=row] { width: 30%; }
td.origin { width: 25%; font-size: 85%; color: #444; }
ul, dl { margin: 0; padding-left: 1.2em; }
.warning { border: 2px solid #a00; padding: .5em 1em; }
@media print { body { margin: 0; max-width: none; } tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; } }
"""
_ENGINES = {n for n in ENGINE_FIELDS if n in rules_of(Profile)} | {"property_id", "shared_level"}
_OWN = tuple(n for n in rules_of(Profile) if n not in _ENGINES)
_BOOKKEEPING = frozenset({"id", "profile_id", "version"})
_STAMP = frozenset(a.name for a in fields_of(Stamp))
_HEADINGS = {
    "file": "Files", "hold": "Holds", "merge": "Merges of records about you",
    "outcome": "Requests of other systems", "stay": "Stays",
}  # fmt: skip
# A text is a date only under a name that says so: a booking number may look like one.
_DATED = re.compile(r"(^|_)(at|on|date|until|seen|arrival|departure)$")
_PARTIAL = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def page(answer: Tree) -> str:
    """Write an answer of ``Engine.access`` as one HTML page; nothing in it is taken as markup.

    Empty values are left out.  Names of fields become words, dates are written out (times in
    UTC), and a value says where it came from.
    """
    return html_page("What is held about you", _STYLE, _body(answer))


def _body(answer: Tree) -> Iterator[str]:
    profile = answer["profile"]
    name = _name(profile)
    yield f"<h1>What is held about {escape(name) if name else 'you'}</h1>\n"
    yield f"<p>Made on {escape(_moment(answer['made_at']))}. "
    yield f"Kept under: {escape(', '.join(answer['ids']))}.</p>\n"
    yield "<p>Other people are left out: other guests, and the names of our staff.</p>\n"
    yield from _warning(answer["incomplete"])
    yield from _profile("Your profile", profile)
    for earlier in answer["merged_profiles"]:
        yield from _profile("A record that was merged into it", earlier)
    yield from _section("Consents that hold now", answer["consents"])
    yield from _section("People you are related to", answer["relationships"])
    yield from _section("Stays with other guests", answer["stays_with_others"])
    for kind, documents in sorted(answer["documents"].items()):
        shown = map(_file, documents) if kind == "file" else documents
        yield from _section(_HEADINGS.get(kind, _label(kind)), list(shown))
    for plugin, held in answer["elsewhere"].items():
        yield from _section(f"Held elsewhere: {plugin}", held)


def _name(profile: Tree) -> str:
    names = ("first_name", "middle_name", "last_name", "second_last_name")
    return " ".join(str(profile[name]) for name in names if profile.get(name))


def _warning(incomplete: Sequence[str]) -> Iterator[str]:
    if incomplete:
        yield '<div class="warning"><p><strong>This is not everything.</strong> '
        yield "Some of what is held could not be read:</p>\n"
        yield f"{_bullets(incomplete)}</div>\n"


# ---- sections


def _profile(heading: str, profile: Tree) -> Iterator[str]:
    yield f"<h2>{heading}</h2>\n"
    origins = profile.get("provenance") or {}
    named = [(n, profile[n]) for n in _OWN if not _is_empty(profile.get(n))]
    yield _rows([(n, v) for n, v in named if not _is_nested(v)], origins)
    for field, value in named:
        if _is_nested(value):
            yield f"<h3>{escape(_label(field))}</h3>\n"
            yield _origin_line(field, origins)
            yield _block(value)
    yield "<h3>About this record</h3>\n"
    rest = (n for n in profile if n not in _OWN and n != "provenance")
    yield _rows([(n, profile[n]) for n in rest if not _is_empty(profile[n])])


def _section(heading: str, held: Any) -> Iterator[str]:
    if not _is_empty(held):
        yield f"<h2>{escape(heading)}</h2>\n{_block(held)}"


def _block(held: Any) -> str:
    """Write a value that stands under a heading of its own."""
    if isinstance(held, Mapping):
        return _rows(_said(held))
    if isinstance(held, list) and held and all(isinstance(item, Mapping) for item in held):
        return _items(held)
    return f"<p>{_cell('', held)}</p>\n" if not isinstance(held, list) else _bullets(held)


def _items(items: Sequence[Tree]) -> str:
    heads = list(dict.fromkeys(name for item in items for name, _ in _said(item)))
    if len(heads) > WIDEST:
        return "".join(_rows(_said(item)) for item in items)
    heads.sort(key=_BOOKKEEPING.__contains__)
    top = "".join(f'<th scope="col">{escape(_label(head))}</th>' for head in heads)
    lines = (
        "".join(f'<td dir="auto">{_cell(head, item.get(head))}</td>' for head in heads)
        for item in items
    )
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    return f"<table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"


def _rows(named: Iterable[tuple[str, Any]], origins: Tree | None = None) -> str:
    """Write names and values, one a row, each with where it came from where that is known."""
    lines = []
    for name, value in named:
        origin = "" if origins is None else f'<td class="origin">{_origin(name, origins)}</td>'
        label = escape(_label(name))
        lines.append(
            f'<tr><th scope="row" dir="auto">{label}</th>'
            f'<td dir="auto">{_cell(name, value)}</td>{origin}</tr>\n'
        )
    return f"<table>\n<tbody>\n{''.join(lines)}</tbody>\n</table>\n" if lines else ""


def _said(held: Tree) -> list[tuple[str, Any]]:
    """Give what a mapping says, its bookkeeping last."""
    said = [(name, value) for name, value in held.items() if not _is_empty(value)]
    return sorted(said, key=lambda pair: pair[0] in _BOOKKEEPING)


def _file(file: Tree) -> Tree:
    return {**file, "size": _size(file["size"])} if isinstance(file.get("size"), int) else file


def _size(count: int) -> str:
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


# ---- values


def _cell(name: str, value: Any) -> str:
    """Write a value as HTML, whatever it is."""
    if _is_empty(value):
        return ""
    if isinstance(value, Mapping):
        return _origin_of(value) if _is_stamp(value) else _terms(value)
    if isinstance(value, list):
        if any(isinstance(item, Mapping | list) for item in value):
            return _bullets(value)
        return ", ".join(_cell(name, item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape(_readable(value) if _DATED.search(name) else str(value))


def _terms(held: Tree) -> str:
    inner = (
        f'<dt dir="auto">{escape(_label(name))}</dt><dd dir="auto">{_cell(name, value)}</dd>'
        for name, value in _said(held)
    )
    return f"<dl>{''.join(inner)}</dl>"


def _bullets(items: Iterable[Any]) -> str:
    shown = (f'<li dir="auto">{_cell("", item)}</li>' for item in items if not _is_empty(item))
    return f"<ul>{''.join(shown)}</ul>\n"


def _label(name: str) -> str:
    """Make words of the name of a field: ``first_name`` is written *First name*."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _is_empty(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_empty(inner) for inner in value.values())
    if isinstance(value, list):
        return all(_is_empty(inner) for inner in value)
    return value is None or value == ""


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value)
    )


# ---- where a value is from


def _is_stamp(value: Tree) -> bool:
    return isinstance(value.get("at"), str) and value.keys() <= _STAMP


def _origin(field: str, origins: Tree) -> str:
    stamp = (origins.get("fields") or {}).get(field) or origins.get("base")
    return _origin_of(stamp) if stamp else ""


def _origin_line(field: str, origins: Tree) -> str:
    origin = _origin(field, origins)
    return f"<p>{origin}</p>\n" if origin else ""


def _origin_of(stamp: Tree) -> str:
    """Write a stamp, as in *from pms on 1 March 2026 (staff, property P1, verified)*."""
    more = [str(stamp["actor"])] if stamp.get("actor") else []
    more += [f"property {stamp['property_id']}"] if stamp.get("property_id") else []
    more += ["verified"] if stamp.get("verified") else []
    source = f"from {stamp['source']} " if stamp.get("source") else ""
    shown = f"{source}on {_readable(stamp['at'])}"
    return escape(f"{shown} ({', '.join(more)})" if more else shown)


# ---- dates


def _readable(value: Any) -> str:
    """Write out an ISO date or time; another text is given as it is."""
    text = str(value)
    try:
        if len(text) > len("2026-03-01"):
            return _moment(text)
        if partial := _PARTIAL.fullmatch(text):
            return f"{_MONTHS[int(partial[2]) - 1]} {partial[1]}"
        return _day(date.fromisoformat(text)) if len(text) == len("2026-03-01") else text
    except ValueError:
        return text


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    zone = "" if moment.tzinfo is None else f" {moment.tzname()}"
    return f"{_day(moment)}, {moment:%H:%M}{zone}"


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
