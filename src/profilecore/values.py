"""Immutable attrs classes that share their equality, hash and repr.

attrs writes and compiles these methods for each class anew.  Over the many small classes of an
engine that took a third of the time of ``import profilecore``, so here they are written once.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

import attrs

C = TypeVar("C", bound=type)


@dataclass_transform(frozen_default=True, field_specifiers=(attrs.field,))
def frozen(cls: C, /, **options: Any) -> C:
    """Make a class as :func:`attrs.frozen` does without slots; ``options`` are passed to it.

    Values are equal to values of exactly their class with equal fields, hashable if their fields
    are, and show the fields that do not say ``repr=False``.  A class keeps its own methods.
    """
    shared = {"__eq__": _equal, "__hash__": _hash, "__repr__": _shown}
    if not options.get("repr", True):
        del shared["__repr__"]
    for name, method in shared.items():
        if name not in vars(cls):
            setattr(cls, name, method)  # attrs writes no method that a class has
    made: C = attrs.frozen(cls, slots=False, **options)
    compared = [field.name for field in attrs.fields(made) if field.eq]
    made.__profilecore_values__ = attrgetter("__class__", *compared)  # type: ignore[attr-defined]  # what is compared
    return made


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    values = self.__profilecore_values__
    return values(self) == values(other)


def _hash(self: Any) -> int:
    return hash(self.__profilecore_values__(self))


def _shown(self: Any) -> str:
    kind = type(self)
    fields = [f"{f.name}={getattr(self, f.name)!r}" for f in attrs.fields(kind) if f.repr]
    return f"{kind.__qualname__.rpartition('>.')[2]}({', '.join(fields)})"
