"""The keys by which segments find people in the store's index.

The engine keeps keys of tags, classes, categories and marketing sources itself; the plugin adds
those of the fields that its settings list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from profilecore.errors import WrongValue
from profilecore.model import Profile
from profilecore.model.enums import SharedLevel
from profilecore_segments.names import Name, Origin, Sort, named
from profilecore_segments.nodes import Is, Leaf, Text

if TYPE_CHECKING:
    from profilecore.rules.terms import TermSource

Key = tuple[str, str]
DEFAULT = ("language", "nationality", "residence")
"""What people are chosen by most, and what divides them into few enough groups to be worth it."""
INDEXED = "segments.indexed"
PRIVATE = "segments.private"
ANYWHERE = ""
_SORTS = frozenset({Sort.TEXT, Sort.CHOICE, Sort.COUNTRY, Sort.LANGUAGE})


def may_be_indexed(name: Name) -> bool:
    """Tell whether the plugin can keep keys of a name: a plain field of the profile."""
    plain = name.origin is Origin.PROFILE and len(name.path) == 1
    return plain and name.sort in _SORTS and name.key is None


def is_keyed(name: str, fields: Iterable[str]) -> bool:
    """Tell whether equal values of a name have keys."""
    found = named(name)
    return found is not None and (found.key is not None or name in fields)


def fields_of(given: Sequence[str]) -> tuple[str, ...]:
    """Read the setting ``indexed``: names, in their own spelling, sorted.

    :raises WrongValue: for a name that cannot be indexed.
    """
    found = []
    for each in given:
        name = named(each)
        if name is None or not may_be_indexed(name):
            raise WrongValue("indexed: must name plain fields with texts, choices or codes")
        found.append(name.name)
    return tuple(sorted(set(found)))


def source_of(fields: tuple[str, ...]) -> TermSource:
    """Give the function that makes the keys of a profile; it can be pickled."""
    return partial(keys_of, fields=fields)


def mark(fields: Iterable[str]) -> Key:
    """Give the key that every living profile has which is indexed by these fields."""
    return INDEXED, ",".join(fields)


def private_to(property_id: str) -> Key:
    """Give the key of profiles that other properties do not see; ``ANYWHERE``: of any property."""
    return PRIVATE, property_id


def keys_of(profile: Profile, fields: tuple[str, ...]) -> Iterator[Key]:
    """Yield the keys of a profile for the names in ``fields``."""
    yield mark(fields)
    if profile.shared_level is SharedLevel.PROPERTY:
        yield private_to(ANYWHERE)
        yield private_to(profile.property_id or ANYWHERE)
    for each in fields:
        name = named(each)
        if name is not None:
            sort = f"segments.{each}"
            for text in _texts(getattr(profile, name.path[0])):
                yield sort, _form(name, text)
                if name.sort is Sort.LANGUAGE and "-" in text:
                    yield sort, text.partition("-")[0]


def keys_for(leaf: Leaf, fields: Iterable[str]) -> tuple[Key, ...] | None:
    """Give the keys of which one belongs to whomever a comparison holds for.

    ``None`` where no key tells: the index knows equal values of some fields only.
    """
    if not isinstance(leaf, Is):
        return None
    name = named(leaf.name)
    if name is None or not is_keyed(leaf.name, fields):
        return None
    sort = name.key or f"segments.{leaf.name}"
    texts = (value.text for value in leaf.values if isinstance(value, Text))
    return tuple(dict.fromkeys((sort, _form(name, text)) for text in texts))


def keys_in(facts: Mapping[str, Any], names: Iterable[str]) -> Iterator[Key]:
    """Yield the keys that a person has for some names, from the plain JSON of the profile."""
    for each in names:
        name = named(each)
        if name is not None:
            sort, value = name.key or f"segments.{each}", facts[name.path[0]] or name.default
            for text in value if isinstance(value, list) else (value,):
                if text is not None:
                    yield sort, _form(name, text)
                    if name.sort is Sort.LANGUAGE:
                        yield sort, text.partition("-")[0]


def _form(name: Name, text: str) -> str:
    return name.form(text) if name.sort is Sort.TEXT else text


def _texts(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, tuple) else (value,):
        if each is not None:
            yield str(each.value) if isinstance(each, Enum) else each
