"""Leave third parties out of what is given to a person: other guests, and staff by name."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import attrs

from profilecore.model.fields import Other, fields_of, third_party_of
from profilecore.rules.visibility import CHAIN

Step = Callable[[Any], Any]


def redacted(cls: type, tree: Any) -> Any:
    """Give the plain JSON of a value of a class without the third parties that it names.

    Of each attribute that is declared with a ``third_party``, here and in the values inside, a
    text becomes the fixed word and a list the number of its items.  What no declaration speaks
    of stays: free text is not searched for names.
    """
    if not isinstance(tree, dict) or not attrs.has(cls):
        return tree
    steps = _steps(cls)
    return {
        name: steps[name](held) if name in steps and held is not None else held
        for name, held in tree.items()
    }


def named(third: Other, held: Any) -> Any:
    """Say of a third party, or of several, as much as the person may know."""
    if isinstance(held, list | tuple):
        return len(held)
    # The chain itself is nobody.
    return held if held == CHAIN.id and third is Other.STAFF else third.value


@lru_cache(maxsize=256)
def _steps(cls: Any) -> dict[str, Step]:
    hints = _hints(cls)
    steps: dict[str, Step] = {}
    for attribute in fields_of(cls):
        third = third_party_of(attribute)
        step = _inside(hints.get(attribute.name)) if third is None else _naming(third)
        if step is not None:
            steps[attribute.name] = step
    return steps


def _hints(cls: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls)
    except (NameError, TypeError):
        return {}  # a plugin's class may be annotated with names that only its type checker knows


def _naming(third: Other) -> Step:
    return lambda held: named(third, held)


def _inside(hint: Any) -> Step | None:
    """Give what redacts a value of a type, ``None`` where nothing in it can name anybody."""
    origin = typing.get_origin(hint)
    arguments = [a for a in typing.get_args(hint) if a not in (types.NoneType, Ellipsis)]
    if origin in (typing.Union, types.UnionType):
        return _inside(arguments[0]) if len(arguments) == 1 else None
    if origin in (tuple, list):
        return _each(_inside(arguments[0]))
    if origin is dict:
        return _every(_inside(arguments[1]))
    if isinstance(hint, type) and attrs.has(hint):
        return lambda held: redacted(hint, held)
    return None


def _each(step: Step | None) -> Step | None:
    if step is None:
        return None
    return lambda held: [step(item) for item in held] if isinstance(held, list) else held


def _every(step: Step | None) -> Step | None:
    if step is None:
        return None
    return lambda held: (
        {key: step(inner) for key, inner in held.items()} if isinstance(held, dict) else held
    )
