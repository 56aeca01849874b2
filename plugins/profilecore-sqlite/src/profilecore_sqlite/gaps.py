"""Zero what is unallocated inside the pages of a SQLite file, in place.  A program of its own.

``PRAGMA secure_delete`` zeroes what is deleted, but when SQLite rebuilds a page to balance a
tree it leaves copies of the cells that moved in the page's *gap*: the bytes between the array
of cell pointers and the first cell.  ``VACUUM`` removes them by writing the whole file anew.
This program overwrites just these bytes, the bodies of free blocks and the pages of the
freelist with zeros.  It leaves stale entries of that array: they tell where cells lay, not what
was in them.

It is run as ``python -I -S gaps.py PATH`` and not imported, because closing a file descriptor
of a database drops the POSIX locks of every SQLite connection that the process has to it.

Why it is safe while others use the database:

1. The gap, free blocks and freelist pages are by the file format not part of any content, so
   no reader looks at them, and a crash at any moment leaves a file with the same content.
2. The program holds SQLite's write lock and has seen the write-ahead log truncated to nothing
   *under* that lock.  So the file is the whole truth, nobody can change it, and there is no
   frame that a checkpoint (which needs no write lock) could copy over what was zeroed.
3. Others may have copies of pages in their caches, with the old bytes in the gap, and would
   write them back.  Before it lets go of the lock the program commits a change of its own.
   That alters the header of the log's index, and SQLite drops a connection's cache when it
   begins a transaction and finds that header other than it knew it.  A transaction that began
   reading before cannot become a writer any more: SQLite refuses it (``SQLITE_BUSY_SNAPSHOT``).
4. Only b-tree pages have a gap.  They begin with a byte of 2, 5, 10 or 13; overflow pages and
   trunks of the freelist begin with a page number of four bytes, whose first is zero in files
   of fewer than 2**24 pages; leaves of the freelist are known from their trunks.
5. Whatever looks unfamiliar makes it stop without having judged: the caller then vacuums.

A large file is read by several processes, each a part of it.  Only this one writes: should it be
killed, and its lock with it, the others find nobody to tell.

Exit codes: 0 done; 75 a reader or writer is in the way, try again later; 76 the layout is not
one that this program knows; 1 anything else.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import struct
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, pairwise
from pathlib import Path

DONE, FAILED, PENDING, UNFAMILIAR = 0, 1, 75, 76

PATIENCE = 2.0
BUSY_TIMEOUT = 0.4
PAGES_AT_ONCE = 128
MAX_PAGES = 1 << 24
# To read fewer takes no longer than to begin a process.
PAGES_OF_SHARE = 16_384
# More would wait for the disk.
MAX_SHARES = 4
# Of stale places of cells so many are left.  In a larger page they could be the bytes of a text.
MAX_PLACES = 32
LARGEST_WITH_PLACES = 8_192
UTF_8 = 1

_PAGE = struct.Struct(">BHHH")
_BLOCK = struct.Struct(">HH")
_RANGE = struct.Struct("=QQ")
_HEADER_SIZE = {2: 12, 5: 12, 10: 8, 13: 8}


class Unfamiliar(Exception):
    """The file is not laid out as this program expects."""


class Pending(Exception):
    """Another connection is in the way."""


def scrub(path: Path) -> int:
    """Zero the gaps of the database and give the number of ranges that were not zero.

    :raises Pending: if a reader or a writer kept it from it.
    :raises Unfamiliar: if the file has another layout.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
    )
    descriptor = os.open(path, os.O_RDWR)
    try:
        if hasattr(os, "posix_fadvise"):  # a file that memory does not hold is read twice as fast
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            raise Unfamiliar("journal mode")
        connection.execute("PRAGMA secure_delete = ON").fetchall()
        _lock_with_empty_log(connection, path)
        try:
            changed = _zero(descriptor)
            os.fsync(descriptor)
            _invalidate_caches(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        # Only for tidiness: the one frame in the log holds a page that is clean.
        connection.execute("PRAGMA busy_timeout = 0").fetchall()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return changed
    finally:
        connection.close()
        os.close(descriptor)


def _lock_with_empty_log(connection: sqlite3.Connection, path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    log = f"{path}-wal"
    while True:
        busy = True
        try:
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] != 0
            if not busy:
                connection.execute("BEGIN IMMEDIATE")
                if not os.path.exists(log) or os.path.getsize(log) == 0:
                    return
                connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
        if time.monotonic() > deadline:
            raise Pending
        if busy:
            time.sleep(0.01)


def _invalidate_caches(connection: sqlite3.Connection) -> None:
    row = connection.execute("SELECT value FROM pc_meta WHERE key = 'scrubs'").fetchone()
    count = int(row[0]) + 1 if row else 1
    connection.execute(
        "INSERT OR REPLACE INTO pc_meta (key, value) VALUES ('scrubs', ?)", [b"%d" % count]
    )


def _zero(descriptor: int) -> int:
    size, count, trunk, top = _layout(descriptor)
    leaves, changed = _freelist(descriptor, size, count, trunk)
    shares = min(_cores(), MAX_SHARES, count // PAGES_OF_SHARE) or 1
    ends = [count * share // shares for share in range(shares + 1)]
    parts = [
        partial(_dirty, descriptor, size, range(first, last), leaves, top)
        for first, last in pairwise(ends)
    ]
    others = [_Reader(part) for part in parts[1:]]
    try:
        for start, length in chain(parts[0](), *others):
            os.pwrite(descriptor, bytes(length), start)
            changed += 1
    finally:
        for other in others:
            other.close()
    return changed


def _cores() -> int:
    return (os.cpu_count() or 1) if hasattr(os, "fork") else 1


class _Reader:
    """A process that finds ranges.  It never writes: should this one die, nothing is written."""

    def __init__(self, find: Callable[[], Iterator[tuple[int, int]]]) -> None:
        source, sink = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            status = FAILED
            try:
                with os.fdopen(sink, "wb") as out:
                    out.writelines(_RANGE.pack(*each) for each in find())
                status = DONE
            finally:
                os._exit(status)
        os.close(sink)
        self._source = os.fdopen(source, "rb")

    def __iter__(self) -> Iterator[tuple[int, int]]:
        while part := self._source.read(_RANGE.size * 4_096):
            yield from _RANGE.iter_unpack(part)
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        if status:
            raise Unfamiliar("another process has not read its part")

    def close(self) -> None:
        """End the process, if it has not ended."""
        self._source.close()
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


def _dirty(
    descriptor: int, size: int, pages: range, leaves: set[int], top: int
) -> Iterator[tuple[int, int]]:
    """Yield the unallocated ranges of some pages that are not zero: where, and how long.

    A place of a cell begins with a byte below ``top``.
    """
    # The list is indexed by length: slicing afresh for each of many pages costs more.
    zeros = [bytes(length) for length in range(size + 1)]
    header = _PAGE.unpack_from
    for first in pages[::PAGES_AT_ONCE]:
        wanted = min(PAGES_AT_ONCE, pages.stop - first) * size
        data = os.pread(descriptor, wanted, first * size)
        if len(data) != wanted:
            raise Unfamiliar("file size")
        for base in range(0, wanted, size):
            number = first + base // size + 1
            start = base + 100 if number == 1 else base
            kind = data[start]
            if number in leaves:
                ranges = [(base, base + size)]
            elif kind in _HEADER_SIZE:
                _, block, cells, content = header(data, start)
                low = start + _HEADER_SIZE[kind] + 2 * cells
                high = base + (content or 65536)
                if not low <= high <= base + size:
                    raise Unfamiliar(f"page {number}")
                ranges = _free_blocks(data, base, size, block, number) if block else []
                is_clean = data.startswith(zeros[high - low], low)
                if not is_clean and not _are_places(data[low:high], top):
                    ranges.append((low, high))
            else:
                continue
            for low, high in ranges:
                if not data.startswith(zeros[high - low], low):
                    yield first * size + low, high - low


def _are_places(gap: bytes, top: int) -> bool:
    """Tell whether all that is not zero in a gap is where cells once lay in the page.

    As the array of places grows shorter, SQLite leaves its end: after many deletes in most pages.
    """
    left = gap.rstrip(b"\0")
    return len(left) <= 2 * MAX_PLACES and max(left[::2]) < top


def _free_blocks(
    data: bytes, base: int, size: int, block: int, number: int
) -> list[tuple[int, int]]:
    ranges = []
    while block:
        if block + 4 > size:
            raise Unfamiliar(f"page {number}")
        following, length = _BLOCK.unpack_from(data, base + block)
        end = block + length
        if length < 4 or end > size or (following and following < end):
            raise Unfamiliar(f"page {number}")
        ranges.append((base + block + 4, base + end))
        block = following
    return ranges


def _layout(descriptor: int) -> tuple[int, int, int, int]:
    """Give the size and the number of pages, the first trunk, and what places begin below.

    A place is a number below the size of a page, in two bytes; two of a text in UTF-8 are more.
    """
    head = os.pread(descriptor, 100, 0)
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise Unfamiliar("header")
    size, write_format, read_format, reserved = struct.unpack_from(">HBBB", head, 16)
    size = 65536 if size == 1 else size
    change, count, trunk = struct.unpack_from(">III", head, 24)
    largest_root, encoding = struct.unpack_from(">II", head, 52)
    (valid_for,) = struct.unpack_from(">I", head, 92)
    if size < 512 or size & (size - 1) or reserved or (write_format, read_format) != (2, 2):
        raise Unfamiliar("header")
    if largest_root or change != valid_for:
        raise Unfamiliar("auto_vacuum or header")
    if count >= MAX_PAGES or count * size != os.fstat(descriptor).st_size:
        raise Unfamiliar("file size")
    top = size >> 8 if encoding == UTF_8 and size <= LARGEST_WITH_PLACES else 0
    return size, count, trunk, top


def _freelist(descriptor: int, size: int, count: int, trunk: int) -> tuple[set[int], int]:
    leaves: set[int] = set()
    trunks: set[int] = set()
    changed = 0
    while trunk:
        if trunk > count or trunk in trunks:
            raise Unfamiliar("freelist")
        trunks.add(trunk)
        page = os.pread(descriptor, size, (trunk - 1) * size)
        following, held = struct.unpack_from(">II", page)
        tail = 8 + 4 * held
        if tail > size:
            raise Unfamiliar("freelist")
        leaves.update(struct.unpack_from(f">{held}I", page, 8))
        if any(page[tail:]):
            os.pwrite(descriptor, bytes(size - tail), (trunk - 1) * size + tail)
            changed += 1
        trunk = following
    if leaves & trunks or any(not 1 < leaf <= count for leaf in leaves):
        raise Unfamiliar("freelist")
    return leaves, changed


def main(arguments: list[str]) -> int:
    """Run the program; the number of changed ranges goes to standard output."""
    if hasattr(signal, "SIGCHLD"):
        # A host may ignore it, and then there would be nothing to wait for.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        changed = scrub(Path(arguments[0]))
    except Pending:
        return PENDING
    except Unfamiliar as error:
        sys.stderr.write(f"unfamiliar layout: {error}\n")
        return UNFAMILIAR
    except sqlite3.OperationalError as error:
        sys.stderr.write(f"{error.sqlite_errorname}\n")
        return PENDING if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY else FAILED
    except (sqlite3.Error, OSError) as error:
        sys.stderr.write(f"{type(error).__name__}\n")
        return FAILED
    sys.stdout.write(f"{changed}\n")
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
