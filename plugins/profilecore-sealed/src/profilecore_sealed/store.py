"""The sealed store: any other store, which sees no personal data."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

from profilecore.errors import StoreCorrupt, StoreError, StoreUnavailable
from profilecore.ids import utc_now
from profilecore.model.documents import Document
from profilecore.store import open_store as open_inner
from profilecore.store.port import Capability, Reader, Store, Terms, Writer
from profilecore_sealed.changing import begin_change, change_in, change_some_keys
from profilecore_sealed.forks import tell_of_forks
from profilecore_sealed.inventory import (
    KIND,
    Place,
    highest_key,
    is_used,
    lost_keys,
    used_keys,
)
from profilecore_sealed.keyfile import FileKeyring
from profilecore_sealed.keyring import Keyring
from profilecore_sealed.purging import left_behind
from profilecore_sealed.reading import SealedReader
from profilecore_sealed.words import Words
from profilecore_sealed.writing import SealedWriter, packer

PREFIX = "sealed+"
KEYRING = "keyring"


def open_store(url: str, *, keyring: Keyring | None = None, **options: Any) -> SealedStore:
    """Open a sealed store: ``sealed+sqlite:///guests.db?keyring=/safe/guests.keys``.

    What follows ``sealed+`` is the URL of the inner store, but for ``keyring``, the path of the
    file of keys, and ``master``, the path of a file with the master key.  Both files are made
    apart from the store; the keyring is made with a new store, and is no other's.  Instead of the
    path a keyring of another sort may be given.  Other options go to the inner store.

    :raises StoreUnavailable: if no keyring is named, or it is not this store's.
    :raises StoreCorrupt: if it is an older copy than the store has used.
    :raises StoreError: if the inner store holds something and is not sealed.
    """
    if not url.startswith(PREFIX):
        raise StoreUnavailable("A sealed store has a URL as in sealed+sqlite:///guests.db.")
    where, _, query = url.removeprefix(PREFIX).partition("?")
    named = dict(parse_qsl(query))
    ours = ("keyring=", "master=")
    rest = "&".join(part for part in query.split("&") if not part.startswith(ours))
    if keyring is None and not named.get("keyring"):
        raise StoreUnavailable(
            "A sealed store needs a keyring apart from it; add ?keyring=/path/of/the.keys."
        )
    with ExitStack() as opened:
        inner = open_inner(f"{where}?{rest}" if rest else where, options)
        opened.callback(inner.close)
        if keyring is None:
            create = options.get("create", True)
            if create:
                with inner.read() as reader:
                    create = reader.is_empty()
            master = Path(named["master"]) if named.get("master") else None
            keyring = FileKeyring(Path(named["keyring"]), master, create=create)
            opened.callback(keyring.close)
        store = SealedStore(inner, keyring)
        opened.pop_all()
    return store


class SealedStore(Store):
    """A store over another one that never sees a value: not in its files, logs or backups.

    Bodies and blobs are sealed with AES-256-GCM, each under a key of its own; words become marks
    (:class:`~profilecore_sealed.words.Words`); the salt of the keys is the keyring's.
    Ids, kinds, versions, properties and the event feed, which has no values, stay as they are.
    What was cleared cannot be read any more, in any copy of the inner store, once :meth:`scrub`
    has destroyed its keys.  It can do what the inner store can, but does not sort its hits.
    """

    def __init__(self, inner: Store, keyring: Keyring) -> None:
        self.inner = inner
        self.keyring = keyring
        self.capabilities = inner.capabilities - {Capability.SORTED}
        self._words = Words(keyring.word_key)
        self._local = threading.local()
        self._guard = threading.Lock()
        # Up to which number the store has noted that keys may be in use.
        self._highest = 0
        # New keys of transactions whose end nobody saw, and where each was used first.
        self._unsure: dict[int, Place] = {}
        self._meet()
        tell_of_forks(self)

    def after_fork(self) -> None:
        """Have locks of the child's own: another thread may have held those of the parent."""
        self._guard = threading.Lock()
        self._words.start()

    def _meet(self) -> None:
        """See to it that this is the keyring of the store.

        :raises StoreUnavailable: if it is another's.
        :raises StoreCorrupt: if it is an older copy.
        :raises StoreError: if the store is not sealed.
        """
        with self.inner.read() as reader:
            known = reader.get(KIND, KEYRING)
            self._highest = highest_key(reader)
        if known is None:
            known = self._bind()
        if known.body != self.keyring.id:
            raise StoreUnavailable("This is the keyring of another store; name the right one.")
        made = self.keyring.made()
        if made is not None and made < self._highest:
            raise StoreCorrupt(
                "The keyring is an older copy and lacks keys that the store may use; restore the "
                "newest copy, or a backup of the store that was made before this copy."
            )

    def _bind(self) -> Document:
        """Give the document that names the keyring of the store, made now if that is new."""
        with self.inner.write() as writer:
            known = writer.get(KIND, KEYRING)
            if known is None:
                if not writer.is_empty():
                    raise StoreError("The store is not sealed; copy it into a new, sealed one.")
                if not self.keyring.claim(self.inner.salt):
                    raise StoreUnavailable(
                        "This keyring is in use for another store; name a new file for this one."
                    )
                known = Document(KIND, KEYRING, KEYRING, 1, self.keyring.id)
                writer.put(known, expect=0)
        return known

    @property
    def salt(self) -> bytes:
        return self.keyring.salt

    @property
    def packer(self) -> Callable[[Terms], Terms | bytes]:
        return packer(self._words, self.inner.packer)

    def read(self) -> AbstractContextManager[Reader]:
        return _Reading(self, self.inner.read())

    def reader_over(self, inner: Reader) -> Reader:
        """Give this thread's open writer, or a reader over one of the inner store."""
        writer: SealedWriter | None = getattr(self._local, "writer", None)
        return writer or SealedReader(inner, self.keyring, self._words)

    @contextmanager
    def write(self) -> Iterator[Writer]:
        writer: SealedWriter | None = getattr(self._local, "writer", None)
        if writer is not None:
            with writer.rewinding(), self.inner.write():
                yield writer
            return
        try:
            with self._transaction(self.inner.write()) as writer:
                self._local.writer = writer
                yield writer
        finally:
            self._local.writer = None
        self._highest = max(self._highest, writer.highest)
        if writer.made:
            with suppress(StoreUnavailable):  # what is committed is; the next scrub looks for them
                self.keyring.settled(writer.made)
                self._unsure_no_more(writer.made)

    @contextmanager
    def join(self, connection: Any) -> Iterator[Writer]:
        with self._transaction(self.inner.join(connection)) as writer:
            yield writer

    @contextmanager
    def _transaction(self, begin: AbstractContextManager[Writer]) -> Iterator[SealedWriter]:
        given_up = False
        writer: SealedWriter | None = None
        try:
            with begin as inner:
                writer = SealedWriter(inner, self.keyring, self._words, self._highest)
                try:
                    yield writer
                    writer.finish()
                except BaseException:
                    given_up = True
                    raise
        finally:
            if writer is not None:
                self._end(writer, given_up)

    def _end(self, writer: SealedWriter, given_up: bool) -> None:
        """Destroy the keys of what was undone; of the others it is not known yet."""
        if writer.pid != os.getpid():  # after a fork inside, it is the parent's
            writer.made.clear()
            return
        if given_up:
            writer.wasted += (*writer.made, *writer.unsure)
            writer.made.clear()
            writer.unsure.clear()
        if writer.wasted:
            with suppress(StoreUnavailable):  # they stay in doubt until the next scrub
                self.keyring.destroy(writer.wasted)
        with self._guard:
            self._unsure.update(writer.made | writer.unsure)

    def _unsure_no_more(self, numbers: Iterable[int]) -> None:
        with self._guard:
            for number in numbers:
                self._unsure.pop(number, None)

    def adopt(self, salt: bytes) -> None:
        with self.write() as writer:
            if not writer.is_empty():
                raise StoreError("This store is not empty; copy into a new one.")
            self.keyring.adopt(salt)

    def scrub(self) -> bool:
        """Destroy the keys of everything that was cleared, and scrub the inner store.

        What the inner store cannot reach, as the logs and backups of a server, cannot be read
        without them.  Keys of transactions that were killed are looked for, which reads the whole
        store; there are none otherwise.

        :raises StoreError: inside a transaction of this thread, which might still be undone.
        """
        self._be_outside("scrubbing")
        # Only what is committed: a transaction open now may still be given up.
        with self.inner.read() as reader:
            lost = lost_keys(reader)
        doubtful, unused = self._decide_doubts()
        self.keyring.destroy({n for _, numbers in lost for n in numbers} | unused)
        if doubtful:
            self.keyring.settled(doubtful)
            self._unsure_no_more(doubtful)
        if lost:  # forgotten after they were destroyed, for a crash may come between
            with self.inner.write() as writer:
                for id, _ in lost:
                    writer.delete(KIND, id)
        return self.inner.scrub() or self.inner.remainder is not None

    def _decide_doubts(self) -> tuple[set[int], set[int]]:
        """Give the new keys in doubt, and those of them that nothing is sealed under.

        No other transaction is open in the block.  What it saw may still share its commit with
        the one before, so nothing must be done about it inside; and a key in doubt is not given
        to anybody, so all that is seen stays true behind it.
        """
        if not self.keyring.in_doubt():
            return set(), set()
        with self.inner.write() as writer:
            doubtful = set(self.keyring.in_doubt())
            with self._guard:
                places = {n: self._unsure[n] for n in doubtful if n in self._unsure}
            used = {number for number, place in places.items() if is_used(writer, number, place)}
            if doubtful - places.keys():
                used |= {number for number, _ in used_keys(writer)}
        return doubtful, doubtful - used

    def changing_since(self) -> datetime | None:
        """Tell when a change of all keys began that is not finished; None if there is none."""
        with self.inner.read() as reader:
            change = change_in(reader)
        return None if change is None else change.began

    def change_keys(
        self,
        watch: Callable[[int], object] = lambda done: None,
        *,
        anew: bool = False,
        clock: Callable[[], datetime] = utc_now,
    ) -> int:
        """Seal everything under new keys, and destroy the old ones with a scrub.

        From its beginning on no process uses a key any more that was made before.  Each page is a
        transaction of its own, beside other work; called again after an interrupt, it goes on
        behind the last one, and what was sealed since it began (:meth:`changing_since`) keeps its
        keys.  ``anew`` begins again instead.  Gives how many documents and blobs were sealed;
        ``watch`` is told how many so far.  Backups made before cannot be read afterwards.

        :raises StoreError: inside a transaction of this thread, which may have older keys.
        """
        self._be_outside("changing its keys")
        if anew or self.changing_since() is None:
            # First, so that whoever gets keys behind the note has new ones.
            self.keyring.retire()
            retired = self.keyring.made()
            with self.inner.write() as inner:
                if anew or change_in(inner) is None:
                    begin_change(inner, clock(), retired)
        done = 0
        while True:
            with self.write() as writer:
                assert isinstance(writer, SealedWriter)
                number = change_some_keys(writer)
            if number is None:
                self.scrub()
                return done
            done += number
            watch(done)

    def purge(self) -> int:
        """Delete everything whose key was destroyed, as after restoring an old backup.

        It cannot be read anyway, but counts and key look-ups still know of it.  With it goes what
        nobody can ask for without it: what profiles have that cannot be read, those that were
        merged into them, and the bytes of files.  Gives how many documents and blobs there were.

        :raises StoreError: inside a transaction of this thread, which might still be undone.
        """
        self._be_outside("purging")
        with self.write() as writer:
            assert isinstance(writer, SealedWriter)
            found = list(used_keys(writer.inner))
            keys = self.keyring.keys([key for key, _ in found])
            unreadable = [place for (_, place), key in zip(found, keys, strict=True) if key is None]
            left = left_behind(writer.inner, self._opener(writer.inner), unreadable)
            _delete(writer.inner, unreadable)
            _delete(writer, left)
        if left:
            self.scrub()
        return len(unreadable) + len(left)

    def _opener(self, inner: Reader) -> SealedReader:
        """Give a reader that remembers nothing."""
        return SealedReader(inner, self.keyring, self._words)

    def _be_outside(self, work: str) -> None:
        if getattr(self._local, "writer", None) is not None:
            raise StoreError(f"A sealed store: end the transaction before {work}.")

    def files(self) -> tuple[Path, ...]:
        inner = self.inner.files()
        return (*inner, *self.keyring.files()) if inner else ()

    def check(self) -> list[str]:
        faults = [*self.inner.check(), *self.keyring.check()]
        numbers: list[int] = []
        left: list[Place] = []
        with self.inner.read() as reader:
            try:
                numbers.extend(number for number, _ in used_keys(reader))
            except StoreCorrupt as error:  # what is not sealed
                faults.append(str(error))
            unreadable, wrong = self._lacking(numbers)
            if unreadable:
                with suppress(StoreCorrupt):  # what is wrong is told already
                    places = [place for n, place in used_keys(reader) if n in unreadable]
                    left = left_behind(reader, self._opener(reader), places)
        faults = list(dict.fromkeys([*faults, *wrong]))
        if unreadable:
            faults.append(
                f"{len(unreadable)} documents cannot be read, because their keys were destroyed; "
                "if a backup was restored, purge them."
            )
        if left:
            faults.append(
                f"{len(left)} documents and files belong to profiles or files that cannot be read, "
                "so that nobody can ask for them and no clear reaches them; purge them."
            )
        return faults

    def _lacking(self, numbers: Sequence[int]) -> tuple[set[int], list[str]]:
        """Give the keys that were destroyed, and say what is wrong with others."""
        try:
            keys = self.keyring.keys(numbers)
            return {n for n, key in zip(numbers, keys, strict=True) if key is None}, []
        except StoreCorrupt as error:
            if len(numbers) == 1:
                return set(), [str(error)]
        middle = len(numbers) // 2
        first, second = self._lacking(numbers[:middle]), self._lacking(numbers[middle:])
        return first[0] | second[0], first[1] + second[1]

    def close(self) -> None:
        self.inner.close()
        self.keyring.close()


def _delete(writer: Writer, places: Iterable[Place]) -> None:
    for kind, id in places:
        if kind:
            writer.delete(kind, id)
        else:
            writer.delete_blob(id)


class _Reading(AbstractContextManager[Reader]):
    """A read of the inner store, opened.  A generator would cost a small read a tenth."""

    __slots__ = ("_inner", "_store")

    def __init__(self, store: SealedStore, inner: AbstractContextManager[Reader]) -> None:
        self._store = store
        self._inner = inner

    def __enter__(self) -> Reader:
        return self._store.reader_over(self._inner.__enter__())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return self._inner.__exit__(kind, error, traceback)
