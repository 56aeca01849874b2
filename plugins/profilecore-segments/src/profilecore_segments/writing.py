"""From the tree of an expression to its text: one normal form for each tree."""

from __future__ import annotations

from decimal import Decimal

from profilecore_segments.names import Sort, named
from profilecore_segments.nodes import (
    And,
    Consent,
    Day,
    Empty,
    Is,
    Node,
    Not,
    Number,
    Op,
    Or,
    Order,
    Relative,
    Truth,
    Value,
)
from profilecore_segments.tokens import KEYWORDS, WORD

_OF_DAYS = {Op.BELOW: "before", Op.ABOVE: "after"}


def write(node: Node) -> str:
    """Write a tree; :func:`~profilecore_segments.parsing.parse` gives the same tree again."""
    match node:
        case Or(parts):
            return " or ".join(map(write, parts))
        case And(parts):
            return " and ".join(_inside(part, Or) for part in parts)
        case Not(part):
            return f"not {_inside(part, Or | And)}"
        case Is(name, (value,)):
            return f"{name} = {_value(value)}"
        case Is(name, values):
            return f"{name} in ({', '.join(map(_value, values))})"
        case Order(name, op, value):
            return f"{name} {_sign(name, op, value)} {_value(value)}"
        case Empty(name):
            return f"{name} is empty"
        case Consent(channel, purpose):
            return f"consent({channel}, {_text(purpose)})"


def _inside(node: Node, weaker: object) -> str:
    text = write(node)
    return f"({text})" if isinstance(node, weaker) else text  # type: ignore[arg-type]  # a class or a union of them


def _sign(name: str, op: Op, value: Value) -> str:
    known = named(name)
    is_day = known is not None and (
        known.sort is Sort.DAY or (known.sort is Sort.ANY and isinstance(value, Day | Relative))
    )
    return _OF_DAYS.get(op, op.value) if is_day else op.value


def _value(value: Value) -> str:
    match value:
        case Number(number):
            return number_text(number)
        case Truth(truth):
            return "true" if truth else "false"
        case Day(on):
            return on.isoformat()
        case Relative(0, _):
            return "today"
        case Relative(number, unit):
            plural = "" if abs(number) == 1 else "s"
            return f"{abs(number)} {unit.value}{plural} {'ago' if number < 0 else 'ahead'}"
        case _:
            return _text(value.text)


def number_text(number: Decimal) -> str:
    """Write a number without an exponent."""
    return f"{number:f}"


def _text(text: str) -> str:
    if WORD.fullmatch(text) and text.lower() not in KEYWORDS:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
