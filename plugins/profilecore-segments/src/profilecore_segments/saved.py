"""Saved segments: a name, an expression in its normal form, what it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from profilecore import InvalidProfile, NotFound, Problem
from profilecore.normalise.text import clean
from profilecore.values import frozen
from profilecore_segments.faults import ExpressionError
from profilecore_segments.parsing import parse
from profilecore_segments.settings import SEGMENT
from profilecore_segments.tokens import fault
from profilecore_segments.writing import write

if TYPE_CHECKING:
    from profilecore import Engine
    from profilecore_segments.nodes import Node

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
PAGE = 1_000


@frozen
class Segment:
    """A saved segment of the chain; ``refreshed_at`` is when its movements were last looked for."""

    name: str
    expression: str = attrs.field(repr=False)
    description: str = attrs.field(default="", repr=False)
    defined_at: datetime | None = None
    defined_by: str | None = None
    refreshed_at: datetime | None = None


def define(engine: Engine, name: str, expression: str, description: str = "") -> Segment:
    """Save a segment under a name, or change the one that has it.

    :raises InvalidProfile: for a name that is none, or a description that is too long.
    :raises ExpressionError: saying where the expression goes wrong, or that it is too much.
    :raises ScopeDenied: if a property defines one: segments are the chain's.
    """
    if not NAME.fullmatch(name):
        message = "must be up to 50 small letters, digits, - and _, a letter or digit first"
        raise InvalidProfile([Problem("/name", "invalid-value", message)])
    try:
        said = clean(description, 500)
    except ValueError as error:
        raise InvalidProfile([Problem("/description", "invalid-value", str(error))]) from None
    made = Segment(name, _normal(expression), said, engine.now, engine.actor.id)
    engine.store_document(SEGMENT, made, id=name)
    return made


def _normal(expression: str) -> str:
    """Give the normal form, which may be longer and deeper than what was written."""
    normal = write(parse(expression))
    try:
        parse(normal)
    except ExpressionError as error:
        told = f"{error.expected}, in its normal form too"
        raise fault(expression, len(expression), told) from None
    return normal


def get(engine: Engine, name: str) -> Segment:
    """Give a saved segment.

    :raises NotFound: if there is none of this name.
    """
    if not NAME.fullmatch(name):
        raise NotFound("segment", "of that name")
    found: Segment = engine.document(SEGMENT, name).value
    return found


def every(engine: Engine) -> Iterator[Segment]:
    """Yield all saved segments, in the order of their names."""
    found: list[Segment] = []
    after = None
    while page := engine.documents(SEGMENT, after=after, limit=PAGE):
        found += (stored.value for stored in page)
        after = page[-1].id
    yield from sorted(found, key=lambda segment: segment.name)


def drop(engine: Engine, name: str) -> bool:
    """Delete a saved segment; tell whether there was one."""
    return engine.delete_document(SEGMENT, name)


def node_of(engine: Engine, segment: str) -> Node:
    """Give the tree of a saved segment by its name, or of an expression by its text.

    No expression is a name alone, and no name is an expression.

    :raises NotFound: if there is no segment of this name.
    :raises ExpressionError: saying where the expression goes wrong.
    """
    if NAME.fullmatch(segment):
        return parse(get(engine, segment).expression)
    return parse(segment)
