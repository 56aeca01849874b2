"""The byte strings by which a person would be recognised in the bytes of a store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from profilecore.model.fields import Clear, Search, Sensitivity, rules_of
from profilecore.model.profile import Profile
from profilecore.normalise import codes
from profilecore.rules.terms import lines_of
from profilecore.values import frozen

NAME, TERM = "name", "search term"
SHORTEST = 5
LONG = 96
"""Longer byte strings are looked for by some of their windows: what overwrites a part of them,
or the border of two pages, then hides only one."""
WINDOW = 64
WINDOWS = 16
_VARIED = 8  # different bytes of a window that says something: blank parts of files do not
_RARE = 12  # characters of a text that hardly any two persons share by chance

_NAMES = frozenset(
    name
    for name, rule in rules_of(Profile).items()
    if rule.search is Search.NAME and name != "alternate_names"
)
_TOLD_WITH_NAMES = frozenset({*_NAMES, "birth_date", "sex", "title", "name_prefix", "name_suffix"})
# Attributes that tell of a kind, a place or a colleague, and are the same for many people.
_SHARED = frozenset(
    {
        "actor", "by", "channel", "city", "code", "country", "group", "id", "issuing_authority",
        "issuing_place", "issuing_subdivision", "kind", "language", "note_class", "postal_code",
        "profile_id", "property_id", "purpose", "recorded_by", "scope", "set_by", "source",
        "status", "subdivision", "system", "tech", "text_version", "type", "use",
    }
)  # fmt: skip
_FREE = frozenset({"custom", "facets"})  # what they hold, the host decides
_OF_ONE = frozenset({Sensitivity.CONTACT, Sensitivity.IDENTITY, Sensitivity.SPECIAL})
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d:\d\d.*)?)?)?")


class Text(NamedTuple):
    """A text of a person.  ``alone`` tells whether it identifies by itself, however short."""

    what: str
    text: str
    alone: bool


@frozen
class Trace:
    """A byte string to look for, and of what field or kind of document it is."""

    what: str
    value: bytes

    def __repr__(self) -> str:
        return f"<Trace of {self.what}: {len(self.value)} bytes>"


def texts_of(tree: Any, what: str, *, alone: bool = False) -> Iterator[Text]:
    """Give the texts of a stored JSON value that may be one person's own.

    Keys that a person chose (inside custom values) count; dates, codes and the attributes that
    many people share do not.
    """
    if isinstance(tree, str):
        if not _DATE.fullmatch(tree):
            yield Text(what, tree, alone)
    elif isinstance(tree, int) and not isinstance(tree, bool) and what in _FREE:
        yield Text(what, str(tree), False)
    elif isinstance(tree, Mapping):
        for key, inner in tree.items():
            if what in _FREE or key not in _SHARED:
                yield from texts_of(inner, what, alone=alone)
    elif isinstance(tree, list | tuple):
        for inner in tree:
            yield from texts_of(inner, what, alone=alone)


def texts_of_profile(profile: Profile, tree: Mapping[str, Any]) -> Iterator[Text]:
    """Give the texts of a profile whose stored form is ``tree``."""
    rules = rules_of(Profile)
    for name, held in tree.items():
        rule = rules.get(name)
        if rule is None or rule.clear is Clear.KEEP or name == "provenance":
            continue
        if rule.search is Search.NAME or (rule.search is Search.EXACT and name != "external_ids"):
            continue  # names are told below, as a whole; by the others many are found
        if getattr(rule.clean, "__module__", None) == codes.__name__:
            continue
        alone = rule.search is not Search.NONE or rule.sensitivity in _OF_ONE
        yield from texts_of(held, name, alone=alone and name != "birth_place")
        if name in _FREE:
            yield from _inner_keys(held, name)
    for named in (tree, *tree.get("alternate_names", ())):
        yield from (Text(NAME, told, True) for told in _names_as_stored(named))
    for line in lines_of(profile):
        yield Text(TERM, line.text, True)
        for word in line.words:
            if "@" in word or any(c.isdigit() for c in word):
                yield Text(TERM, word, True)


def _inner_keys(tree: Mapping[str, Any], what: str) -> Iterator[Text]:
    for inner in tree.values():
        if isinstance(inner, Mapping):
            for key in inner:
                yield Text(what, key, False)
            yield from _inner_keys(inner, what)


def _names_as_stored(tree: Mapping[str, Any]) -> Iterator[str]:
    """Give the names of a person with their date of birth, as one piece of the stored JSON.

    Nothing is given where they do not stand side by side, or are one word alone.
    """
    run: list[str] = []
    told = 0
    for name, value in (*tree.items(), ("", None)):
        if name in _TOLD_WITH_NAMES:
            run.append(f'"{name}":{msgspec.json.encode(value).decode()}')
            told += name in _NAMES or name == "birth_date"
            continue
        if told > 1:
            yield ",".join(run)
        run, told = [], 0


def is_evidence(text: Text) -> bool:
    """Tell whether a text says by itself of whom it is: not a short common word."""
    if len(text.text.encode()) < SHORTEST:
        return False
    return text.alone or len(text.text) >= _RARE or any(c.isdigit() for c in text.text)


def traces_of_text(text: Text) -> Iterator[Trace]:
    """Give the byte strings of a text: as UTF-8, and as JSON writes it where that differs."""
    plain = text.text.encode()
    if text.what == NAME:  # a piece of the stored JSON already
        yield Trace(NAME, plain)
        return
    for value in {plain, msgspec.json.encode(text.text)[1:-1]}:
        if len(value) <= LONG:
            yield Trace(text.what, value)
        else:
            yield from traces_of_bytes(value, text.what)


def traces_of_bytes(content: bytes, what: str) -> Iterator[Trace]:
    """Give windows of some bytes, spread over them, that are not blank."""
    step = max(WINDOW, len(content) // WINDOWS)
    for start in range(0, len(content), step):
        end = min(start + step, len(content))
        for place in range(start, end, WINDOW):
            begin = max(0, min(place, len(content) - WINDOW))
            window = content[begin : begin + WINDOW]
            if len(set(window)) >= _VARIED:
                yield Trace(what, window)
                break


def leading(values: Iterable[bytes]) -> list[bytes]:
    """Leave out each byte string that holds another: where that is not, it is not either."""
    chosen: list[bytes] = []
    for value in sorted(set(values), key=lambda v: (len(v), v)):
        if not any(shorter in value for shorter in chosen):
            chosen.append(value)
    return chosen
