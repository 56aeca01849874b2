"""An expression as a tree of values: what a segment is, apart from how it is written.

A tree is in normal form: parts of one sort are never nested in each other, and none stands
alone.  :func:`all_of` and :func:`any_of` see to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import reduce

import attrs

from profilecore.values import frozen


class Unit(Enum):
    """A length of time on the calendar."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Op(Enum):
    """How two ordered values compare."""

    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="


@frozen
class Text:
    """A text or a code; it may name a person, so it never shows in a repr."""

    text: str = attrs.field(repr=False)


@frozen
class Number:
    value: Decimal = attrs.field(repr=False)


@frozen
class Truth:
    value: bool


@frozen
class Day:
    """A day of the calendar."""

    on: date = attrs.field(repr=False)


@frozen
class Relative:
    """A day as seen from today: so many units ahead, or ago where the number is below zero."""

    number: int
    unit: Unit


Value = Text | Number | Truth | Day | Relative
TODAY = Relative(0, Unit.DAY)


@frozen
class Is:
    """Some value of the name equals one of ``values``."""

    name: str
    values: tuple[Value, ...]


@frozen
class Order:
    """Some value of the name lies below or above another."""

    name: str
    op: Op
    value: Value


@frozen
class Empty:
    """The name has no value."""

    name: str


@frozen
class Consent:
    """The person agrees, now, to be written to on a channel for a purpose."""

    channel: str
    purpose: str


@frozen
class Not:
    part: Node


@frozen
class And:
    parts: tuple[Node, ...]


@frozen
class Or:
    parts: tuple[Node, ...]


Leaf = Is | Order | Empty | Consent
Node = Leaf | Not | And | Or


def all_of(parts: Iterable[Node]) -> Node:
    """Join parts by ``and``; at least one."""
    return _joined(And, parts)


def any_of(parts: Iterable[Node]) -> Node:
    """Join parts by ``or``; at least one."""
    return _joined(Or, parts)


def _joined(join: type[And] | type[Or], parts: Iterable[Node]) -> Node:
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if isinstance(part, join) else (part,)
    return flat[0] if len(flat) == 1 else join(tuple(flat))


def one_of(name: str, values: Iterable[Value]) -> Is:
    """Compare with one of some values; what comes twice counts once."""
    return Is(name, tuple(dict.fromkeys(values)))


def leaves(node: Node) -> Iterator[Leaf]:
    """Yield the comparisons of a tree, from left to right."""
    if isinstance(node, Not):
        yield from leaves(node.part)
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from leaves(part)
    else:
        yield node


def depth(node: Node) -> int:
    """Tell how deep a tree is; a comparison alone is 1 deep."""
    if isinstance(node, Not):
        return 1 + depth(node.part)
    if isinstance(node, And | Or):
        return 1 + reduce(max, map(depth, node.parts))
    return 1
