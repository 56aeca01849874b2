"""Take in many rows: prepared on all cores, written in sorted batches, resumable, nothing lost.

Rows are prepared (read, validated, folded, hashed, encoded) in worker processes; this process
only looks up which are known and writes.  Each batch is one transaction, which also notes how
far the job has come.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import closing
from typing import Any

import attrs

from profilecore.engine.collecting import seldom_collected
from profilecore.engine.kernel import Kernel
from profilecore.engine.objecting import OBJECTED, known_by, objections
from profilecore.engine.preparing import (
    AHEAD,
    Chunk,
    Convert,
    Prepared,
    Preparer,
    Row,
    prepare_all,
    unpack,
)
from profilecore.engine.profiles import check_change, refuse_cleared, store_change
from profilecore.engine.unit import PROFILE, Unit
from profilecore.errors import InvalidProfile, NotFound, Problem, ProfilecoreError, StoreError
from profilecore.ids import new_id
from profilecore.model.documents import Document, Outcome
from profilecore.model.events import PROFILE_CREATED
from profilecore.model.fields import evolve
from profilecore.model.profile import Profile
from profilecore.rules.changing import Change, change
from profilecore.store.port import NO_TERMS, Terms
from profilecore.values import frozen

BATCH = 8_000
# The larger the store, the more pages a batch of chance values touches: a larger batch touches
# each page for more of them.  At most so many, for the memory and for what an end may lose.
LARGE_BATCH = AHEAD
GROWTH = 8
JOB = "job"


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
    must then come in the same order.  ``workers=0`` prepares in this process.

    ``convert`` (a picklable function) turns a row into profile values in the worker processes.
    With it a row may be anything that can be pickled, as a line of a file with ``json.loads``,
    whose reading then takes no time of the process that writes.  Where it raises a
    ``ValueError`` or a ``TypeError``, the row is rejected.

    :raises InvalidProfile: if people objected, and the settings lack the key to tell them by.
    """
    preparer = Preparer(
        source,
        kernel.border,
        kernel.terms,
        kernel.actor,
        kernel.border.facets,
        convert,
        # An injected clock or id factory must be asked here: prepare in this process.
        None if kernel.own_time else kernel.now(),
        new_id if kernel.own_time else kernel.new_id,
        known_by(kernel),
        kernel.store.packer,
    )
    writing = _Writing(kernel, preparer, job, on_reject)
    numbered = iter(rows)
    skipped = writing.skip(numbered)
    report = LoadReport(skipped=skipped)
    if not kernel.own_time:
        workers = 0
    with closing(prepare_all(preparer, numbered, workers)) as chunks, seldom_collected():
        for batch in _batches(chunks, writing.size_of_batch):
            report = writing.write(batch, report)
            if on_progress is not None:
                on_progress(report)
    writing.finish()
    return report


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
        preparer: Preparer,
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
            new: list[tuple[Document, Terms | bytes]] = []
            created: list[tuple[str, tuple[str, ...], None]] = []
            later: list[tuple[int, Row, Prepared]] = []
            known = self._known(unit, [made for _, prepared in batch for made in prepared])
            number = before.done
            for packed, prepared in batch:
                rows: list[Row] = []  # few are needed again
                for at, made in enumerate(prepared):
                    number += 1
                    if not isinstance(made, Prepared):
                        rows = rows or unpack(packed)
                        rejects.append(Reject(number, rows[at], made))
                        continue
                    mark = made.known_by if made.outcome is None else made.outcome[0]
                    if mark in known or self._judged or self._needs_care(made, known):
                        rows = rows or unpack(packed)
                        later.append((number, rows[at], made))
                        continue
                    known.add(mark)
                    document = Document(PROFILE, made.id, made.id, 1, made.body)
                    new.append((document, made.terms))
                    if made.outcome is not None:
                        id, body = made.outcome
                        new.append((Document("outcome", id, made.id, 1, body), NO_TERMS))
                    created.append((made.id, made.fields, None))
            unit.writer.insert(new)
            unit.emit_all(PROFILE_CREATED, created)
            counts["created"] = len(created)
            for number, row, made in later:
                try:
                    with unit.part():
                        done = self._later(unit, row, made)
                    counts[done] += 1
                except StoreError:
                    raise  # it says nothing of the row
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
        made = [p for p in prepared if isinstance(p, Prepared)]
        keys = [p.known_by for p in made if p.known_by is not None]
        keys += [key for p in made for key in p.others]
        outcomes = [p.outcome[0] for p in made if p.outcome is not None]
        known: set[Any] = set(unit.writer.find_many(keys)) if keys else set()
        if outcomes:
            known |= {d.id for d in unit.writer.get_many("outcome", outcomes)}
        objected = {key for p in made for key in p.objected_by}
        if objected:
            known |= unit.writer.find_many(list(objected)).keys()
        return known

    def _needs_care(self, made: Prepared, known: Container[Any]) -> bool:
        """Tell whether a new profile has an id of a cleared person, maybe, or names others."""
        watched = (*made.others, *made.objected_by)
        return any(key in known for key in watched) or "relationships" in made.fields

    def _later(self, unit: Unit, row: Row, made: Prepared) -> str:
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

    def _holder(self, unit: Unit, made: Prepared) -> Profile | None:
        kernel = self._kernel
        if made.outcome is not None:
            done = unit.writer.get("outcome", made.outcome[0])
            ids = [kernel.codec.load(Outcome, done.body).result_id] if done else []
        else:
            assert made.known_by is not None
            ids = unit.writer.find(made.known_by)
        try:
            holders = [kernel.root(unit.writer, id) for id in ids]
        except NotFound:
            problem = Problem("/external_ids", "taken", "belongs to a profile of a property")
            raise InvalidProfile([problem]) from None
        living = [p for p in holders if not p.state.is_cleared]
        return living[0] if living else (holders[0] if holders else None)

    def _create(self, unit: Unit, made: Prepared) -> str:
        if made.objected_by and objections(unit.writer, made.objected_by):
            raise InvalidProfile([OBJECTED])
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
