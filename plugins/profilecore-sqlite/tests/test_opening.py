from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from profilecore.errors import StoreCorrupt, StoreError, StoreSchema, StoreUnavailable
from profilecore.model.documents import Document
from profilecore.store import Line, Terms
from profilecore_sqlite import SqliteStore, open_store, schema, session

Opened = Callable[..., SqliteStore]
SECRET = "Hildegard"


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def pragma(store: SqliteStore, name: str) -> object:
    with store.read() as reader:
        return reader.rows(f"PRAGMA {name}")[0][0]


def put(store: SqliteStore, id: str, version: int = 1) -> None:
    terms = Terms((7,), (Line(SECRET.lower(), (SECRET.lower(),)),))
    with store.write() as writer:
        writer.put(Document("profile", id, id, version, SECRET.encode()), terms, expect=version - 1)


def test_closing_leaves_one_file(opened: Opened, path: Path) -> None:
    store = opened()
    put(store, "a")
    with store.read() as reader:
        reader.get("profile", "a")
    store.close()
    assert store.files() == (path,)


def test_what_was_stored_is_there_after_reopening(opened: Opened) -> None:
    first = opened()
    put(first, "a")
    first.close()
    second = opened(create=False)
    assert second.salt == first.salt
    with second.read() as reader:
        assert reader.get("profile", "a") == Document("profile", "a", "a", 1, SECRET.encode())


def test_a_relative_path_stays_where_it_was_when_the_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///guests.db")
    monkeypatch.chdir("..")
    put(store, "a")
    store.scrub()
    store.close()
    assert (tmp_path / "guests.db").exists()


@pytest.mark.parametrize("name", ["with space.db", "50%.db", "a?b.db", "a#b.db", "ü.db"])
def test_any_file_name_will_do(opened: Opened, tmp_path: Path, name: str) -> None:
    store = opened(tmp_path / name)
    put(store, "a")
    assert store.scrub()
    assert (tmp_path / name) in store.files()


@pytest.mark.parametrize("url", ["sqlite://guests.db", "sqlite:///", "sqlite:///:memory:"])
def test_a_url_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="memory://"):
        open_store(url)


def test_a_missing_file_is_named_when_it_may_not_be_created(opened: Opened, path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"guests\.db does not exist.*create=True"):
        opened(create=False)
    assert not path.exists()


def test_a_missing_directory_is_named(opened: Opened, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="its directory does not exist"):
        opened(tmp_path / "none" / "guests.db")


def test_a_directory_is_no_store(opened: Opened, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        opened(tmp_path)


def test_a_file_of_another_sort_is_no_store(opened: Opened, path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to have a header" * 100)
    with pytest.raises(StoreCorrupt, match="not a SQLite database"):
        opened()


def test_the_database_of_another_application_is_left_alone(opened: Opened, path: Path) -> None:
    execute(path, "CREATE TABLE theirs (a)", "PRAGMA application_id = 77")
    with pytest.raises(StoreCorrupt, match="another application"):
        opened()


def test_a_database_without_our_tables_is_no_store_unless_created(
    opened: Opened, path: Path
) -> None:
    execute(path, "CREATE TABLE theirs (a)")
    with pytest.raises(StoreCorrupt, match="no store"):
        opened(create=False)


def test_a_host_may_keep_the_tables_in_its_own_database(opened: Opened, path: Path) -> None:
    execute(path, "CREATE TABLE theirs (a)", "PRAGMA user_version = 41")
    put(opened(), "a")
    again = opened()
    assert pragma(again, "user_version") == 41
    assert pragma(again, "application_id") == 0
    assert again.scrub()


def test_a_file_of_our_own_is_stamped(store: SqliteStore) -> None:
    assert pragma(store, "application_id") == schema.APPLICATION_ID
    assert pragma(store, "user_version") == len(schema.STEPS)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pc_meta SET value = CAST('99' AS BLOB) WHERE key = 'schema'",
        "PRAGMA user_version=99",
    ],
)
def test_a_newer_schema_asks_for_an_update(opened: Opened, path: Path, statement: str) -> None:
    opened().close()
    execute(path, statement)
    with pytest.raises(StoreSchema, match=r"schema 99.*update"):
        opened()


def test_an_older_schema_is_brought_up_in_one_transaction(
    opened: Opened, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(opened(), "a")

    def fails(database: object) -> None:
        database.execute("CREATE TABLE pc_half (a)")  # type: ignore[attr-defined]
        raise ZeroDivisionError

    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, fails))
    with pytest.raises(ZeroDivisionError):
        opened()
    monkeypatch.setattr(
        schema, "STEPS", (*schema.STEPS[:1], lambda db: db.execute("CREATE TABLE pc_new (a)"))
    )
    store = opened()
    assert pragma(store, "user_version") == 2
    with store.read() as reader:
        names = {name for (name,) in reader.rows("SELECT name FROM sqlite_schema")}
        assert reader.get("profile", "a") is not None
    assert "pc_new" in names
    assert "pc_half" not in names


def test_every_connection_is_set_up(opened: Opened) -> None:
    store = opened(synchronous="NORMAL", cache_mb=2)
    wanted = {
        "journal_mode": "wal",
        "secure_delete": 1,
        "synchronous": 1,
        "foreign_keys": 1,
        "temp_store": 2,
        "cache_size": -2048,
        "auto_vacuum": 0,
    }
    assert {name: pragma(store, name) for name in wanted} == wanted
    assert pragma(opened(), "synchronous") == 2


def test_a_build_that_does_not_overwrite_is_refused(path: Path) -> None:
    class Deaf(sqlite3.Cursor):
        def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
            return super().execute(sql.replace("secure_delete = ON", "secure_delete = OFF"))

    class Connection(sqlite3.Connection):
        def cursor(self) -> sqlite3.Cursor:  # type: ignore[override]
            return Deaf(self)

    with (
        closing(sqlite3.connect(path, factory=Connection)) as connection,
        pytest.raises(StoreError, match="does not overwrite"),
    ):
        session.overwrite_deleted(connection, path)


def test_a_locked_store_says_so_in_time(opened: Opened, path: Path) -> None:
    store = opened(timeout=0.2)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked by another process"), store.write():
            pass
    put(store, "a")


def test_a_full_disk_undoes_the_transaction(store: SqliteStore) -> None:
    put(store, "a")
    with store.read() as reader:
        pages = reader.rows("PRAGMA page_count")[0][0]
        reader.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailable, match="no room") as caught, store.write() as writer:
        writer.put_blob("b", SECRET.encode() * 10_000)
    assert SECRET not in str(caught.value)
    with store.read() as reader:
        assert reader.blob("b") is None
        assert reader.count("profile") == 1


def test_what_follows_an_undone_transaction_is_not_committed(store: SqliteStore) -> None:
    def work() -> None:
        with store.write() as writer:
            writer.rows("ROLLBACK")
            with pytest.raises(StoreError):
                writer.rows("no statement")
            with pytest.raises(StoreError, match="undone"):
                writer.put(Document("profile", "a", "a", 1, b""), expect=0)

    with pytest.raises(StoreError, match="has undone this transaction"):
        work()
    put(store, "b")
    with store.read() as reader:
        assert reader.count("profile") == 1


def test_a_file_that_may_not_be_written_is_named(store: SqliteStore) -> None:
    with store.read() as reader:
        reader.rows("PRAGMA query_only = ON")
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        put(store, "a")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_refused(opened: Opened, path: Path) -> None:
    opened().close()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with pytest.raises(StoreUnavailable):
            put(opened(), "a")
    finally:
        path.parent.chmod(0o700)


def test_damage_is_reported_without_any_value(opened: Opened, path: Path) -> None:
    store = opened()
    for number in range(300):
        put(store, f"p{number}")
    store.close()
    damaged = bytearray(path.read_bytes())
    for page in range(2, len(damaged) // 4096):
        damaged[page * 4096 : page * 4096 + 12] = (
            b"\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
        )
    path.write_bytes(damaged)
    with pytest.raises(StoreCorrupt, match="damaged") as caught:
        put(opened(), "p1", 2)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_lone_surrogates_are_refused_without_showing_them(store: SqliteStore) -> None:
    with pytest.raises(StoreError, match="surrogates") as caught:
        put(store, f"{SECRET}\ud800")
    assert SECRET not in str(caught.value)


def test_a_closed_store_says_so(store: SqliteStore) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"), store.read():
        pass


def test_opening_imports_neither_the_tools_nor_another_driver(path: Path, opened: Opened) -> None:
    opened().close()
    code = (
        "import sys; from profilecore_sqlite import open_store; open_store(sys.argv[1]).close();"
        "print(*sorted({'sqlite_utils', 'pysqlite3', 'click'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code, f"sqlite:///{path}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
