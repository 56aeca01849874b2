"""What the watcher for leaks looks for: the values of people, as they were given and stored."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs

import profilecore
from profilecore.model.fields import Sensitivity, is_record, rules_of
from profilecore.normalise.text import fold

# Shorter texts are codes and initials, and stand in many words.
SHORTEST = 4
# A shorter text is looked for as a word: "rosa" is part of "prosaic".
SHORTEST_PART = 8
# Of a test that makes more texts than this, the first ones are looked for: what shows one value
# shows its like, and time and memory of a test with a million rows stay bounded.
MOST = 20_000
# Values are kept as they come, and read together; so many at once.
AT_ONCE = 1_000

# A number with fewer digits is a year, a count or that of a house.
SHORTEST_NUMBER = 6

# What may show, wherever it stands: names that hosts, properties and the engine give to things.
OPEN = frozenset(
    {
        # ids: of profiles, files, properties, companies, staff, systems, and what a hold is about
        "id", "profile_id", "property_id", "company_id", "companions", "source", "system", "ref",
        "actor", "by", "set_by", "recorded_by",
        # codes, of lists that are not about one person
        "type", "kind", "group", "code", "purpose", "channel", "status", "use", "tech", "country",
        "language", "subdivision", "nationalities", "languages", "birth_country",
        "country_of_residence", "marketing_source", "content_type", "reason",
        # paths of fields; hashes, and what a store says of itself, in receipts
        "keeps", "seal", "previous", "remains",
        # until when somebody stays: a refusal says it
        "arrival", "departure",
    }
)  # fmt: skip
_IDS = ("id", "profile_id")
# Ids of ours begin with the time, whose digits may be those of a passport.
_AN_ID = re.compile(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")


class Marks:
    """The texts of personal fields that were given to an engine or stored by one.

    Personal is what a record's rule says is sensitive, what another class that is about a profile
    hides in its ``repr``, and every field that a class does not have.
    """

    def __init__(self) -> None:
        self._held: list[tuple[type, Mapping[str, Any]]] = []
        self._paths: dict[str, str] = {}
        self._ids: set[str] = set()

    def take(self, cls: type, values: Mapping[str, Any]) -> None:
        """Keep the values of a class, given or stored."""
        if len(self._paths) < MOST:
            self._held.append((cls, values))
            if len(self._held) >= AT_ONCE:
                self._read()

    def shown(self, text: str) -> dict[str, str]:
        """Give the marks that a text shows, each with where it was given."""
        self._read()
        seen = _AN_ID.sub(" ", text.casefold())
        found = {mark: path for mark, path in self._paths.items() if _shows(seen, mark)}
        # What is somebody's id is no value, though a host also writes it elsewhere.
        return {m: found[m] for m in found.keys() - self._ids - own_words()} if found else {}

    def _read(self) -> None:
        for cls, values in self._held:
            self._ids |= {i.casefold() for n in _IDS if isinstance(i := values.get(n), str)}
            for name in values.keys() & _personal(cls, tuple(values)):
                for text in _texts(values[name]):
                    self._add(text, f"{cls.__name__}.{name}")
        self._held.clear()

    def _add(self, text: str, path: str) -> None:
        for form in (text.strip().casefold(), fold(text)):
            shortest = SHORTEST_NUMBER if form.isdigit() else SHORTEST
            if len(form) >= shortest and len(self._paths) < MOST:
                self._paths.setdefault(form, path)


@lru_cache(maxsize=1_024)
def _personal(cls: type, given: tuple[str, ...]) -> frozenset[str]:
    """Give the fields whose values are personal, and of those given the ones that are unknown."""
    fields = {a.name: a for a in attrs.fields(cls)}
    if is_record(cls):
        rules = rules_of(cls)
        named = {name for name, r in rules.items() if r.sensitivity is not Sensitivity.NONE}
    elif "profile_id" in fields:
        named = {name for name, a in fields.items() if a.repr is False}
    else:
        named = set()
    return frozenset(named | set(given) - fields.keys()) - OPEN


def _texts(value: Any) -> Iterator[str]:
    """Yield every text inside a value, but for what may show."""
    if isinstance(value, Enum):
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in OPEN:
                yield from _texts(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _texts(inner)
    elif attrs.has(type(value)):
        yield from _texts(vars(value) if hasattr(value, "__dict__") else attrs.asdict(value))


def _shows(text: str, mark: str) -> bool:
    at = text.find(mark)
    while at >= 0:
        end = at + len(mark)
        # Of a name in code, as_this_one, a word is a part.
        is_word = not (_goes_on(text[at - 1 : at]) or _goes_on(text[end : end + 1]))
        if is_word or len(mark) >= SHORTEST_PART:
            return True
        at = text.find(mark, at + 1)
    return False


@lru_cache(maxsize=1)
def own_words() -> frozenset[str]:
    """Give the texts that stand in the code of the core itself, and the names of its fields.

    A guest may well be called as a code is, and property tests try out texts of the code they run.
    """
    package = Path(profilecore.__file__).parent
    words = set()
    for path in package.rglob("*.py"):
        if path.is_relative_to(package / "testing") or path.stem == "demo":
            continue  # these have lists of names
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value.casefold())
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                words.add(node.target.id)
    return frozenset(words | set(map(fold, words)) | {"true", "false", "none"})


def _goes_on(character: str) -> bool:
    return character.isalnum() or character == "_"


def masked(text: str, marks: Iterable[str]) -> str:
    """Give a text with stars for what it should not show."""
    shown = text.casefold()
    for mark in sorted(marks, key=len, reverse=True):
        shown = shown.replace(mark, "***")
    return shown
