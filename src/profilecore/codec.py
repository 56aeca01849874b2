"""Bodies: model values to stored JSON bytes and back.

Records and parts leave out fields at their default, unknown keys are passed over, and each body
carries a format number (``_``), so that old bodies are upgraded when read.  Facets whose plugin
is not installed stay plain JSON and survive a round trip untouched.

The hot path between engine and store runs through here, so readers are compiled once a class
from its annotations and only touch the keys that are present.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

import attrs
import msgspec

from profilecore.model.fields import evolve, fields_of, is_built, restore
from profilecore.model.profile import Profile

T = TypeVar("T")
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
Make = Callable[[Any], Any]
Columns = tuple[Sequence[Any], ...]
FORMAT_KEY = "_"


class Codec:
    """Encodes and decodes attrs values.  One an engine; safe to share between threads.

    ``facets`` gives the class of each known facet; ``upgrades[n]`` turns a body of format
    ``n`` into one of format ``n + 1``.
    """

    def __init__(
        self, facets: Mapping[str, type] | None = None, upgrades: Sequence[Upgrade] = ()
    ) -> None:
        self._facets = dict(facets or {})
        self._upgrades = tuple(upgrades)
        self._dumped: set[type] = set()
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder().decode

    def dump(self, value: Any) -> bytes:
        """Encode an attrs value."""
        if type(value) not in self._dumped:
            if not attrs.has(type(value)):
                raise TypeError(f"{type(value).__name__} has no stored form")
            self._dumped.add(type(value))
        if self._upgrades:
            return self._encode({**self.plain(value), FORMAT_KEY: len(self._upgrades)})
        return self._encode(value)

    def load(self, cls: type[T], body: bytes) -> T:
        """Decode a body written by :meth:`dump`, upgrading older formats."""
        tree = self._decode(body)
        if self._upgrades:
            for upgrade in self._upgrades[tree.get(FORMAT_KEY, 0) :]:
                tree = upgrade(tree)
        return self.value(cls, tree)

    def picker(
        self, names: Sequence[str], cls: type = Profile
    ) -> Callable[[bytes], dict[str, Any]]:
        """Give what reads only some fields of a body of ``cls``, as plain JSON.

        Absent ones, which are at their default, are ``None``.
        """
        if self._upgrades:
            return lambda body: _picked(self.plain(self.load(cls, body)), names)
        decode = _row_decoder(tuple(names))
        return lambda body: msgspec.structs.asdict(decode(body))

    def columns(
        self, names: Sequence[str], cls: type = Profile
    ) -> Callable[[Iterable[bytes]], Columns]:
        """Give what reads many bodies as :meth:`picker` does, but column by column."""
        none = ((),) * len(names)
        if self._upgrades:
            pick = self.picker(names, cls)
            return lambda bodies: (
                tuple(zip(*(pick(b).values() for b in bodies), strict=True)) or none
            )
        decode = _row_decoder(tuple(names))
        # No step of this loop is in Python: a body costs what decoding costs.
        values = msgspec.structs.astuple
        return lambda bodies: tuple(zip(*map(values, map(decode, bodies)), strict=True)) or none

    def plain(self, value: Any) -> Any:
        """Give the pure JSON form of a value, as stored and as sent."""
        return self._decode(self._encode(value))

    def value(self, cls: type[T], tree: Mapping[str, Any]) -> T:
        """Make a value of ``cls`` from its pure JSON form."""
        made: T = _maker(cls)(tree)  # type: ignore[arg-type]  # a class is hashable
        if self._facets and isinstance(made, Profile) and made.facets:
            known = {
                name: self.value(self._facets[name], facet) if name in self._facets else facet
                for name, facet in made.facets.items()
            }
            return evolve(made, facets=known)
        return made


@lru_cache(maxsize=64)
def _row_decoder(names: tuple[str, ...]) -> Callable[[bytes], Any]:
    row = msgspec.defstruct("Row", [(name, Any, None) for name in names], gc=False)
    return msgspec.json.Decoder(row).decode


def _picked(tree: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: tree.get(name) for name in names}


@lru_cache(maxsize=256)
def _maker(cls: Any) -> Make:
    hints = typing.get_type_hints(cls)
    built = is_built(cls)
    makers = {field.name: _made_by(hints[field.name]) for field in fields_of(cls)}

    def make(tree: Mapping[str, Any]) -> Any:
        values = {}
        for name, held in tree.items():
            if name in makers:
                maker = makers[name]
                values[name] = held if maker is None or held is None else maker(held)
        return restore(cls, values) if built else cls(**values)

    return make


def _made_by(hint: Any) -> Make | None:
    """Give the function that makes a value of a type, ``None`` if JSON has it as it is."""
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (a for a in arguments if a is not type(None))
        return _made_by(inner)
    if origin is tuple:
        return _tuple_of(_made_by(arguments[0]))
    if origin is dict:
        return _dict_of(_made_by(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {m.value: m for m in hint}.__getitem__
    if hint is date or hint is datetime:
        return hint.fromisoformat
    if isinstance(hint, type) and attrs.has(hint):
        return _maker(hint)
    return None


def _tuple_of(maker: Make | None) -> Make:
    if maker is None:
        return tuple
    make = maker
    return lambda items: tuple([make(item) for item in items])


def _dict_of(maker: Make | None) -> Make | None:
    if maker is None:
        return None
    make = maker
    return lambda entries: {key: make(entry) for key, entry in entries.items()}
