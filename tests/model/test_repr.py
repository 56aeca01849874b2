"""No repr and no message shows personal data: marked values through every class."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import attrs
import pytest

import profilecore
import profilecore.errors
from profilecore import Blocker, Problem, Profile, ProfilecoreError, Secret
from profilecore.model import documents, parts, profile, stay
from profilecore.rules import merging, survivorship

M = "zqmarker"
# What is not about a guest: ids, codes, staff and properties may show.
OPEN = {
    "id", "profile_id", "property_id", "kind", "survivor_id", "loser_ids", "actor", "source",
    "cleared_ids", "erased", "kept", "reason", "content_type", "fields", "profile_type",
    "verb", "result_id", "name", "cls", "owner", "at", "undone", "placed", "released", "attached",
    "base", "stamp", "rule", "hold_id", "held", "follows", "announced_at", "active_on",
    "until",
}  # fmt: skip
CLASSES = [
    cls
    for module in (parts, profile, stay, documents)
    for cls in vars(module).values()
    if inspect.isclass(cls) and attrs.has(cls) and cls.__module__ == module.__name__
]


def marked(hint: Any) -> Any:
    """Make a value of a type that holds the marker wherever it can."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    if arguments and type(None) in arguments:
        return marked(next(a for a in arguments if a is not type(None)))
    if origin is tuple:
        return (marked(arguments[0]),)
    if origin is dict:
        return {M: M}
    if hint is str or hint is Any:
        return M
    if hint is bytes:
        return M.encode()
    if inspect.isclass(hint) and issubclass(hint, Enum):
        return next(iter(hint))
    return {
        datetime: datetime(2026, 3, 1, tzinfo=UTC), date: date(2026, 3, 1), bool: True, int: 7,
        float: 1.5,
    }.get(hint)  # fmt: skip


def made(cls: type) -> Any:
    hints = typing.get_type_hints(cls)
    return cls(
        **{
            f.name.lstrip("_"): marked(hints[f.name])
            for f in attrs.fields(cls)
            if f.init and not (f.name in OPEN and f.default is not attrs.NOTHING)
        }
    )


def personal(cls: type) -> bool:
    return cls not in (parts.Stamp, parts.Provenance, documents.DocumentKind)


@pytest.mark.parametrize("cls", [c for c in CLASSES if personal(c)], ids=lambda cls: cls.__name__)
def test_no_value_shows_in_a_repr(cls: type) -> None:
    value = made(cls)
    hidden = {
        f.name for f in attrs.fields(cls) if f.name not in OPEN and M in str(getattr(value, f.name))
    }
    value = attrs.evolve(value, **dict.fromkeys(OPEN & _texts(value), "open"))
    for text in (repr(value), str(value), f"{value}", repr([value])):
        assert M not in text, hidden


def _texts(value: Any) -> set[str]:
    return {f.name for f in attrs.fields(type(value)) if isinstance(getattr(value, f.name), str)}


def test_a_profile_full_of_markers_shows_its_id_version_and_state() -> None:
    full = made(Profile)
    assert repr(attrs.evolve(full, id="A", version=3)) == "<Profile A v3 active>"


@pytest.mark.parametrize(
    "value",
    [
        survivorship.Candidate("A", M),
        survivorship.Choice(M, "best"),
        merging.FieldPlan("last_name", "best", "same", (survivorship.Candidate("A", M),), M),
        Blocker("open-bill", "A hold is open.", ref=M),
        Secret(M),
        [Secret(M)],
    ],
)
def test_what_plans_and_configurations_hold_stays_hidden(value: object) -> None:
    assert M not in f"{value!r} {value!s} {value}"


def test_a_secret_is_revealed_only_when_asked() -> None:
    assert Secret(M).reveal() == M


# ---- errors


def errors(cls: type = ProfilecoreError) -> Iterator[type[ProfilecoreError]]:
    for child in cls.__subclasses__():
        if child.__module__ == profilecore.errors.__name__:
            yield child
            yield from errors(child)


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [cls.code for cls in errors() if not cls.__name__.startswith("_")]
    assert len(codes) == len(set(codes)) >= 16
    assert all(code == code.lower() and " " not in code for code in codes)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (profilecore.NotFound("profile", "A"), ("profile", "A")),
        (profilecore.InvalidProfile([Problem("/a", "x", "must y")]), ("/a", "must y")),
        (profilecore.VersionConflict("A", 1, 2), ("A", "1", "2")),
        (profilecore.StalePlan("merge"), ("merge", "again")),
        (profilecore.MergeBlocked([Blocker("cycle", "No.")]), ("cycle",)),
        (profilecore.UnmergeBlocked([Blocker("cleared", "No.")]), ("cleared",)),
        (profilecore.ClearBlocked([Blocker("open-bill", "No.")]), ("open-bill",)),
        (profilecore.ProfileCleared("A"), ("A",)),
        (profilecore.ScopeDenied("do this"), ("do this",)),
        (profilecore.IdempotencyConflict("create"), ("create",)),
        (profilecore.PluginError("p", "hook", "X"), ("p", "hook")),
    ],
)
def test_an_error_says_what_happened_in_words_and_in_data(
    error: ProfilecoreError, words: tuple[str, ...]
) -> None:
    for word in words:
        assert word in str(error)
    assert isinstance(dict(error.details()), dict)
    assert error.details()
    assert isinstance(error, ProfilecoreError)


def test_errors_are_also_what_python_calls_them() -> None:
    assert isinstance(profilecore.NotFound("profile", "A"), LookupError)
    assert isinstance(profilecore.InvalidProfile([]), ValueError)
