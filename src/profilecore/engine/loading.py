"""Take in many rows: prepared on all cores, written in sorted batches, resumable, nothing lost.

Rows are prepared (read, validated, folded, hashed, encoded) in worker processes; this process
only looks up which are known and writes.  Each batch is one transaction, which also notes how
far the job has come.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
import marshal
import os
import signal
from collections import deque
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs
import msgspec

from profilecore.codec import Codec
from profilecore.engine.kernel import PROFILE, Kernel, Unit
from profilecore.engine.profiles import check_change, refuse_cleared, store_change
from profilecore.errors import InvalidProfile, Problem, ProfilecoreError
from profilecore.ids import ids_by, new_id
from profilecore.model.documents import Document, Outcome
from profilecore.model.events import PROFILE_CREATED
from profilecore.model.fields import evolve
from profilecore.model.profile import Profile
from profilecore.rules.changing import Border, Change, Occasion, change, new_profile
from profilecore.rules.terms import TermMaker
from profilecore.rules.visibility import Actor
from profilecore.store.port import Line, Terms
from profilecore.values import frozen

if TYPE_CHECKING:
    from concurrent.futures import Future

CHUNK = 500
BATCH = 8_000
# The larger the store, the more pages a batch of chance values touches: a larger batch touches
# each page for more of them.  At most so many, for the memory and for what an end may lose.
LARGE_BATCH = 24_000
GROWTH = 16
SMALL = 2_000
JOB = "job"

Row = Mapping[str, Any]
Convert = Callable[[Row], Mapping[str, Any]]


@frozen
class Reject:
    """A row that was not taken in: its number (from 1), the row as given, and every problem."""

    number: int
    row: Row = attrs.field(repr=False)
    problems: tuple[Problem, ...]


@frozen
class LoadReport:
    """How a load went.  ``skipped`` rows were done by an earlier, interrupted run of the job."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    skipped: int = 0

    @property
    def done(self) -> int:
        """The number of rows dealt with so far."""
        return self.created + self.updated + self.unchanged + self.rejected + self.skipped


class _Prepared(NamedTuple):
    """A row ready to be written: as a new profile, or to find the one it updates.

    Tuples all the way down, as which it travels between processes.
    """

    id: str
    body: bytes
    keys: tuple[int, ...]
    lines: tuple[Line, ...]
    fields: tuple[str, ...]
    known_by: int | None
    outcome: tuple[str, bytes] | None
    others: tuple[int, ...]


@frozen
class _Preparer:
    """Prepares rows; travels to the worker processes, so it holds plain values only."""

    source: str
    border: Border
    terms: TermMaker
    actor: Actor
    facets: Mapping[str, type]
    convert: Convert | None
    at: datetime | None = None
    ids: Callable[[], str] = new_id

    def __call__(self, rows: list[Row]) -> list[_Prepared | tuple[Problem, ...]]:
        occasion = Occasion(self.at or datetime.now(UTC), self.actor, self.ids, self.source)
        codec = Codec(self.facets)
        ids = ids_by(self.ids, len(rows))
        return [self._prepare(row, id, occasion, codec) for row, id in zip(rows, ids, strict=True)]

    def values(self, row: Row) -> Mapping[str, Any]:
        """Give the row as profile values."""
        return row if self.convert is None else self.convert(row)

    def _prepare(
        self, row: Row, id: str, occasion: Occasion, codec: Codec
    ) -> _Prepared | tuple[Problem, ...]:
        try:
            values = self.values(row)
            profile = new_profile(values, id, occasion, self.border)
        except InvalidProfile as error:
            return error.problems
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
            done = Outcome(id=digest, verb="load", result_id=profile.id)
            outcome = (digest, codec.dump(done))
        fields = _sorted(tuple([name for name, value in values.items() if value is not None]))
        keys, lines = self.terms.of(profile)
        return _Prepared(
            id, codec.dump(profile), keys, lines, fields, known_by, outcome, tuple(others)
        )


# Rows that mean the same must encode alike, whatever their order and types.
_CONTENT = msgspec.json.Encoder(enc_hook=str, order="sorted")


@lru_cache(maxsize=4_096)
def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names))


_preparer: Callable[[list[Row]], Any] | None = None


def _start_worker(preparer: _Preparer) -> None:
    # The one piece of state of a worker process, set once at its start.
    global _preparer  # noqa: PLW0603
    _preparer = preparer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Preparing leaves next to nothing for the collector: let it look seldom.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def _work(packed: bytes | list[Row]) -> bytes:
    assert _preparer is not None
    answer = _Answer([], {})
    for number, made in enumerate(_preparer(_unpack(packed))):
        if isinstance(made, _Prepared):
            answer.good.append(made)
        else:
            answer.refused[number] = made
    return _ANSWER.encode(answer)


class _Answer(NamedTuple):
    """What a worker made of a chunk: the prepared rows, and why the others were refused."""

    good: list[_Prepared]
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


def _unpack(packed: bytes | list[Row]) -> list[Row]:
    if not isinstance(packed, bytes):
        return packed
    rows: list[Row] = marshal.loads(packed)  # noqa: S302  # the process that began this one wrote it
    return rows


def load(
    kernel: Kernel,
    rows: Iterable[Row],
    *,
    source: str,
    workers: int | None = None,
    convert: Convert | None = None,
    job: str | None = None,
    on_reject: Callable[[Reject], None] | None = None,
    on_progress: Callable[[LoadReport], None] | None = None,
) -> LoadReport:
    """Take in rows of one source: new profiles, and additions to known ones.

    A row whose external id of ``source`` is known updates that profile: single values are
    replaced, collections added to; a row that brings nothing new changes nothing.  Rows without
    an external id are recognised by their content.  Bad rows, and those with an id of a cleared
    person (see ``reimport``), are passed to ``on_reject`` with all their problems, and the rest
    goes on.

    Memory does not grow with the number of rows.  Each batch is one durable transaction, and
    repeated under the same ``job`` name an interrupted load goes on behind the last one; rows
    must then come in the same order.  ``convert`` (a picklable function) turns a row into
    profile values in the worker processes.  ``workers=0`` prepares in this process.
    """
    preparer = _Preparer(
        source,
        kernel.border,
        kernel.terms,
        kernel.actor,
        kernel.border.facets,
        convert,
        # An injected clock or id factory must be asked here: prepare in this process.
        None if kernel.own_time else kernel.now(),
        new_id if kernel.own_time else kernel.new_id,
    )
    writing = _Writing(kernel, preparer, job, on_reject)
    numbered = iter(rows)
    skipped = writing.skip(numbered)
    report = LoadReport(skipped=skipped)
    if not kernel.own_time:
        workers = 0
    with closing(_prepare_all(preparer, numbered, workers)) as chunks:
        for batch in _batches(chunks, writing.size_of_batch):
            report = writing.write(batch, report)
            if on_progress is not None:
                on_progress(report)
    writing.finish()
    return report


Chunk = tuple[bytes | list[Row], list[Any]]


def _prepare_all(preparer: _Preparer, rows: Iterator[Row], workers: int | None) -> Generator[Chunk]:
    """Yield chunks in order, prepared in worker processes where that pays."""
    count = os.cpu_count() or 1 if workers is None else workers
    first = list(itertools.islice(rows, SMALL if count else 0))
    for start in range(0, len(first), CHUNK):
        part = first[start : start + CHUNK]
        yield part, preparer(part)
    if count and len(first) < SMALL:
        return
    chunks = iter(lambda: list(itertools.islice(rows, CHUNK)), [])
    if not count or not _picklable(preparer):
        for part in chunks:
            yield part, preparer(part)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(
        count, get_context("spawn"), initializer=_start_worker, initargs=(preparer,)
    ) as pool:
        waiting: deque[tuple[bytes | list[Row], Future[bytes]]] = deque()
        try:
            for part in chunks:
                packed = _pack(part)
                waiting.append((packed, pool.submit(_work, packed)))
                if len(waiting) > 2 * count + LARGE_BATCH // CHUNK:
                    done, future = waiting.popleft()
                    yield done, _result(future.result())
            while waiting:
                done, future = waiting.popleft()
                yield done, _result(future.result())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _picklable(preparer: _Preparer) -> bool:
    from multiprocessing.reduction import ForkingPickler

    try:
        ForkingPickler.dumps(preparer)
    except Exception:  # noqa: BLE001  # pickling raises what it likes
        return False
    return True


def _batches(chunks: Iterator[Chunk], size_of_batch: Callable[[], int]) -> Iterator[list[Chunk]]:
    """Yield chunks together as batches; asks for the size once a batch has the smallest."""
    batch: list[Chunk] = []
    size, wanted = 0, BATCH
    for chunk in chunks:
        batch.append(chunk)
        size += len(chunk[1])
        if size >= wanted == BATCH:
            wanted = size_of_batch()
        if size >= wanted:
            yield batch
            batch, size, wanted = [], 0, BATCH
    if batch:
        yield batch


@frozen
class _Job:
    done: int


class _Writing:
    """Writes prepared batches, each in one transaction with the job's progress."""

    def __init__(
        self,
        kernel: Kernel,
        preparer: _Preparer,
        job: str | None,
        on_reject: Callable[[Reject], None] | None,
    ) -> None:
        self._kernel = kernel
        self._preparer = preparer
        self._on_reject = on_reject
        self._job = (
            job and hashlib.blake2b(job.encode(), digest_size=16, key=kernel.store.salt).hexdigest()
        )
        self._judged = kernel.plugins.judges_changes

    def skip(self, rows: Iterator[Row]) -> int:
        """Pass over what an interrupted run of the job has done; give how much that was."""
        if self._job is None:
            return 0
        with self._kernel.reading() as reader:
            document = reader.get(JOB, self._job)
        if document is None:
            return 0
        done = self._kernel.codec.load(_Job, document.body).done
        return sum(1 for _ in itertools.islice(rows, done))

    def size_of_batch(self) -> int:
        """Give how many rows the next batch should have, by what the store holds now."""
        with self._kernel.reading() as reader:
            held = reader.count(PROFILE)
        return max(BATCH, min(LARGE_BATCH, held // GROWTH))

    def finish(self) -> None:
        """Forget the job: the same rows again start from the beginning."""
        if self._job is not None:
            with self._kernel.writing() as unit:
                unit.writer.delete(JOB, self._job)

    def write(self, batch: list[Chunk], before: LoadReport) -> LoadReport:
        """Write one batch and give the report with its counts added."""
        counts = {"created": 0, "updated": 0, "unchanged": 0}
        rejects: list[Reject] = []
        kernel = self._kernel
        with kernel.writing() as unit:
            new: list[tuple[Document, Terms]] = []
            created: list[tuple[str, tuple[str, ...]]] = []
            later: list[tuple[int, Row, _Prepared]] = []
            known = self._known(unit, [made for _, prepared in batch for made in prepared])
            number = before.done
            for packed, prepared in batch:
                rows: list[Row] = []  # few are needed again
                for at, made in enumerate(prepared):
                    number += 1
                    if not isinstance(made, _Prepared):
                        rows = rows or _unpack(packed)
                        rejects.append(Reject(number, rows[at], made))
                        continue
                    mark = made.known_by if made.outcome is None else made.outcome[0]
                    if mark in known or self._judged or self._needs_care(made, known):
                        rows = rows or _unpack(packed)
                        later.append((number, rows[at], made))
                        continue
                    known.add(mark)
                    terms = Terms(made.keys, made.lines)
                    new.append((Document(PROFILE, made.id, made.id, 1, made.body), terms))
                    if made.outcome is not None:
                        id, body = made.outcome
                        new.append((Document("outcome", id, made.id, 1, body), Terms()))
                    created.append((made.id, made.fields))
            unit.writer.insert(new)
            unit.emit_all(PROFILE_CREATED, created)
            counts["created"] = len(created)
            for number, row, made in later:
                try:
                    with unit.part():
                        done = self._later(unit, row, made)
                    counts[done] += 1
                except ProfilecoreError as error:
                    rejects.append(Reject(number, row, _problems(error)))
            report = evolve(
                before,
                rejected=before.rejected + len(rejects),
                **{name: getattr(before, name) + count for name, count in counts.items()},
            )
            self._note(unit, report.done)
            # Before the commit: a reject told twice can be recognised, one never told is lost.
            for reject in sorted(rejects, key=lambda r: r.number):
                if self._on_reject is not None:
                    self._on_reject(reject)
        return report

    def _known(self, unit: Unit, prepared: Iterable[Any]) -> set[Any]:
        made = [p for p in prepared if isinstance(p, _Prepared)]
        keys = [p.known_by for p in made if p.known_by is not None]
        keys += [key for p in made for key in p.others]
        outcomes = [p.outcome[0] for p in made if p.outcome is not None]
        known: set[Any] = set(unit.writer.find_many(keys)) if keys else set()
        if outcomes:
            known |= {d.id for d in unit.writer.get_many("outcome", outcomes)}
        return known

    def _needs_care(self, made: _Prepared, known: Container[Any]) -> bool:
        """Tell whether a new profile has an id of a cleared person, maybe, or names others."""
        return any(key in known for key in made.others) or "relationships" in made.fields

    def _later(self, unit: Unit, row: Row, made: _Prepared) -> str:
        """Write a row that needs care: its profile is known, or plugins want to judge it."""
        kernel = self._kernel
        profile = self._holder(unit, made)
        if profile is None:
            return self._create(unit, made)
        if profile.state.is_cleared:
            if kernel.settings.reimport == "new":
                return self._create(unit, made)
            problem = Problem("/external_ids", "profile-cleared", "belonged to a cleared person")
            raise InvalidProfile([problem])
        occasion = kernel.occasion(self._preparer.source)
        # What a row leaves empty it does not know; it takes nothing away.
        values = {k: v for k, v in self._preparer.values(row).items() if v is not None}
        worked_out = change(profile, values, occasion, kernel.border, unite=True)
        store_change(unit, worked_out)
        return "updated" if worked_out.fields else "unchanged"

    def _holder(self, unit: Unit, made: _Prepared) -> Profile | None:
        kernel = self._kernel
        if made.outcome is not None:
            done = unit.writer.get("outcome", made.outcome[0])
            ids = [kernel.codec.load(Outcome, done.body).result_id] if done else []
        else:
            assert made.known_by is not None
            ids = unit.writer.find(made.known_by)
        holders = [kernel.root(unit.writer, id) for id in ids]
        living = [p for p in holders if not p.state.is_cleared]
        return living[0] if living else (holders[0] if holders else None)

    def _create(self, unit: Unit, made: _Prepared) -> str:
        profile = self._kernel.codec.load(Profile, made.body)
        refuse_cleared(unit, profile)
        check_change(unit, Change(None, profile, made.fields))
        unit.put_profile(profile, expect=0)
        if made.outcome is not None:
            id, body = made.outcome
            # That of a cleared person, where those may come again, now leads to this one.
            unit.writer.delete("outcome", id)
            unit.writer.put(Document("outcome", id, profile.id, 1, body), expect=0)
        unit.emit(PROFILE_CREATED, profile.id, fields=made.fields)
        return "created"

    def _note(self, unit: Unit, done: int) -> None:
        if self._job is None:
            return
        stored = unit.writer.get(JOB, self._job)
        version = stored.version if stored else 0
        unit.put(JOB, self._job, self._job, _Job(done), expect=version)


def _problems(error: ProfilecoreError) -> tuple[Problem, ...]:
    if isinstance(error, InvalidProfile):
        return error.problems
    return (Problem("/", error.code, str(error)),)
