"""How answers look: JSON for programs, tables for people."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs
import click
import msgspec

from profilecore.codec import Codec
from profilecore.errors import ProfilecoreError
from profilecore.model import parts
from profilecore.model.documents import Held
from profilecore.model.fields import fields_of
from profilecore.model.profile import Profile
from profilecore.rules.survivorship import is_empty, primary_of

if TYPE_CHECKING:
    from rich.console import Console

    from profilecore.errors import Blocker


@lru_cache(maxsize=1)
def _codec() -> Codec:
    return Codec()


def tree(value: Any) -> Any:
    """Give the JSON tree of an answer; a profile always has its id, version and state."""
    if isinstance(value, Profile):
        head = {"id": value.id, "version": value.version, "state": value.state.value}
        plain = _codec().plain(value)
        return head | {k: v for k, v in plain.items() if k not in head}
    if attrs.has(type(value)):
        if type(value).__module__ == parts.__name__:
            return _codec().plain(value)
        return {a.name: tree(getattr(value, a.name)) for a in fields_of(type(value))}
    if isinstance(value, Mapping):
        return {str(key): tree(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [tree(inner) for inner in value]
    return value


def as_json(value: Any) -> str:
    """Write an answer as one JSON value on one line."""
    return msgspec.json.encode(tree(value), enc_hook=str).decode()


def say_json(value: Any) -> None:
    """Print an answer as one JSON value on one line, in ASCII where the output is not UTF-8."""
    text = as_json(value)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if codecs.lookup(encoding).name != "utf-8":
        text = json.dumps(json.loads(text), separators=(",", ":"))
    click.echo(text)


def listing(items: Iterable[Any], cursor: str | None = None) -> dict[str, Any]:
    """Give the form of every list."""
    return {"items": list(items), "next": cursor}


def refusal(error: ProfilecoreError) -> dict[str, Any]:
    """Give a typed error as an answer."""
    return {
        "error": error.code,
        "message": str(error),
        "blockers": [],
        **error.details(),
    }


def console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Make a console that shows every text as it is, without markup."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)


_WHOLE = frozenset({"id", "profile", "field", "why", "seq", "at", "what"})


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], *, to: Console | None = None) -> None:
    """Print a table; nothing but its head if there are no rows."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold", show_header=any(head))
    for name in head:
        # An id is copied whole, so it is never folded.
        made.add_column(name, overflow="fold", no_wrap=name in _WHOLE)
    for row in rows:
        made.add_row(*(brief(cell) for cell in row))
    (to or console()).print(made)


def brief(value: Any) -> str:
    """Write a value for a person, on as few lines as there are items."""
    if is_empty(value):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple | list):
        return "\n".join(brief(inner) for inner in value)
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {brief(inner)}" for key, inner in value.items())
    if attrs.has(type(value)):
        return _part(value)
    return str(value)


def _part(value: Any) -> str:
    if isinstance(value, parts.ExternalId):
        return value.key
    if isinstance(value, parts.Provenance):
        return ""
    if isinstance(value, parts.Address):
        place = " ".join(filter(None, (value.postal_code, value.city)))
        where = (value.text, value.line1, value.line2, place, value.subdivision, value.country)
        return ", ".join(filter(None, where))
    if isinstance(value, parts.Note):
        return value.text
    if isinstance(value, Held):
        return _held(value)
    shown = {
        a.name: getattr(value, a.name)
        for a in fields_of(type(value))
        if a.name not in ("primary", "raw", "at", "verified_at", "relay")
    }
    mark = " *" if getattr(value, "primary", False) else ""
    said = (brief(v) for v in shown.values() if not is_empty(v) and v is not False)
    return " ".join(said) + mark


def _held(held: Held) -> str:
    until = "it is released" if held.until is None else str(held.until)
    whose = f"{held.kind} {held.id}: " if held.id else ""
    return f"{held.rule}, until {until}: {whose}{', '.join(held.fields) or 'all of it'}"


def full_name(profile: Profile) -> str:
    """Give the name that a person goes by."""
    names = (
        profile.name_prefix, profile.first_name, profile.middle_name, profile.last_name,
        profile.second_last_name, profile.name_suffix,
    )  # fmt: skip
    return " ".join(filter(None, names))


def show_profiles(profiles: Iterable[Profile]) -> None:
    """Print profiles, one a line."""
    rows = (
        (
            p.id,
            full_name(p) or f"({p.state.value})",
            p.birth_date,
            _first(p.emails),
            _first(p.phones),
            ", ".join(p.tags),
        )
        for p in profiles
    )
    table(("id", "name", "born", "e-mail", "telephone", "tags"), rows)


def _first(items: Sequence[Any]) -> str | None:
    found = primary_of(items)
    return found.value if found else None


_HIDDEN = frozenset({"provenance", "shared_level", "profile_type", "absorbed"})


def show_profile(profile: Profile) -> None:
    """Print one profile, field by field."""
    rows = [
        (a.name, value)
        for a in fields_of(Profile)
        if a.name not in _HIDDEN and not is_empty(value := getattr(profile, a.name))
    ]
    if profile.absorbed:
        rows.append(("absorbed", profile.absorbed))
    table(("field", "value"), rows)


def show_blockers(blockers: Iterable[Blocker], to: Console) -> None:
    """Print blockers, one a line, with what the actor may know of each."""
    for blocker in blockers:
        known = {
            "property": blocker.property_id,
            "ref": blocker.ref,
            "expected": blocker.expected_on,
        }
        more = ", ".join(f"{name} {value}" for name, value in known.items() if value)
        to.print(f"   - {blocker.code}: {blocker.message}", soft_wrap=True)
        if more:
            to.print(f"     {more}", soft_wrap=True)


def complain(error: ProfilecoreError) -> None:
    """Print a typed error for people, to stderr."""
    to = console(stderr=True)
    blockers = getattr(error, "blockers", None)
    problems = getattr(error, "problems", None)
    if blockers:
        to.print(f"{str(error).partition(':')[0]} ({error.code}).", soft_wrap=True)
        show_blockers(blockers, to)
    elif problems:
        to.print(f"Refused ({error.code}); nothing was written.", soft_wrap=True)
        for problem in problems:
            to.print(f"  - {problem.path}: {problem.message} ({problem.code})", soft_wrap=True)
    else:
        to.print(f"{error} ({error.code})", soft_wrap=True)


def say(text: str) -> None:
    """Print a sentence to stdout."""
    click.echo(text)
