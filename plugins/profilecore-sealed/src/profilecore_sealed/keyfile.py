"""A keyring in a file: a head, then one place a key, wrapped under a master key.

A place is written once and overwritten with zeros when its key is destroyed; places are never
used twice, so no crash can give two people one key.  Keys are made and put on the disk in lots, so
that a new guest waits for no disk but the store's.  The file must lie where the store's backups do
not: whoever has an old copy of both can read what was cleared since.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from profilecore.errors import StoreCorrupt, StoreUnavailable
from profilecore_sealed import keyformat as form
from profilecore_sealed.forks import tell_of_forks
from profilecore_sealed.keyring import KEY, Keyring
from profilecore_sealed.runs import Run, numbers_of, runs_of, together, without

_FEWEST, _MOST = 16, 4096
# Linux journals the next write to a file whose times were asked for, and whoever syncs another
# file waits for that: asked for each new key, as ``stat`` does, it costs a create a twentieth.
_SECONDS = 0.1


class FileKeyring(Keyring):
    """The keyring in a file, made if there is none.

    ``master`` names the file of the master key.  Without one the keyring opens itself, and only
    the permissions of its file (600) protect it.

    :raises StoreUnavailable: if the file cannot be had, or needs another master key.
    :raises StoreCorrupt: if it is no keyring.
    """

    def __init__(self, path: Path, master: Path | None = None, *, create: bool = True) -> None:
        self.path = path.absolute()
        self._name = str(self.path)
        self._master_path = master
        self._alone = _Door(self._lock_file, self._unlock_file, self._failed)
        self._is_closed = self._is_inherited = False
        self._file = -1
        self._looked = -_SECONDS
        self._seen = 0
        if create and not self.path.exists():
            form.create(self.path, None if master is None else form.read_master(master))
        self._open()
        if self._beside.exists():
            with self._alone:
                self._head()
                self._remove_unfinished()
        tell_of_forks(self)

    def after_fork(self) -> None:
        """Have a lock of the child's own: another thread may have held that of the parent."""
        self._alone = _Door(self._lock_file, self._unlock_file, self._failed)
        self._is_inherited = True

    def _open(self) -> None:
        """Open the file, as at first, after a fork, or because it was replaced."""
        if self._is_closed:
            raise StoreUnavailable(f"The keyring {self.path} was closed.")
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise StoreUnavailable(
                f"The keyring {self.path} cannot be opened ({error.strerror}); without it nothing "
                "in the store can be read."
            ) from None
        try:
            self._read_head(os.pread(file, form.HEAD, 0))
        except BaseException:
            os.close(file)
            raise
        # After a fork the old one is the parent's; what is replaced is not read any more.
        if self._file >= 0:
            os.close(self._file)
        self._file = file
        status = os.fstat(file)
        self._place = status.st_ino, status.st_dev
        # The file itself, links followed, and the one in which it is written anew.
        self._real = self.path.resolve()
        self._beside = self._real.with_name(f"{self._real.name}.new")
        self._is_inherited = False
        self._pool: deque[tuple[int, bytes]] = deque()
        self._lot = _FEWEST

    def _read_head(self, head: bytes) -> None:
        magic, version, _made, id, own = (
            form.FIXED.unpack_from(head) if len(head) == form.HEAD else (b"", 0, 0, b"", b"")
        )
        if magic != form.MAGIC:
            raise StoreCorrupt(f"{self.path} is no keyring; restore it from its own copy.")
        if version != form.FORMAT:
            raise StoreUnavailable(f"{self.path} is of a newer version of profilecore-sealed.")
        if self._master_path is not None:
            master = form.read_master(self._master_path)
        elif own == form.NO_MASTER:
            raise StoreUnavailable(f"The keyring {self.path} needs its master key; name its file.")
        else:
            master = own
        wrap = AESGCM(master)
        wrapped = head[form.COMMON_AT : form.COMMON_AT + form.NONCE + form.COMMON + form.TAG]
        try:
            common = form.unwrapped(wrap, wrapped, form.MAGIC + id)
        except InvalidTag:
            raise StoreUnavailable(f"The keyring {self.path} has another master key.") from None
        if self._file >= 0 and id != self._id:
            raise StoreUnavailable(f"{self.path} is another keyring now; open the store again.")
        self._wrap = wrap
        self._id: bytes = id
        self._salt, self._word_key = common[:16], common[16:]

    @property
    def id(self) -> bytes:
        return self._id

    @property
    def salt(self) -> bytes:
        return self._salt

    @property
    def word_key(self) -> bytes:
        return self._word_key

    def _lock_file(self) -> None:
        """Lock the file against other processes."""
        if self._is_closed or self._is_inherited:
            self._open()
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def _head(self, *, as_of_late: bool = False) -> bytes:
        """See to it that the file is the one of this name, and give its head.

        ``as_of_late`` believes a look of the last tenth of a second, where the system says that
        the open file still has its name: it knows of all but what other machines did.
        """
        is_known = as_of_late and time.monotonic() < self._looked + _SECONDS and self._has_name()
        while not (head := self._whole_head() if is_known else self._current_head()):
            self._open()  # closes the other, and so lets go of it
            fcntl.flock(self._file, fcntl.LOCK_EX)
            is_known = False
        return head

    def _has_name(self) -> bool:
        try:
            return os.readlink(f"/proc/self/fd/{self._file}") == self._name
        except OSError:
            return False

    def _unlock_file(self) -> None:
        """Let other processes have the file."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def _failed(self, error: OSError) -> StoreUnavailable:
        """Give the error to raise for one of the disk's."""
        return StoreUnavailable(
            f"The keyring {self.path} cannot be read or written ({error.strerror or error}); "
            "see to its disk, then repeat it."
        )

    def _current_head(self) -> bytes:
        """Give the head of the file; nothing if that is not the one of this name any more."""
        try:
            there = os.stat(self._name)
        except OSError:
            return b""
        self._looked = time.monotonic()
        return self._whole_head() if (there.st_ino, there.st_dev) == self._place else b""

    def _whole_head(self) -> bytes:
        """Give the head of the open file; nothing if it has none any more."""
        head = os.pread(self._file, form.HEAD, 0)
        return head if len(head) == form.HEAD and head.startswith(form.MAGIC) else b""

    def claim(self, store: bytes) -> bool:
        with self._alone:
            head = self._head()
            known = head[form.STORE_AT : form.STORE_AT + len(store)]
            if known == form.NO_STORE and not self._made(head):
                form.write(self._file, store, form.STORE_AT)
                os.fsync(self._file)
                return True
            return known == store

    def made(self) -> int:
        with self._alone:
            return self._made(self._head())

    def reserve(self, number: int) -> list[tuple[int, bytes]]:
        if not number:
            return []
        with self._alone:
            head = self._head(as_of_late=True)
            pool, made = self._pool, self._made(head)
            (retired,) = form.RETIRED.unpack_from(head, form.RETIRED_AT)
            while pool and pool[0][0] <= retired:
                pool.popleft()
            if len(pool) < number:
                self._lot = min(self._lot * 4, _MOST)
                self._make(made, max(number - len(pool), self._lot))
            given = [pool.popleft() for _ in range(number)]
            doubt, fresh = self._read_doubt(head), runs_of([new for new, _ in given])
            self._write_doubt(together([*doubt, *fresh]) if doubt else fresh)
        return given

    def retire(self) -> None:
        with self._alone:
            self._retire(self._made(self._head()))
            os.fsync(self._file)

    def _retire(self, last: int) -> None:
        """Have nobody give a key up to this one any more."""
        (known,) = form.RETIRED.unpack(os.pread(self._file, form.RETIRED.size, form.RETIRED_AT))
        form.write(self._file, form.RETIRED.pack(max(known, last)), form.RETIRED_AT)

    def _made(self, head: bytes) -> int:
        made: int = form.MADE.unpack_from(head, form.MADE_AT)[0]
        if made < self._seen:
            raise StoreCorrupt(f"{self.path} is an older copy than before; restore the newest.")
        self._seen = made
        return made

    def _make(self, made: int, number: int) -> None:
        """Make keys beside the ``made`` ones, durable before anybody has them."""
        chance = os.urandom(KEY * number)
        fresh = [(made + n, chance[KEY * (n - 1) : KEY * n]) for n in range(1, number + 1)]
        places = b"".join(form.wrapped(self._wrap, key, form.bound_to(n)) for n, key in fresh)
        form.write(self._file, places, form.place_of(made + 1))
        form.write(self._file, form.MADE.pack(made + number), form.MADE_AT)
        os.fsync(self._file)
        self._seen = made + number
        self._pool += fresh

    def keys(self, numbers: Sequence[int]) -> list[bytes | None]:
        return [self.key(number) for number in numbers]

    def key(self, number: int) -> bytes | None:
        if 0 < number <= form.HIGHEST and not (self._is_inherited or self._is_closed):
            try:
                if key := self._read_key(number):
                    return key
            except (InvalidTag, OSError):
                pass  # somebody may be writing the place, or replacing the file
        with self._alone:
            if not 0 < number <= self._made(self._head()):
                raise StoreCorrupt(
                    f"The store uses a key that {self.path} never had: it is an older copy; "
                    "restore the newest."
                )
            try:
                return self._read_key(number)
            except InvalidTag:
                raise StoreCorrupt(self._damaged(number)) from None

    def _damaged(self, number: int) -> str:
        return f"Key {number} of {self.path} is damaged; restore the keyring from its copy."

    def _read_key(self, number: int) -> bytes | None:
        place = os.pread(self._file, form.PLACE, form.place_of(number))
        if place == form.ZEROS:
            return None
        return form.unwrapped(self._wrap, place, form.bound_to(number))

    def destroy(self, numbers: Iterable[int]) -> None:
        runs = runs_of(numbers)
        if not runs:
            return
        with self._alone:
            head = self._head()
            self._remove_unfinished()
            for first, count in runs:
                form.write(self._file, bytes(form.PLACE * count), form.place_of(first))
            os.fsync(self._file)
            self._write_doubt(without(self._read_doubt(head), runs))

    def settled(self, numbers: Iterable[int]) -> None:
        runs = runs_of(numbers)
        with self._alone:
            # Where another took its place, they are left in doubt there, and a scrub decides.
            head = self._whole_head() or self._head()
            self._write_doubt(without(self._read_doubt(head), runs))

    def in_doubt(self) -> list[int]:
        with self._alone:
            return list(numbers_of(self._read_doubt(self._head())))

    def _read_doubt(self, head: bytes) -> list[Run]:
        (count,) = form.NUMBER.unpack_from(head, form.DOUBT_AT)
        start, size = form.DOUBT_AT + form.NUMBER.size, form.RUN.size
        return [form.RUN.unpack_from(head, start + n * size) for n in range(count)]

    def _write_doubt(self, runs: list[Run]) -> None:
        if len(runs) > form.MOST_RUNS:
            # More than is in doubt: who looks finds out that the others are in use, or destroys
            # them; so those that wait in a pool must not be given any more.
            runs = [(runs[0][0], sum(runs[-1]) - runs[0][0])]
            self._retire(sum(runs[0]) - 1)
        packed = b"".join(form.RUN.pack(*run) for run in runs)
        form.write(self._file, form.NUMBER.pack(len(runs)) + packed, form.DOUBT_AT)

    def adopt(self, salt: bytes) -> None:
        with self._alone:
            self._head()
            common = form.wrapped(self._wrap, salt + self._word_key, form.MAGIC + self._id)
            form.write(self._file, common, form.COMMON_AT)
            os.fsync(self._file)
            self._salt = salt

    def change_master(self, new: Path | None) -> None:
        """Wrap all keys under another master key: that of a file, or none.

        The file is written anew and the old one overwritten; an interrupt leaves one of both.
        Other processes go on if the file of the master key that they were given holds the new one.

        :raises StoreUnavailable: if the new master key cannot be read, or the file not written.
        :raises StoreCorrupt: if a key is damaged.
        """
        master = os.urandom(KEY) if new is None else form.read_master(new)
        with self._alone:
            head = self._head()
            self._remove_unfinished()
            real, beside = self._real, self._beside
            try:
                file = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise StoreUnavailable(
                    f"{beside} cannot be written ({error.strerror}); remove what is in its place, "
                    "or see to its directory."
                ) from None
            try:
                old = os.fstat(self._file)
                os.fchown(file, old.st_uid, old.st_gid)
                self._write_anew(file, head, master, is_own=new is None)
                os.replace(beside, real)
                self._master_path = new
                form.sync_directory(real.parent)
            except BaseException:
                if not form.is_at(file, real):
                    form.erase(file, beside)
                raise
            finally:
                os.close(file)
            form.overwrite(self._file)
            self._open()

    def _write_anew(self, file: int, head: bytes, master: bytes, *, is_own: bool) -> None:
        """Write the whole keyring to a file, under another master key."""
        wrap, made = AESGCM(master), self._made(head)
        own = master if is_own else form.NO_MASTER
        start = form.head(wrap, made, self._id, own, self._salt + self._word_key)
        form.write(file, start + head[form.STORE_AT :], 0)
        for first in range(1, made + 1, _MOST):
            numbers = range(first, min(first + _MOST, made + 1))
            form.write(file, self._wrapped_anew(wrap, numbers), form.place_of(first))
        os.fsync(file)

    def _wrapped_anew(self, wrap: AESGCM, numbers: range) -> bytes:
        places = []
        for number, place in zip(numbers, self._places(numbers), strict=True):
            if place != form.ZEROS:
                bound = form.bound_to(number)
                try:
                    key = form.unwrapped(self._wrap, place, bound)
                except InvalidTag:
                    raise StoreCorrupt(self._damaged(number)) from None
                place = form.wrapped(wrap, key, bound)
            places.append(place)
        return b"".join(places)

    def _places(self, numbers: range) -> list[bytes]:
        """Read the places of neighbours; of a file that is cut short the last ones are empty."""
        read = os.pread(self._file, form.PLACE * len(numbers), form.place_of(numbers[0]))
        starts = range(0, form.PLACE * len(numbers), form.PLACE)
        return [read[start : start + form.PLACE] for start in starts]

    def _remove_unfinished(self) -> None:
        """Remove what a change of the master key has left that was killed: it holds all keys."""
        try:
            file = os.open(self._beside, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return  # mostly because there is none; a check tells of another
        try:
            if form.is_of(file, self._id):
                form.erase(file, self._beside)
        finally:
            os.close(file)

    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    def check(self) -> list[str]:
        faults = []
        with self._alone:
            made = self._made(self._head())
            if os.fstat(self._file).st_size < form.place_of(made + 1):
                faults.append(f"{self.path} is cut short.")
        for first in range(1, made + 1, _MOST):
            faults += self._damaged_among(range(first, min(first + _MOST, made + 1)))
        if self.path.stat().st_mode & 0o077:
            faults.append(f"{self.path} can be read by others; give it the permissions 600.")
        if self._beside.exists():
            faults.append(
                f"{self._beside} may hold all keys, left by a change of the master key; delete it."
            )
        return faults

    def _damaged_among(self, numbers: range) -> list[str]:
        """Give a line for each of some keys that is damaged; none for those cut off."""
        faults = []
        with self._alone:  # nobody is writing to them
            self._head()
            for number, place in zip(numbers, self._places(numbers), strict=True):
                if len(place) == form.PLACE and place != form.ZEROS:
                    try:
                        form.unwrapped(self._wrap, place, form.bound_to(number))
                    except InvalidTag:
                        faults.append(self._damaged(number))
        return faults

    def close(self) -> None:
        with self._alone.lock:
            if not self._is_closed and not self._is_inherited:
                os.close(self._file)
                self._file = -1
            self._is_closed = True
            self._pool.clear()


class _Door(AbstractContextManager[None]):
    """Lets one in, and keeps other threads and processes out.

    A generator would make a reservation a quarter longer.
    """

    __slots__ = ("_enter", "_failed", "_leave", "lock")

    def __init__(
        self,
        enter: Callable[[], None],
        leave: Callable[[], None],
        failed: Callable[[OSError], StoreUnavailable],
    ) -> None:
        self._enter, self._leave, self._failed = enter, leave, failed
        self.lock = threading.Lock()

    def __enter__(self) -> None:
        self.lock.acquire()
        try:
            self._enter()
        except OSError as error:
            self.lock.release()
            raise self._failed(error) from None
        except BaseException:
            self.lock.release()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._leave()
        except OSError as failure:
            error = failure
        finally:
            self.lock.release()
        if isinstance(error, OSError):
            raise self._failed(error) from None
