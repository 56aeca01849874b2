"""A keyring in a file: a head, then one place a key, wrapped under a master key.

A place is written once and overwritten with zeros when its key is destroyed; places are never
used twice, so no crash can give two people one key.  Keys are made and put on the disk in lots, so
that a new guest waits for no disk but the store's.  The file must lie where the store's backups do
not: whoever has an old copy of both can read what was cleared since.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from profilecore.errors import StoreCorrupt, StoreUnavailable
from profilecore_sealed.keyring import KEY, Keyring
from profilecore_sealed.runs import Run, numbers_of, runs_of, together, without

MAGIC = b"profilecore keys"
FORMAT = 1
HEAD = 4096
_FIXED = struct.Struct("<16sIQ16s32s")  # magic, format, keys made, id, own master
_NONCE, _TAG = 12, 16
_MADE = struct.Struct("<Q")
_MADE_AT = 20
_COMMON = 16 + KEY  # the salt and the key of the words
_COMMON_AT = _FIXED.size
_DOUBT_AT = 512
_NUMBER = struct.Struct("<I")
_RUN = struct.Struct("<QI")  # the first of a run of numbers in doubt, and how many
_MOST_RUNS = (HEAD - _DOUBT_AT - _NUMBER.size) // _RUN.size
_PLACE = _NONCE + KEY + _TAG
_ZEROS = bytes(_PLACE)
_HIGHEST = (2**63 - HEAD) // _PLACE  # above it no file can have a place
_FEWEST, _MOST = 16, 4096
_NO_MASTER = bytes(KEY)


def read_master(path: Path) -> bytes:
    """Read a master key: 64 hexadecimal digits in a file.

    :raises StoreUnavailable: if the file holds anything else, or cannot be read.
    """
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except OSError as error:
        raise StoreUnavailable(
            f"The master key {path} cannot be read ({error.strerror})."
        ) from None
    except ValueError:
        key = b""
    if len(key) != KEY:
        raise StoreUnavailable(
            f"{path} holds no master key; make one with `openssl rand -hex {KEY}`."
        )
    return key


class FileKeyring(Keyring):
    """The keyring in a file, made if there is none.

    ``master`` names the file of the master key.  Without one the keyring opens itself, and only
    the permissions of its file (600) protect it.

    :raises StoreUnavailable: if the file cannot be had, or needs another master key.
    :raises StoreCorrupt: if it is no keyring.
    """

    def __init__(self, path: Path, master: Path | None = None, *, create: bool = True) -> None:
        self.path = path.absolute()
        self._master_path = master
        self._lock = threading.Lock()
        self._is_closed = False
        self._file = -1
        if create and not self.path.exists():
            _create(self.path, None if master is None else read_master(master))
        self._open()

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
        head = os.pread(file, HEAD, 0)
        try:
            self._read_head(head)
        except BaseException:
            os.close(file)
            raise
        # After a fork the old one is the parent's; what is replaced is not read any more.
        if self._file >= 0:
            os.close(self._file)
        self._file = file
        self._pid = os.getpid()
        self._pool: deque[tuple[int, bytes]] = deque()
        self._lot = _FEWEST

    def _read_head(self, head: bytes) -> None:
        magic, version, _made, id, own = (
            _FIXED.unpack_from(head) if len(head) == HEAD else (b"", 0, 0, b"", b"")
        )
        if magic != MAGIC:
            raise StoreCorrupt(f"{self.path} is no keyring; restore it from its own copy.")
        if version != FORMAT:
            raise StoreUnavailable(f"{self.path} is of a newer version of profilecore-sealed.")
        if self._master_path is not None:
            master = read_master(self._master_path)
        elif own == _NO_MASTER:
            raise StoreUnavailable(f"The keyring {self.path} needs its master key; name its file.")
        else:
            master = own
        self._wrap = AESGCM(master)
        wrapped = head[_COMMON_AT : _COMMON_AT + _NONCE + _COMMON + _TAG]
        try:
            common = _opened(self._wrap, wrapped, MAGIC + id)
        except InvalidTag:
            raise StoreUnavailable(f"The keyring {self.path} has another master key.") from None
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

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads and processes out, and see to it that the file is the right one."""
        with self._lock:
            if self._is_closed or self._pid != os.getpid():
                self._open()
            while True:
                fcntl.flock(self._file, fcntl.LOCK_EX)
                if self._is_current():
                    break
                self._open()  # closes the other, and so lets go of it
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _is_current(self) -> bool:
        return os.pread(self._file, len(MAGIC), 0) == MAGIC

    def reserve(self, number: int) -> list[tuple[int, bytes]]:
        given: list[tuple[int, bytes]] = []
        if not number:
            return given
        with self._alone():
            made = self._made()
            while len(given) < number:
                if not self._pool:
                    self._lot = min(self._lot * 4, _MOST)
                    self._make(max(number - len(given), self._lot))
                given += self._from_pool(number - len(given), made)
            fresh = runs_of(new for new, _ in given)
            self._write_doubt(together([*self._read_doubt(), *fresh]))
        return given

    def _from_pool(self, number: int, made: int) -> list[tuple[int, bytes]]:
        """Take neighbours out of the pool, without those of the ``made`` ones that are destroyed.

        Keys can go while they wait here, for doubts can cover more than was given.
        """
        first = self._pool[0][0]
        taken: list[tuple[int, bytes]] = []
        while self._pool and len(taken) < number and self._pool[0][0] == first + len(taken):
            taken.append(self._pool.popleft())
        if first > made:
            return taken
        places = os.pread(self._file, _PLACE * len(taken), _place(first))
        starts = range(0, _PLACE * len(taken), _PLACE)
        return [
            key
            for key, start in zip(taken, starts, strict=True)
            if not places.startswith(_ZEROS, start)
        ]

    def _made(self) -> int:
        made: int = _MADE.unpack(os.pread(self._file, _MADE.size, _MADE_AT))[0]
        return made

    def _make(self, number: int) -> None:
        """Make keys, durable before anybody has them."""
        made = self._made()
        chance = os.urandom(KEY * number)
        fresh = [(made + n, chance[KEY * (n - 1) : KEY * n]) for n in range(1, number + 1)]
        places = b"".join(_sealed(self._wrap, key, _bound_to(n)) for n, key in fresh)
        _write(self._file, places, _place(made + 1))
        _write(self._file, _MADE.pack(made + number), _MADE_AT)
        os.fsync(self._file)
        self._pool += fresh

    def keys(self, numbers: Sequence[int]) -> list[bytes | None]:
        self._be_open()
        return [self._key(number) for number in numbers]

    def key(self, number: int) -> bytes | None:
        self._be_open()
        return self._key(number)

    def _be_open(self) -> None:
        if self._pid != os.getpid() or self._is_closed:
            with self._alone():
                pass

    def _key(self, number: int) -> bytes | None:
        if 0 < number <= _HIGHEST:
            try:
                if key := self._read_key(number):
                    return key
            except (InvalidTag, OSError):
                pass  # somebody may be writing the place, or replacing the file
        with self._alone():
            if not 0 < number <= self._made():
                raise StoreCorrupt(
                    f"The store uses a key that {self.path} never had: it is an older copy; "
                    "restore the newest."
                )
            try:
                return self._read_key(number)
            except InvalidTag:
                raise StoreCorrupt(
                    f"Key {number} of {self.path} is damaged; restore the keyring from its copy."
                ) from None

    def _read_key(self, number: int) -> bytes | None:
        place = os.pread(self._file, _PLACE, _place(number))
        return None if place == _ZEROS else _opened(self._wrap, place, _bound_to(number))

    def destroy(self, numbers: Iterable[int]) -> None:
        runs = runs_of(numbers)
        if not runs:
            return
        with self._alone():
            for first, count in runs:
                _write(self._file, bytes(_PLACE * count), _place(first))
            os.fsync(self._file)
            self._write_doubt(without(self._read_doubt(), runs))

    def settled(self, numbers: Iterable[int]) -> None:
        with self._alone():
            self._write_doubt(without(self._read_doubt(), runs_of(numbers)))

    def in_doubt(self) -> list[int]:
        with self._alone():
            return list(numbers_of(self._read_doubt()))

    def _read_doubt(self) -> list[Run]:
        area = os.pread(self._file, HEAD - _DOUBT_AT, _DOUBT_AT)
        (count,) = _NUMBER.unpack_from(area)
        return [_RUN.unpack_from(area, _NUMBER.size + n * _RUN.size) for n in range(count)]

    def _write_doubt(self, runs: list[Run]) -> None:
        if len(runs) > _MOST_RUNS:
            # More than is in doubt: who looks finds out that the others are in use.
            runs = [(runs[0][0], sum(runs[-1]) - runs[0][0])]
        packed = b"".join(_RUN.pack(*run) for run in runs)
        _write(self._file, _NUMBER.pack(len(runs)) + packed, _DOUBT_AT)

    def adopt(self, salt: bytes) -> None:
        with self._alone():
            common = _sealed(self._wrap, salt + self._word_key, MAGIC + self._id)
            _write(self._file, common, _COMMON_AT)
            os.fsync(self._file)
            self._salt = salt

    def change_master(self, new: Path | None) -> None:
        """Wrap all keys under another master key: that of a file, or none.

        The file is written anew and the old one overwritten; an interrupt leaves one of both.
        Other processes go on if the file of the master key that they were given holds the new one.

        :raises StoreUnavailable: if the new master key cannot be read, or the file not written.
        """
        master = os.urandom(KEY) if new is None else read_master(new)
        with self._alone():
            wrap = AESGCM(master)
            beside = self.path.with_name(self.path.name + ".new")
            made = self._made()
            own = master if new is None else _NO_MASTER
            head = _head(wrap, made, self._id, own, self._salt + self._word_key)
            head += os.pread(self._file, HEAD - _DOUBT_AT, _DOUBT_AT)
            file = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                _write(file, head, 0)
                for first in range(1, made + 1, _MOST):
                    numbers = range(first, min(first + _MOST, made + 1))
                    _write(file, self._wrapped_anew(wrap, numbers), _place(first))
                os.fsync(file)
                os.replace(beside, self.path)
                _sync_directory(self.path.parent)
            finally:
                os.close(file)
            size = os.fstat(self._file).st_size
            _write(self._file, bytes(size), 0)
            os.fsync(self._file)
            self._master_path = new
            self._open()

    def _wrapped_anew(self, wrap: AESGCM, numbers: range) -> bytes:
        old = os.pread(self._file, _PLACE * len(numbers), _place(numbers[0]))
        places = []
        for n, number in enumerate(numbers):
            place = old[n * _PLACE : (n + 1) * _PLACE]
            if place != _ZEROS:
                key = _opened(self._wrap, place, _bound_to(number))
                place = _sealed(wrap, key, _bound_to(number))
            places.append(place)
        return b"".join(places)

    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    def check(self) -> list[str]:
        faults = []
        with self._alone():
            if os.fstat(self._file).st_size < _place(self._made() + 1):
                faults.append(f"{self.path} is cut short.")
        if self.path.stat().st_mode & 0o077:
            faults.append(f"{self.path} can be read by others; give it the permissions 600.")
        return faults

    def close(self) -> None:
        with self._lock:
            if not self._is_closed and self._pid == os.getpid():
                os.close(self._file)
                self._file = -1
            self._is_closed = True
            self._pool.clear()


def _create(path: Path, master: bytes | None) -> None:
    """Write an empty keyring, whole or not at all."""
    id, key = os.urandom(16), master or os.urandom(KEY)
    head = _head(AESGCM(key), 0, id, _NO_MASTER if master else key, os.urandom(_COMMON))
    beside = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _write(file, head.ljust(HEAD, b"\0"), 0)
            os.fsync(file)
        finally:
            os.close(file)
        try:
            os.link(beside, path)  # another process may have been faster; then its file stays
        except FileExistsError:
            pass
        finally:
            beside.unlink()
        _sync_directory(path.parent)
    except OSError as error:
        raise StoreUnavailable(
            f"The keyring {path} cannot be written ({error.strerror}); "
            "name a file in a directory that exists."
        ) from None


def _head(wrap: AESGCM, made: int, id: bytes, own: bytes, common: bytes) -> bytes:
    """Give the head up to the numbers in doubt."""
    fixed = _FIXED.pack(MAGIC, FORMAT, made, id, own)
    return (fixed + _sealed(wrap, common, MAGIC + id)).ljust(_DOUBT_AT, b"\0")


def _sealed(wrap: AESGCM, content: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + wrap.encrypt(nonce, content, bound)


def _opened(wrap: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    """Give what was sealed.

    :raises InvalidTag: if it was changed, cut short, or is bound to something else.
    """
    if len(sealed) < _NONCE + _TAG:
        raise InvalidTag
    return wrap.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)


def _place(number: int) -> int:
    return HEAD + (number - 1) * _PLACE


def _bound_to(number: int) -> bytes:
    return number.to_bytes(8, "little")


def _write(file: int, content: bytes, offset: int) -> None:
    view = memoryview(content)
    while view:
        done = os.pwrite(file, view, offset)
        view, offset = view[done:], offset + done


def _sync_directory(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
