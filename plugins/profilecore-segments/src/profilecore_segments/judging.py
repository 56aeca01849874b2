"""From a tree to the function that judges one person by it: compiled once, called for each.

What is judged are *facts*: the wanted fields of a profile as plain JSON, and, where the
expression asks for them, ``stays`` (:class:`~profilecore_segments.visits.Visits`) and
``memberships``.  A comparison with what is not there does not hold.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, cast

from profilecore.values import frozen
from profilecore_segments import loyalty
from profilecore_segments.consents import agrees
from profilecore_segments.moments import day_of
from profilecore_segments.names import Name, Origin, Sort, named, of_path
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
    Text,
    Truth,
    Value,
)

Facts = dict[str, Any]
Judge = Callable[[Facts], bool]
Values = Callable[[Facts], Iterable[Any]]
STAYS, MEMBERSHIPS = "stays", "memberships"

_COMPARE: dict[Op, Callable[[Any, Any], bool]] = {
    Op.BELOW: operator.lt, Op.AT_MOST: operator.le,
    Op.ABOVE: operator.gt, Op.AT_LEAST: operator.ge,
}  # fmt: skip


@frozen
class Moment:
    """Now, what day that is for the chain, and for which property somebody acts.

    ``zone`` is the chain's: a moment that is stored is compared as the day that it was there.
    """

    now: datetime
    today: date
    property_id: str | None = None
    zone: tzinfo = UTC


def judge_of(node: Node, moment: Moment) -> Judge:
    """Compile a tree into the function that tells whether it holds for the facts of a person."""
    match node:
        case And(parts):
            all_ = [judge_of(part, moment) for part in parts]
            return lambda facts: all(judge(facts) for judge in all_)
        case Or(parts):
            any_ = [judge_of(part, moment) for part in parts]
            return lambda facts: any(judge(facts) for judge in any_)
        case Not(part):
            judge = judge_of(part, moment)
            return lambda facts: not judge(facts)
        case Consent(channel, purpose):
            return lambda facts: agrees(
                facts["consents"] or (), channel, purpose, moment.now, moment.property_id
            )
        case Empty(name):
            values = values_of(known(name))
            return lambda facts: not any(True for _ in values(facts))
        case Is(name, wanted):
            return _equals(known(name), wanted, moment)
        case Order(name, op, limit):
            return _orders(known(name), op, limit, moment)


def known(name: str) -> Name:
    """Give the name of a tree that was parsed."""
    return cast(Name, named(name))


def values_of(name: Name) -> Values:
    """Give the function that yields the values of a name from the facts."""
    path = name.path
    if name.origin is Origin.STAYS:
        attribute = path[0]
        return lambda facts: _each(getattr(facts[STAYS], attribute))
    if name.origin is Origin.LOYALTY:
        return lambda facts: loyalty.values(facts[MEMBERSHIPS], path)
    if len(path) == 1:
        field, default = path[0], name.default
        return lambda facts: _each(facts[field] or default)
    return lambda facts: of_path(facts[path[0]], path[1:])


def _each(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list | set) else (value,)


def _equals(name: Name, wanted: tuple[Value, ...], moment: Moment) -> Judge:
    values = values_of(name)
    match name.sort:
        case Sort.LANGUAGE:
            held = {v.text for v in wanted if isinstance(v, Text)}
            return lambda facts: any(
                v in held or v.partition("-")[0] in held for v in values(facts)
            )
        case Sort.COUNTRY | Sort.CHOICE:
            held = {v.text for v in wanted if isinstance(v, Text)}
            return lambda facts: any(v in held for v in values(facts))
        case Sort.TEXT:
            form = name.form
            held = {form(v.text) for v in wanted if isinstance(v, Text)}
            return lambda facts: any(form(v) in held for v in values(facts))
    tests = [_equal_to(name, value, moment) for value in wanted]
    return lambda facts: any(test(v) for v in values(facts) for test in tests)


def _equal_to(name: Name, wanted: Value, moment: Moment) -> Callable[[Any], bool]:
    match wanted:
        case Truth(truth):
            return lambda value: value is truth
        case Number(number):
            return lambda value: _is_number(value) and _exact(value) == number
        case Text(text):
            form, held = name.form, name.form(text)
            return lambda value: isinstance(value, str) and form(value) == held
        case Day() | Relative():
            day, zone = day_of(wanted, moment.today).isoformat(), moment.zone
            return lambda value: isinstance(value, str) and _days(value, zone) == (day, day)


def _orders(name: Name, op: Op, limit: Value, moment: Moment) -> Judge:
    values, compare = values_of(name), _COMPARE[op]
    if isinstance(limit, Number):
        number: Decimal = limit.value
        return lambda facts: any(
            _is_number(v) and compare(_exact(v), number) for v in values(facts)
        )
    day, zone = day_of(cast("Day | Relative", limit), moment.today).isoformat(), moment.zone
    # A month, or a year alone, lies before a day only if its last day does.
    end = op in (Op.BELOW, Op.AT_MOST)
    return lambda facts: any(
        isinstance(v, str) and (days := _days(v, zone)) is not None and compare(days[end], day)
        for v in values(facts)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _exact(value: float) -> Decimal | int:
    """Give a number as it is written: a fraction of the computer's own is another than 0.1."""
    return value if isinstance(value, int) else Decimal(str(value))


def _days(text: str, zone: tzinfo) -> tuple[str, str] | None:
    """Give the first and the last day that a date can mean: a year, a month, a day or a moment."""
    day = text[:10]
    if len(day) == 10 and day[4] == day[7] == "-":
        day = day if len(text) == 10 else _day_in(zone, text)
        return day, day
    if len(day) == 7 and day[4] == "-":
        return f"{day}-01", f"{day}-31"
    if len(day) == 4 and day.isdecimal():
        return f"{day}-01-01", f"{day}-12-31"
    return None


def _day_in(zone: tzinfo, text: str) -> str:
    """Give the day of a moment in a zone; one without a zone of its own is of this one."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(zone) if moment.tzinfo else moment).date().isoformat()
    except (OverflowError, ValueError):  # a host's own text, or a moment at the calendar's end
        return text[:10]


def holds_in(node: Node, facts: Facts, moment: Moment) -> bool:
    """Tell whether a tree holds for one person."""
    return judge_of(node, moment)(facts)
