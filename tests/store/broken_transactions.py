"""Stores that break one rule each: transactions, events, blobs, and the optional tiers."""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import contextmanager, nullcontext, suppress

import attrs
from broken_search import BROKEN, Broken, fails
from file_store import FileStore

from profilecore.store import NO_TERMS, MemoryStore
from profilecore.store.memory import _MemoryWriter

__all__ = ["BROKEN"]

UNDONE = "test_an_exception_undoes_everything"
ANY_CALL = "test_a_failure_at_any_call_leaves_the_state_before"


@fails("test_forgetting_leaves_what_is_stored")
class ForgetsAllOfIt(_MemoryWriter):
    """Deletes what should only lose its past."""

    def forget(self, owners):
        for owner in owners:
            self.delete("profile", owner)


class Forgetful(_MemoryWriter):
    """Runs a method without keeping how to undo it."""

    def unlogged(self, method, *args, **options):
        mark = len(self.undo)
        result = method(*args, **options)
        del self.undo[mark:]
        return result


@fails("test_a_savepoint_undoes_its_part_alone")
class HasNoParts(_MemoryWriter):
    def savepoint(self):
        return nullcontext() if self.undo else super().savepoint()


@fails(UNDONE, ANY_CALL)
class CannotUndoDocuments(Forgetful):
    def put(self, document, terms=NO_TERMS, *, expect):
        self.unlogged(super().put, document, terms, expect=expect)


@fails(UNDONE, ANY_CALL)
class CannotUndoDeletions(Forgetful):
    def delete(self, kind, id):
        return self.unlogged(super().delete, kind, id)


@fails(UNDONE, ANY_CALL)
class CannotUndoEvents(Forgetful):
    def append(self, events):
        return self.unlogged(super().append, events)


@fails(UNDONE, ANY_CALL)
class CannotUndoBlobs(Forgetful):
    def put_blob(self, id, content):
        self.unlogged(super().put_blob, id, content)


@fails(UNDONE, ANY_CALL)
class CannotUndoDeletedBlobs(Forgetful):
    def delete_blob(self, id):
        self.unlogged(super().delete_blob, id)


@fails(UNDONE)
class CannotUndoTerms(_MemoryWriter):
    def rewind(self, mark):
        documents = {where: row.terms for where, row in self._rows.items()}
        super().rewind(mark)
        for where, row in list(self._rows.items()):
            self._replace(where, attrs.evolve(row, terms=documents.get(where, row.terms)))


@fails(UNDONE)
class CommitsWhenInterrupted(Broken):
    @contextmanager
    def write(self):
        interrupt = None
        with super().write() as writer:
            try:
                yield writer
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt:
            raise interrupt


@fails(UNDONE)
class SwallowsTheException(Broken):
    @contextmanager
    def write(self):
        with suppress(Exception), super().write() as writer:
            yield writer


@fails("test_a_writer_reads_what_it_wrote")
class HidesItsOwnEvents(_MemoryWriter):
    def events(self, after=0, limit=500):
        appended = sum(undo == self._events.pop for undo in self.undo)
        return super().events(after, min(limit, max(0, len(self._events) - appended - after)))


class Unlocked(Broken):
    """Has a lock that locks nothing."""

    def __init__(self):
        super().__init__()
        self._lock = nullcontext()


@fails(
    "test_readers_do_not_see_what_is_not_committed",
    "test_a_read_sees_one_state",
    "test_writers_follow_one_another",
)
class LocksNothing(Unlocked):
    pass


@fails("test_expecting_a_version_loses_no_update")
class ComparesBeforeItLocks(_MemoryWriter):
    def put(self, document, terms=NO_TERMS, *, expect):
        stored = self.get(document.kind, document.id)
        if stored and document.body.isdigit():
            expect = stored.version  # what was compared may be stale by now
        super().put(document, terms, expect=expect)


class Numbering(_MemoryWriter):
    """Numbers events as it is told."""

    numbers = None

    def append(self, events):
        made = super().append(events)
        if self.numbers is not None:
            made = [attrs.evolve(event, seq=next(self.numbers)) for event in made]
            del self._events[len(self._events) - len(made) :]
            self._events.extend(made)
        return made

    def events(self, after=0, limit=500):
        behind = [event for event in self._events if event.seq > after]
        return sorted(behind, key=lambda event: event.seq)[:limit]


@fails("test_a_cursor_misses_no_event")
class NumbersEventsBeforeItLocks(Broken):
    writer = Numbering

    def __init__(self):
        super().__init__()
        self._blocks = itertools.count()

    @contextmanager
    def write(self):
        turn = next(self._blocks)
        first = turn * 100 + 1
        time.sleep(turn % 4 * 0.01)
        with super().write() as writer:
            writer.numbers = itertools.count(first)
            yield writer


@fails("test_seq_grows_over_transactions")
class NumbersEventsAnewInEachTransaction(Broken):
    writer = Numbering

    @contextmanager
    def write(self):
        with super().write() as writer:
            writer.numbers = itertools.count(1)
            yield writer


@fails("test_seq_grows_over_transactions")
class NumbersEventsFromZero(_MemoryWriter):
    def append(self, events):
        made = super().append(events)
        return [attrs.evolve(event, seq=event.seq - 1) for event in made]


@fails("test_an_event_comes_back_as_it_was_appended")
class CutsMicroseconds(_MemoryWriter):
    def append(self, events):
        return super().append(attrs.evolve(e, at=e.at.replace(microsecond=0)) for e in events)


@fails("test_an_event_comes_back_as_it_was_appended")
class ForgetsTheZone(_MemoryWriter):
    def events(self, after=0, limit=500):
        found = super().events(after, limit)
        return [attrs.evolve(event, at=event.at.replace(tzinfo=None)) for event in found]


@fails("test_an_event_comes_back_as_it_was_appended")
class GivesListsForTuples(_MemoryWriter):
    def events(self, after=0, limit=500):
        return [attrs.evolve(e, fields=list(e.fields)) for e in super().events(after, limit)]


@fails("test_events_are_read_from_a_cursor")
class RepeatsTheEventOfTheCursor(_MemoryWriter):
    def events(self, after=0, limit=500):
        return super().events(max(0, after - 1), limit)


@fails("test_events_are_read_from_a_cursor")
class GivesAllEvents(_MemoryWriter):
    def events(self, after=0, limit=999_999):
        return super().events(after, limit)


@fails("test_a_blob_comes_back_as_it_was_stored")
class TakesEmptyForMissing(_MemoryWriter):
    def blob(self, id):
        return super().blob(id) or None


@fails("test_a_blob_comes_back_as_it_was_stored")
class CutsLargeBlobs(_MemoryWriter):
    def put_blob(self, id, content):
        super().put_blob(id, content[: 2**20])


@fails("test_a_deleted_blob_is_gone")
class EmptiesABlob(_MemoryWriter):
    def delete_blob(self, id):
        super().delete_blob(id)
        self._blobs[id] = b""


@fails("test_a_stored_blob_is_a_copy")
class KeepsTheBuffer(_MemoryWriter):
    def put_blob(self, id, content):
        super().put_blob(id, content)
        self._blobs[id] = content


@fails("test_the_salt_is_the_stores_own")
class ChangesItsSalt(MemoryStore):
    @property
    def salt(self):
        return time.monotonic_ns().to_bytes(16, "big")


@fails("test_the_salt_is_the_stores_own")
class HasAFixedSalt(MemoryStore):
    salt = bytes(16)


@fails("test_a_new_store_is_empty")
class SharesItsRows(MemoryStore):
    shared = _MemoryWriter()

    def __init__(self):
        super().__init__()
        self._writer = self.shared


@fails("test_a_sound_store_has_no_faults")
class FindsFaults(MemoryStore):
    def check(self):
        return ["a row without a document"] if self._writer._rows else []


@fails("test_scrubbing_changes_nothing_that_is_stored")
class ScrubsTheFeed(MemoryStore):
    def scrub(self):
        self._writer._events.clear()
        return True


@fails("test_scrubbing_changes_nothing_that_is_stored", "test_a_sound_store_has_no_faults")
class NeverFinishesAScrub(MemoryStore):
    def scrub(self):
        return False


@fails("test_closing_twice_is_allowed")
class ClosesOnce(MemoryStore):
    closed = False

    def close(self):
        if self.closed:
            raise RuntimeError("closed")
        self.closed = True


@fails("test_a_store_that_cannot_join_says_so")
class JoinsAnything(MemoryStore):
    def join(self, connection):
        return self.write()


@fails("test_everything_is_there_after_reopening")
class ForgetsEventsWhenClosed(FileStore):
    def close(self):
        self._writer._events.clear()
        self._save()


@fails("test_everything_is_there_after_reopening")
class MakesANewSaltWhenOpened(FileStore):
    def _load(self):
        salt = self._salt
        super()._load()
        self._salt = salt


@fails("test_nothing_undone_comes_back_after_reopening")
class SavesWhatIsUndone(FileStore):
    @contextmanager
    def write(self):
        with super().write() as writer:
            try:
                yield writer
            except BaseException:
                self._save()
                raise


@fails("test_processes_see_and_overwrite_nothing_unseen")
class LocksItsOwnProcessOnly(FileStore):
    one = threading.Lock()

    def _turn(self):
        return self.one


@fails("test_a_killed_process_leaves_the_state_before")
class SavesBeforeTheCommit(FileStore):
    @contextmanager
    def write(self):
        with super().write() as writer:
            put_blob = writer.put_blob

            def through(id, content):
                put_blob(id, content)
                self._save()

            writer.put_blob = through
            try:
                yield writer
            finally:
                del writer.put_blob


@fails("test_a_killed_process_loses_nothing_acknowledged")
class SavesNowAndThen(FileStore):
    turns = 0

    def _save(self):
        self.turns += 1
        if not self._path.exists() or self.turns % 50 == 0:
            super()._save()


@fails("test_the_host_commits")
class JoinsAnotherStore(FileStore):
    def join(self, connection):
        return MemoryStore().write()


@fails("test_leaving_a_join_does_not_commit")
class CommitsAJoin(FileStore):
    @contextmanager
    def join(self, connection):
        with super().join(connection) as writer:
            yield writer
        self._save()
        writer.undo.clear()


@fails("test_an_exception_undoes_its_join_only")
class UndoesTheHostsWork(FileStore):
    @contextmanager
    def join(self, connection):
        with super().join(connection) as writer:
            try:
                yield writer
            except BaseException:
                writer.rewind(0)
                raise


@fails(
    "test_no_file_holds_what_was_deleted",
    "test_a_reader_that_holds_an_older_state_is_told",
)
class KeepsTheFileBefore(FileStore):
    def _save(self):
        if self._path.exists():
            self._path.with_suffix(".before").write_bytes(self._path.read_bytes())
        super()._save()

    def files(self):
        before = self._path.with_suffix(".before")
        return (*super().files(), *([before] if before.exists() else []))


@fails("test_no_file_holds_what_was_deleted")
class NamesTheWrongFile(FileStore):
    def files(self):
        return (self._path.with_suffix(".lock"),)
