"""From the text of an expression to its tree, by recursive descent.  Nothing is evaluated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NoReturn

from profilecore.model import enums
from profilecore.normalise import codes
from profilecore_segments import names, tokens
from profilecore_segments.names import Name, named
from profilecore_segments.nodes import (
    TODAY,
    Consent,
    Day,
    Empty,
    Is,
    Leaf,
    Node,
    Not,
    Number,
    Op,
    Order,
    Relative,
    Text,
    Truth,
    Unit,
    Value,
    all_of,
    any_of,
    one_of,
)
from profilecore_segments.tokens import KEYWORDS, Sort, Token, fault

MAX_DEPTH = 32
"""Brackets and nots in each other: nobody reads deeper, and no interpreter runs out of stack."""
MAX_VALUES = 300
"""Values of one ``in``: every country there is, and some more."""
MAX_PURPOSE = 50
MAX_TEXT = 255
MAX_UNITS = 9_999

_ORDERS = {op.value: op for op in Op} | {"before": Op.BELOW, "after": Op.ABOVE}
_COMPARING = frozenset({*_ORDERS, "=", "!=", "not", "in"})
_CHANNELS = tuple(channel.value for channel in enums.Channel)
_UNITS = {f"{unit.value}{end}": unit for unit in Unit for end in ("", "s")}
_AND_SO_ON = "and, or, or the end"


def parse(text: str) -> Node:
    """Read an expression.

    :raises ExpressionError: at the first place where it goes wrong, saying what was expected.
    """
    parser = _Parser(text)
    node = parser.either(0)
    parser.end()
    return node


class _Parser:
    """Reads tokens from left to right; each method reads one rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens.tokens(text)
        self._next = 0

    # ---- the grammar

    def either(self, depth: int) -> Node:
        parts = [self._both(depth)]
        while self._takes("or"):
            parts.append(self._both(depth))
        return any_of(parts)

    def _both(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while self._takes("and"):
            parts.append(self._one(depth))
        return all_of(parts)

    def _one(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            self._refuse(f"at most {MAX_DEPTH} brackets and nots in each other")
        if self._takes("not"):
            return Not(self._one(depth + 1))
        if self._takes("("):
            inside = self.either(depth + 1)
            self._need(")", f"a closing bracket, {_AND_SO_ON.removesuffix(', or the end')}")
            return inside
        if self._is("consent"):
            return self._consent()
        return self._comparison()

    def _comparison(self) -> Node:
        name = self._name()
        if self._takes("is"):
            negated = self._takes("not")
            self._need("empty", "empty" if negated else "empty, or not empty")
            return _negated(Empty(name.name), negated)
        if name.sort is names.Sort.THING:
            self._refuse_thing(name)
        if self._is("not") or self._is("in"):
            negated = self._takes("not")
            self._need("in", "in")
            return _negated(self._listed(name), negated)
        sign = self._peek.text.lower() if self._peek.sort in (Sort.SIGN, Sort.WORD) else ""
        if sign in ("=", "!="):
            self._next += 1
            return _negated(one_of(name.name, [self._value(name)]), sign == "!=")
        if sign in _ORDERS and name.sort.is_ordered:
            return self._order(name, _ORDERS[sign])
        self._refuse(_comparisons(name))

    def _listed(self, name: Name) -> Is:
        self._need("(", "a list in brackets, as (a, b)")
        values = [self._value(name)]
        while self._takes(","):
            if len(values) == MAX_VALUES:
                self._refuse(f"at most {MAX_VALUES} values")
            values.append(self._value(name))
        self._need(")", "a comma, or a closing bracket")
        return one_of(name.name, values)

    def _order(self, name: Name, op: Op) -> Order:
        is_of_days = self._peek.text.lower() in ("before", "after")
        if is_of_days and name.sort is names.Sort.NUMBER:
            self._refuse(_comparisons(name))
        self._next += 1
        if name.sort is not names.Sort.ANY:
            return Order(name.name, op, self._value(name))
        if is_of_days or self._is_day:
            return Order(name.name, op, self._day())
        if self._peek.sort is not Sort.NUMBER:
            self._refuse("a number, or a day")
        return Order(name.name, op, self._number())

    def _consent(self) -> Consent:
        self._next += 1
        self._need("(", "a channel and a purpose in brackets, as (email, marketing)")
        channel = self._chosen(_CHANNELS)
        self._need(",", "a comma, and the purpose")
        purpose = self._text_of_value()
        if len(purpose) > MAX_PURPOSE:
            self._next -= 1
            self._refuse(f"a purpose of at most {MAX_PURPOSE} characters")
        self._need(")", "a closing bracket")
        return Consent(channel, purpose)

    # ---- names and values

    def _name(self) -> Name:
        token = self._peek
        if token.sort is not Sort.WORD or token.text in KEYWORDS:
            self._refuse("a name as tag or stays.count, not, consent, or an opening bracket")
        name = named(token.text)
        if name is None:
            nearest = names.nearest_name(token.text)
            self._refuse("a field, or a name under stays, loyalty, facets or custom", nearest)
        self._next += 1
        return name

    def _value(self, name: Name) -> Value:
        match name.sort:
            case names.Sort.NUMBER:
                return self._number()
            case names.Sort.DAY:
                return self._day()
            case names.Sort.CHOICE:
                return Text(self._chosen(name.choices))
            case names.Sort.COUNTRY:
                return Text(self._coded(codes.country, "a country, as ES"))
            case names.Sort.LANGUAGE:
                return Text(self._coded(codes.language, "a language, as pt or pt-BR"))
            case names.Sort.ANY:
                return self._any()
            case _:
                return Text(self._text_of_value())

    def _any(self) -> Value:
        if self._is("true") or self._is("false"):
            truth = Truth(self._peek.text.lower() == "true")
            self._next += 1
            return truth
        if self._is_day:
            return self._day()
        if self._peek.sort is Sort.NUMBER:
            return self._number()
        return Text(self._text_of_value())

    def _text_of_value(self) -> str:
        """Read a text: in quotes, or a word, a number or a date that stands for itself."""
        token = self._peek
        bare = token.sort in (Sort.WORD, Sort.NUMBER, Sort.DAY) and token.text not in KEYWORDS
        text = " ".join(token.text.split())
        if not bare and token.sort is not Sort.TEXT:
            self._refuse("a value (a word that means something else stands in quotes)")
        if not text or len(text) > MAX_TEXT:
            self._refuse(f"a text of 1 to {MAX_TEXT} characters")
        self._next += 1
        return text

    def _chosen(self, choices: tuple[str, ...]) -> str:
        given = self._text_of_value().lower()
        if given not in choices:
            self._next -= 1
            self._refuse(f"one of {', '.join(choices)}", names.nearest(given, choices))
        return given

    def _coded(self, read: Callable[[str], str], expected: str) -> str:
        given = self._text_of_value()
        try:
            return read(given)
        except ValueError:
            self._next -= 1
            self._refuse(expected)

    def _number(self) -> Number:
        token = self._peek
        if token.sort is not Sort.NUMBER:
            self._refuse("a number")
        self._next += 1
        return Number(Decimal(token.text).normalize() + 0)  # no minus before a zero

    @property
    def _is_day(self) -> bool:
        if self._peek.sort is Sort.NUMBER:
            following = self._tokens[self._next + 1]
            return following.sort is Sort.WORD and following.text.lower() in _UNITS
        return self._peek.sort is Sort.DAY or self._is("today")

    def _day(self) -> Day | Relative:
        token = self._peek
        if self._takes("today"):
            return TODAY
        if token.sort is Sort.DAY:
            try:
                day = Day(date.fromisoformat(token.text))
            except ValueError:
                self._refuse("a day that the calendar has")
            self._next += 1
            return day
        if token.sort is Sort.NUMBER and token.text.isdecimal():
            return self._relative(int(token.text))
        self._refuse("a day as 2026-01-31, today, or as 18 months ago")

    def _relative(self, number: int) -> Relative:
        if number > MAX_UNITS:
            self._refuse(f"at most {MAX_UNITS}")
        self._next += 1
        unit = _UNITS.get(self._peek.text.lower()) if self._peek.sort is Sort.WORD else None
        if unit is None:
            self._refuse("days, weeks, months or years")
        self._next += 1
        if not self._is("ago") and not self._is("ahead"):
            self._refuse("ago, or ahead")
        is_ago = self._takes("ago")
        if not is_ago:
            self._next += 1
        return Relative(-number if is_ago else number, unit) if number else TODAY

    # ---- the tokens

    @property
    def _peek(self) -> Token:
        token = self._tokens[self._next]
        if token.sort is Sort.WRONG:
            raise fault(self._text, token.at, token.text)
        return token

    def _is(self, word: str) -> bool:
        token = self._peek
        return token.sort in (Sort.WORD, Sort.SIGN) and token.text.lower() == word

    def _takes(self, word: str) -> bool:
        if not self._is(word):
            return False
        self._next += 1
        return True

    def _need(self, word: str, expected: str) -> None:
        if not self._takes(word):
            self._refuse(expected)

    def end(self) -> None:
        if self._peek.sort is not Sort.END:
            self._refuse(_AND_SO_ON)

    def _refuse_thing(self, name: Name) -> NoReturn:
        """Refuse to compare what is only there or not, where the value begins."""
        while self._tokens[self._next].text.lower() in _COMPARING:
            self._next += 1
        told = f"is empty, or is not empty: nothing else can be asked of {name.name}"
        raise fault(self._text, self._tokens[self._next].at, told)

    def _refuse(self, expected: str, suggestion: str | None = None) -> NoReturn:
        raise fault(self._text, self._peek.at, expected, suggestion)


def _negated(leaf: Leaf, is_negated: bool) -> Node:
    return Not(leaf) if is_negated else leaf


def _comparisons(name: Name) -> str:
    if name.sort is names.Sort.DAY:
        return "=, !=, before, after, <, <=, >, >=, in, or is empty"
    if name.sort.is_ordered:
        return "=, !=, <, <=, >, >=, in, or is empty"
    return "=, !=, in, not in, or is empty"
