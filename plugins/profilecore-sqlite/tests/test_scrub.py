"""Nothing that was deleted is left in any byte of the files, and nothing else is touched.

Values are runs of letters that occur nowhere else, so that any fragment of one is seen.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from profilecore.errors import StoreError
from profilecore.model.documents import Document
from profilecore.store import Line, Terms
from profilecore_sqlite import SqliteStore, gaps, open_store, scrub, session

Opened = Callable[..., SqliteStore]

LETTERS = "QXZJKVWY"
SEEN = re.compile(rb"[QXZJKVWY]{9,}")
PLANTED = LETTERS.encode() * 4

# The files are read by another process: closing one of them in this process would drop the
# locks that the store's own connections hold on it.
READ = "import sys; [sys.stdout.buffer.write(open(name, 'rb').read()) for name in sys.argv[1:]]"

# Runs the program, but tells when it holds the lock and waits for a line.
STEPWISE = """
import sys
sys.path.insert(0, sys.argv[1])
import gaps
lock = gaps._lock_with_empty_log
def lock_and_wait(*arguments):
    lock(*arguments)
    print("locked", flush=True)
    sys.stdin.readline()
gaps._lock_with_empty_log = lock_and_wait
exec(sys.argv[3])
sys.exit(gaps.main([sys.argv[2]]))
"""

WORK = """
import sys
from profilecore.model.documents import Document
from profilecore_sqlite import open_store
store, name = open_store(sys.argv[1]), sys.argv[2]
for version in range(150):
    for id in (name, f"{name}{version % 20}"):
        with store.write() as writer:
            old = writer.get("profile", id)
            stored = old.version if old else 0
            body = old.body[:3000] + id.encode() * 10 if old else b""
            writer.put(Document("profile", id, id, stored + 1, body), expect=stored)
store.close()
"""


def bytes_of(paths: Sequence[Path]) -> bytes:
    command = [sys.executable, "-I", "-S", "-c", READ, *map(str, paths)]
    return subprocess.run(command, check=True, capture_output=True).stdout


class Churn:
    """Profiles that come, change and go; knows the values that are still stored."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._values: dict[str, list[str]] = {}
        self._versions: dict[str, int] = {}

    def run(self, store: SqliteStore, profiles: int = 120) -> None:
        """Store profiles, change each twice, and delete 15 % of them."""
        ids = [f"p{number}" for number in range(profiles)]
        for id in ids * 3:
            self._put(store, id)
        for id in self._random.sample(ids, profiles * 15 // 100):
            with store.write() as writer:
                writer.delete("profile", id)
            del self._values[id], self._versions[id]

    def leftovers(self, store: SqliteStore) -> set[bytes]:
        """Give what the files hold of values that no document has any more.

        Up to three letters of a run may be no part of the value: numbers that SQLite stores
        beside it may look like letters.
        """
        living = "|".join(value for values in self._values.values() for value in values).encode()
        trims = [(start, end) for start in range(4) for end in range(4 - start)]
        return {
            run
            for run in SEEN.findall(bytes_of(store.files()))
            if not any(run[start : len(run) - end] in living for start, end in trims)
        }

    def _put(self, store: SqliteStore, id: str) -> None:
        version = self._versions[id] = self._versions.get(id, 0) + 1
        values = [self._value() for _ in range(6)]
        filler = "-" * self._random.choice((20, 150, 700, 2_500, 8_000))
        body = filler.join(values[:4]).encode()[: 8_000 + self._random.randrange(200)]
        text = f"{values[4]} {values[5]}"
        terms = Terms((self._random.getrandbits(63),), (Line(text, tuple(text.split())),))
        with store.write() as writer:
            writer.put(Document("profile", id, id, version, body), terms, expect=version - 1)
        self._values[id] = values

    def _value(self) -> str:
        # The first letter parts values that are stored without anything between them.
        return "v" + "".join(self._random.choices(LETTERS, k=self._random.randint(12, 24)))


def put(store: SqliteStore, id: str, version: int = 1, body: bytes = b"body") -> None:
    with store.write() as writer:
        writer.put(Document("profile", id, id, version, body), expect=version - 1)


def delete(store: SqliteStore, id: str) -> None:
    with store.write() as writer:
        assert writer.delete("profile", id)


def checkpoint(store: SqliteStore) -> bool:
    with closing(sqlite3.connect(store.path)) as connection:
        return connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


@contextmanager
def snapshot(path: Path) -> Iterator[None]:
    """Hold the present state of a store as a reader."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM pc_document").fetchall()
        yield


def unallocated(path: Path) -> dict[str, int]:
    """Give the offset of something unallocated of each sort."""
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'pc_document'"
        ).fetchone()
    data = path.read_bytes()
    page = (root - 1) * 4096
    kind, block, cells, _content = gaps._PAGE.unpack_from(data, page)
    assert kind == 13
    assert struct.unpack_from(">H", data, page + block + 2)[0] > 50
    trunk = (struct.unpack_from(">I", data, 32)[0] - 1) * 4096
    following, held, leaf = struct.unpack_from(">III", data, trunk)
    assert following == 0
    assert held > 1
    return {
        "gap": page + 8 + 2 * cells,
        "free block": page + block + 4,
        "freelist leaf": (leaf - 1) * 4096,
        "freelist trunk": trunk + 8 + 4 * held,
    }


@pytest.fixture
def prepared(opened: Opened, path: Path) -> Path:
    """Give the path of a store that has something unallocated of each sort, and is closed."""
    store = opened()
    for id in ("a", "b", "c"):
        put(store, id, body=b"body" * 50)
    delete(store, "b")
    with store.write() as writer:
        writer.put_blob("b", bytes(100_000))
        writer.delete_blob("b")
    assert store.scrub()
    store.close()
    return path


def plant(path: Path, sort: str) -> None:
    offset = unallocated(path)[sort]
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(PLANTED)


@pytest.mark.parametrize("seed", range(12))
def test_no_byte_of_what_is_gone_is_left(store: SqliteStore, seed: int) -> None:
    churn = Churn(seed)
    for _round in range(2):
        churn.run(store)
        assert store.scrub() is True
        assert churn.leftovers(store) == set()
        assert store.check() == []


@pytest.mark.parametrize("page_size", [512, 1024, 65536])
def test_any_page_size_will_do(opened: Opened, path: Path, page_size: int) -> None:
    with closing(sqlite3.connect(path)) as host:
        host.execute(f"PRAGMA page_size = {page_size}")
        host.execute("CREATE TABLE theirs (a)")
    store = opened()
    churn = Churn(page_size)
    churn.run(store, profiles=40)
    assert scrub.zero_gaps(path) is True
    assert churn.leftovers(store) == set()
    assert store.check() == []


def test_the_harness_sees_what_a_checkpoint_alone_leaves(opened: Opened, tmp_path: Path) -> None:
    found = set()
    for seed in (100, 103, 126, 136):
        store = opened(tmp_path / f"{seed}.db")
        churn = Churn(seed)
        churn.run(store)
        assert checkpoint(store)
        found |= churn.leftovers(store)
    assert found


def test_the_harness_sees_what_is_left_without_overwriting(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disable(connection: sqlite3.Connection, path: Path) -> None:
        connection.execute("PRAGMA secure_delete = OFF").fetchall()

    monkeypatch.setattr(session, "overwrite_deleted", disable)
    found = set()
    for seed in range(3, 7):
        store = opened(tmp_path / f"{seed}.db")
        churn = Churn(seed)
        churn.run(store)
        assert store.scrub()
        found |= churn.leftovers(store)
    assert found


SORTS = ["gap", "free block", "freelist leaf", "freelist trunk"]


@pytest.mark.parametrize("sort", SORTS)
def test_whatever_is_unallocated_is_zeroed(opened: Opened, prepared: Path, sort: str) -> None:
    plant(prepared, sort)
    store = opened()
    assert checkpoint(store)
    assert PLANTED in bytes_of(store.files())
    assert store.scrub() is True
    assert PLANTED not in bytes_of(store.files())
    assert store.check() == []


def test_a_second_scrub_finds_nothing_to_do(opened: Opened, prepared: Path) -> None:
    plant(prepared, "gap")
    command = [sys.executable, "-I", "-S", gaps.__file__, str(prepared)]
    changes = [
        int(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(2)
    ]
    assert changes == [1, 0]


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have several processes read a small file."""
    pytest.importorskip("fcntl", reason="no process can be split here")
    monkeypatch.setattr(gaps, "PAGES_OF_SHARE", 1)
    monkeypatch.setattr(gaps, "_cores", lambda: 3)


@pytest.mark.parametrize("seed", range(3))
def test_what_several_processes_read_is_zeroed_the_same(
    opened: Opened, path: Path, shared: None, seed: int
) -> None:
    store = opened()
    churn = Churn(seed)
    churn.run(store)
    store.close()
    begun = path.read_bytes()
    assert gaps.scrub(path) > 0
    alone = path.with_name("alone")
    alone.write_bytes(begun)
    with alone.open("r+b") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(gaps, "_cores", lambda: 1)
        gaps._zero(file.fileno())
    # The first page and that of pc_meta have the change by which caches are dropped.
    starts = range(0, len(begun), 4096)
    pages, others = path.read_bytes(), alone.read_bytes()
    assert sum(pages[at : at + 4096] != others[at : at + 4096] for at in starts) <= 2
    store = opened()
    assert churn.leftovers(store) == set()
    assert store.check() == []


def test_an_unfamiliar_page_in_the_part_of_another_process_stops_it(
    prepared: Path, shared: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, dirty, fork = os.getpid(), gaps._dirty, os.fork
    begun: list[int] = []

    def fail(*given: Any) -> Any:
        if os.getpid() != own:
            raise gaps.Unfamiliar("page")
        return dirty(*given)

    monkeypatch.setattr(gaps, "_dirty", fail)
    monkeypatch.setattr(os, "fork", lambda: begun.append(fork()) or begun[-1])
    with pytest.raises(gaps.Unfamiliar):
        gaps.scrub(prepared)
    assert begun
    for process in begun:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)


def stepwise(path: Path, patch: str = "") -> subprocess.Popen[str]:
    """Start the program and wait until it holds the lock."""
    command = [sys.executable, "-c", STEPWISE, str(Path(gaps.__file__).parent), str(path), patch]
    running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "locked\n"
    return running


@pytest.mark.parametrize(
    ("patch", "is_back"),
    [("", False), ("import os; gaps._invalidate_caches = lambda connection: os._exit(0)", True)],
)
def test_no_cached_page_brings_it_back(
    opened: Opened, prepared: Path, patch: str, *, is_back: bool
) -> None:
    plant(prepared, "gap")
    store = opened()
    running = stepwise(prepared, patch)
    with store.read() as reader:
        assert reader.get("profile", "a") is not None
    running.communicate("\n")
    assert running.returncode == gaps.DONE
    assert PLANTED not in bytes_of(store.files())
    put(store, "a", 2, body=b"other" * 40)
    assert checkpoint(store)
    assert (PLANTED in bytes_of(store.files())) is is_back


def test_a_reader_does_not_become_a_writer_over_it(opened: Opened, prepared: Path) -> None:
    plant(prepared, "gap")
    running = stepwise(prepared)
    with closing(sqlite3.connect(prepared, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM pc_document").fetchall()
        running.communicate("\n")
        with pytest.raises(sqlite3.OperationalError) as caught:
            other.execute("UPDATE pc_document SET version = 2")
        assert caught.value.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT
        other.execute("ROLLBACK")
        other.execute("UPDATE pc_document SET version = 2")
    store = opened()
    assert checkpoint(store)
    assert PLANTED not in bytes_of(store.files())


@pytest.mark.parametrize("moment", ["os.fsync", "gaps._invalidate_caches"])
def test_a_crash_in_the_middle_does_no_harm(opened: Opened, prepared: Path, moment: str) -> None:
    plant(prepared, "gap")
    store = opened()
    put(store, "d")
    running = stepwise(prepared, f"import os; {moment} = lambda *arguments: os._exit(9)")
    running.communicate("\n")
    assert running.returncode == 9
    assert store.check() == []
    with store.read() as reader:
        assert [found.id for found in reader.listing("profile", None, 10)] == ["a", "c", "d"]
    assert store.scrub() is True
    assert PLANTED not in bytes_of(store.files())


@pytest.mark.parametrize("interpreter", [sys.executable, "", "/opt/host/application"])
def test_a_reader_of_an_older_state_makes_it_pending(
    opened: Opened, path: Path, monkeypatch: pytest.MonkeyPatch, interpreter: str
) -> None:
    monkeypatch.setattr(sys, "executable", interpreter)
    store = opened()
    put(store, "a", body=PLANTED)
    with snapshot(path):
        delete(store, "a")
        began = time.monotonic()
        assert store.scrub() is False
        assert time.monotonic() - began < 10
        put(store, "b")
    assert store.scrub() is True
    monkeypatch.undo()
    assert PLANTED not in bytes_of(store.files())


def test_a_writer_elsewhere_makes_it_pending(store: SqliteStore) -> None:
    put(store, "a")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.scrub() is False
    assert store.scrub() is True


def test_a_long_write_of_another_thread_makes_it_pending(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profilecore_sqlite.store.PATIENCE", 0.1)
    answers = []
    with store.write():
        thread = threading.Thread(target=lambda: answers.append(store.scrub()))
        thread.start()
        thread.join()
    assert answers == [False]


def test_idle_connections_are_not_in_the_way(store: SqliteStore) -> None:
    put(store, "a", body=PLANTED)
    other = open_store(f"sqlite:///{store.path}")
    with other.read() as reader:
        assert reader.count("profile") == 1
    delete(store, "a")
    assert store.scrub() is True
    assert PLANTED not in bytes_of(store.files())
    other.close()


@pytest.mark.parametrize("block", ["read", "write"])
def test_a_scrub_inside_a_transaction_is_refused(store: SqliteStore, block: str) -> None:
    with getattr(store, block)(), pytest.raises(StoreError, match="end the transaction"):
        store.scrub()


def test_writers_lose_nothing_meanwhile(opened: Opened, path: Path) -> None:
    store = opened()
    names = ["x", "y", "z"]
    command = [sys.executable, "-c", WORK, f"sqlite:///{path}"]
    running = [subprocess.Popen([*command, name], stderr=subprocess.PIPE) for name in names]
    answers = []
    while any(process.poll() is None for process in running):
        answers.append(store.scrub())
        time.sleep(0.01)
    assert [process.communicate()[1] for process in running] == [b""] * 3
    assert True in answers
    assert store.check() == []
    with store.read() as reader:
        for name in names:
            found = reader.get_many("profile", [name, *(f"{name}{n}" for n in range(20))])
            assert [document.version for document in found] == [150, *[8] * 10, *[7] * 10]


def test_without_an_interpreter_it_vacuums(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    churn = Churn(100)
    churn.run(store)
    monkeypatch.setattr(sys, "executable", "")
    assert scrub.zero_gaps(store.path) is None
    assert store.scrub() is True
    monkeypatch.undo()
    assert churn.leftovers(store) == set()
    assert store.check() == []
    with store.read() as reader:
        assert reader.rows("PRAGMA busy_timeout") == [(30_000,)]


def test_an_unfamiliar_layout_is_vacuumed(opened: Opened, path: Path) -> None:
    with closing(sqlite3.connect(path)) as host:
        host.execute("PRAGMA auto_vacuum = FULL")
        host.execute("CREATE TABLE theirs (a)")
    store = opened()
    churn = Churn(1)
    churn.run(store)
    assert scrub.zero_gaps(path) is None
    assert store.scrub() is True
    assert churn.leftovers(store) == set()
    assert store.check() == []


DAMAGE = {
    "magic": (0, b"X"),
    "reserved bytes": (20, b"\x10"),
    "journal mode": (18, b"\x01"),
    "auto_vacuum": (52, b"\0\0\0\2"),
    "page count": (28, b"\0\0\0\7"),
    "freelist": (32, b"\0\1\0\0"),
    "cell count": (4096 + 3, b"\xff\xff"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_an_unfamiliar_byte_stops_it(prepared: Path, name: str, tmp_path: Path) -> None:
    data = bytearray(prepared.read_bytes())
    offset, change = DAMAGE[name]
    data[offset : offset + len(change)] = change
    changed = tmp_path / "changed"
    changed.write_bytes(data)
    with changed.open("r+b") as file, pytest.raises(gaps.Unfamiliar):
        gaps._zero(file.fileno())
