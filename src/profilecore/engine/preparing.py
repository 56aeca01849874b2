"""Prepare rows for a load: read, validated, folded, hashed and encoded, in worker processes."""

from __future__ import annotations

import hashlib
import itertools
import marshal
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from profilecore.codec import Codec
from profilecore.engine.workers import Workers, WorkLost, can_travel
from profilecore.errors import InvalidProfile, Problem
from profilecore.ids import ids_by, new_id
from profilecore.model.documents import Outcome
from profilecore.model.plain import body as plain_body
from profilecore.model.plain import plain_profile
from profilecore.model.profile import Profile
from profilecore.rules.changing import Border, blank_profile, new_profile, region_of
from profilecore.rules.objecting import keys_of
from profilecore.rules.occasion import Occasion
from profilecore.rules.terms import TermMaker
from profilecore.rules.visibility import Actor
from profilecore.store.port import Terms, unpacked
from profilecore.values import frozen

if TYPE_CHECKING:
    from concurrent.futures import Future

CHUNK = 500
SMALL = 2_000
# So many rows may wait prepared: the largest batch that is written.  They take 2 KB each.
AHEAD = 48_000

Row = Any
"""The values of a profile as a mapping, or what a ``convert`` makes such values of."""
Convert = Callable[[Row], Mapping[str, Any]]


class Prepared(NamedTuple):
    """A row ready to be written: as a new profile, or to find the one it updates.

    Tuples all the way down, as which it travels between processes.
    """

    id: str
    body: bytes
    terms: Terms | bytes
    fields: tuple[str, ...]
    known_by: int | None
    outcome: tuple[str, bytes] | None
    others: tuple[int, ...]
    objected_by: tuple[int, ...]


@frozen
class Preparer:
    """Prepares rows; travels to the worker processes, so it holds plain values only."""

    source: str
    border: Border
    terms: TermMaker
    actor: Actor
    facets: Mapping[str, type]
    convert: Convert | None
    at: datetime | None = None
    ids: Callable[[], str] = new_id
    objections: TermMaker | None = None
    pack: Callable[[Terms], Terms | bytes] = unpacked

    def __call__(self, rows: list[Row]) -> list[Prepared | tuple[Problem, ...]]:
        occasion = Occasion(self.at or datetime.now(UTC), self.actor, self.ids, self.source)
        codec = Codec(self.facets)
        alike = codec.dump(blank_profile("", occasion))
        ids = ids_by(self.ids, len(rows))
        return [
            self._prepare(row, id, occasion, codec, alike)
            for row, id in zip(rows, ids, strict=True)
        ]

    def values(self, row: Row) -> Mapping[str, Any]:
        """Give the row as profile values.

        :raises InvalidProfile: if it cannot be read as such.
        """
        try:
            values = row if self.convert is None else self.convert(row)
        except InvalidProfile:
            raise
        except (TypeError, ValueError, RecursionError) as error:
            # What it says may repeat the row.
            raise _unreadable(f"cannot be read ({type(error).__name__})") from None
        if not isinstance(values, Mapping):
            raise _unreadable("is no mapping of fields to values")
        return values

    def _prepare(
        self, row: Row, id: str, occasion: Occasion, codec: Codec, alike: bytes
    ) -> Prepared | tuple[Problem, ...]:
        try:
            return self._prepared(row, id, occasion, codec, alike)
        except InvalidProfile as error:
            return error.problems
        except (TypeError, RecursionError) as error:
            return _unreadable(f"cannot be read ({type(error).__name__})").problems

    def _prepared(
        self, row: Row, id: str, occasion: Occasion, codec: Codec, alike: bytes
    ) -> Prepared:
        values = self.values(row)
        profile, body = self._made(values, id, occasion, codec, alike)
        known_by, outcome, others = None, None, []
        for external in profile.external_ids:
            key = self.terms.external(external.system, external.value)
            if known_by is None and external.system == self.source:
                known_by = key
            else:
                others.append(key)
        if known_by is None:
            # Without an id of its own, the same row again is recognised by its content.
            content = _CONTENT.encode([self.source, values])
            digest = hashlib.blake2b(content, digest_size=16, key=self.terms.salt).hexdigest()
            done = Outcome(id=digest, verb="load", result_id=id)
            outcome = (digest, codec.dump(done))
        fields = _sorted(tuple([name for name, value in values.items() if value is not None]))
        terms = self.pack(self.terms.of(profile))
        objected_by = keys_of([profile], self.objections) if self.objections else ()
        watched = (tuple(others), objected_by)
        return Prepared(id, body, terms, fields, known_by, outcome, *watched)

    def _made(
        self, values: Mapping[str, Any], id: str, occasion: Occasion, codec: Codec, alike: bytes
    ) -> tuple[Any, bytes]:
        """Give a new profile, or a plain one that is found by the same terms, and its body.

        ``alike`` is the part of the body that the rows of a chunk have in common.

        :raises InvalidProfile: with every problem at once.
        """
        plain = plain_profile(values, partial(region_of, values, self.border, None))
        if plain is None:
            profile = new_profile(values, id, occasion, self.border)
            return profile, codec.dump(profile)
        body = plain_body(id, alike, plain)
        whole = self.terms.sources or self.objections  # they are told of profiles
        return (codec.load(Profile, body) if whole else plain), body


def _unreadable(message: str) -> InvalidProfile:
    return InvalidProfile([Problem("/", "unreadable-row", message)])


# Rows that mean the same must encode alike, whatever their order and types.
_CONTENT = msgspec.json.Encoder(enc_hook=str, order="sorted")


@lru_cache(maxsize=4_096)
def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _work(preparer: Preparer, packed: bytes | list[Row]) -> bytes:
    answer = _Answer([], {})
    for number, made in enumerate(preparer(unpack(packed))):
        if isinstance(made, Prepared):
            answer.good.append(made)
        else:
            answer.refused[number] = made
    return _ANSWER.encode(answer)


class _Answer(NamedTuple):
    """What a worker made of a chunk: the prepared rows, and why the others were refused."""

    good: list[Prepared]
    refused: dict[int, tuple[Problem, ...]]


_ANSWER = msgspec.msgpack.Encoder()
_ANSWERED = msgspec.msgpack.Decoder(_Answer)


def _result(answer: bytes) -> list[Any]:
    """Give what a worker made, row by row."""
    good, refused = _ANSWERED.decode(answer)
    if not refused:
        return good
    in_order = iter(good)
    return [refused.get(n) or next(in_order) for n in range(len(good) + len(refused))]


def _pack(rows: list[Row]) -> bytes | list[Row]:
    """Give plain rows, as files have them, in a form that travels at half the cost."""
    try:
        return marshal.dumps(rows)
    except ValueError:
        return rows


def unpack(packed: bytes | list[Row]) -> list[Row]:
    if not isinstance(packed, bytes):
        return packed
    rows: list[Row] = marshal.loads(packed)  # noqa: S302  # the process that began this one wrote it
    return rows


Chunk = tuple[bytes | list[Row], list[Any]]


def prepare_all(preparer: Preparer, rows: Iterator[Row], workers: int | None) -> Generator[Chunk]:
    """Yield chunks in order, prepared in worker processes where that pays."""
    count = os.cpu_count() or 1 if workers is None else workers
    chunks = iter(lambda: list(itertools.islice(rows, CHUNK)), [])
    first = list(itertools.islice(chunks, SMALL // CHUNK))
    work = partial(_work, preparer)
    if not count or sum(map(len, first)) < SMALL or not can_travel(work):
        for part in itertools.chain(first, chunks):
            yield part, preparer(part)
        return
    with closing(Workers(work, count)) as workshop:
        waiting: deque[tuple[bytes | list[Row], Future[bytes]]] = deque()

        def submit(part: list[Row]) -> None:
            packed = _pack(part)
            waiting.append((packed, workshop.submit(packed)))

        for part in itertools.islice(chunks, count):
            submit(part)
        for part in first:  # while the workers start
            yield part, preparer(part)
        for part in chunks:
            submit(part)
            if len(waiting) > 2 * count + AHEAD // CHUNK:
                yield _prepared(preparer, *waiting.popleft())
        while waiting:
            yield _prepared(preparer, *waiting.popleft())


def _prepared(preparer: Preparer, packed: bytes | list[Row], future: Future[bytes]) -> Chunk:
    try:
        return packed, _result(future.result())
    except WorkLost:
        return packed, preparer(unpack(packed))
