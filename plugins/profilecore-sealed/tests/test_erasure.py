"""Through the engine: nothing to be read below, and nothing of a cleared person ever again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from profilecore import Engine
from profilecore.model import ReceiptStatus, State
from profilecore.store import open_store

MARK = "zqwxmarker"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 8


def a_guest(name: str) -> dict[str, Any]:
    """Give a guest with a mark, which has the name in it, wherever a text may stand."""
    mark = f"{MARK}{name}"
    return {
        "first_name": f"Anna{mark}",
        "last_name": f"Garcia{mark}",
        "alternate_names": [{"first_name": f"Ann{mark}", "last_name": f"Garc{mark}"}],
        "emails": [{"value": f"{mark}@example.com"}],
        "addresses": [{"line1": f"{mark} 1", "city": f"{mark}stad", "country": "NL"}],
        "documents": [{"type": "passport", "number": f"X{mark}1", "country": "NL"}],
        "notes": [{"text": f"likes {mark}"}],
        "tags": [f"{mark}tag"],
        "company_name": f"{mark} Ltd",
        "occupation": f"{mark}er",
    }


def live(engine: Engine) -> dict[str, str]:
    """Give guests by name who were created, edited, merged, unmerged and given files."""
    ids = {name: engine.create(a_guest(name)).id for name in ("one", "two", "three", "four")}
    for name, id in ids.items():
        engine.attach(id, f"{MARK}{name}.txt", PNG + f"{MARK}{name}".encode())
        engine.update(id, {"occupation": f"{MARK}{name} once more"})
    merged = engine.merge(engine.plan_merge(ids["one"], [ids["two"]]))
    engine.unmerge(merged.id)
    engine.merge(engine.plan_merge(ids["three"], [ids["four"]]))
    return ids


def holding(paths: Iterable[Path], mark: str) -> list[str]:
    """Give the names of the files that hold a mark, as it is or as UTF-16, in any case."""
    found = []
    for path in paths:
        if path.is_file():
            content = path.read_bytes().lower()
            if any(mark.encode(coding) in content for coding in ("utf-8", "utf-16-le")):
                found.append(path.name)
    return found


def readable(url: str) -> str:
    """Give everything that can be read in a store, as one text."""
    store = open_store(url)
    with store.read() as reader:
        kept = reader.everything()
        bodies = [k.document.body for k in kept] + [reader.blob(id) for id in reader.blob_ids()]
    store.close()
    return repr((bodies, [k.terms.rows() for k in kept])).casefold()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sealed+sqlite:///{tmp_path}/guests.db?keyring={tmp_path}/guests.keys"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    with Engine.open(url) as engine:
        yield engine


def test_no_file_ever_holds_a_value(engine: Engine, tmp_path: Path) -> None:
    ids = live(engine)
    assert holding(tmp_path.iterdir(), MARK) == []
    assert engine.search(f"anna{MARK}one").items[0].id == ids["one"]
    assert [p.id for p in engine.search(f"garcia{MARK}").items if p.id == ids["two"]]


def test_a_cleared_person_cannot_be_read_in_a_backup_made_before(
    engine: Engine, tmp_path: Path
) -> None:
    ids = live(engine)
    backup = tmp_path / "backup"
    backup.mkdir()
    for path in engine.store.files():
        if not path.name.endswith((".keys", "-shm")):
            shutil.copy(path, backup)
    restored = f"sealed+sqlite:///{backup}/guests.db?keyring={tmp_path}/guests.keys"
    names = {name for name in ids if f"{MARK}{name}" in readable(restored)}
    assert names == ids.keys()
    for name in ("two", "three"):
        assert engine.clear(ids[name]).status is ReceiptStatus.ERASED
    assert {name for name in ids if f"{MARK}{name}" in readable(restored)} == {"one"}
    assert {p.id for p in engine.search("anna").items} == {ids["one"]}


def test_a_clear_takes_back_what_an_undone_merge_gave(engine: Engine, tmp_path: Path) -> None:
    one, two = (engine.create(a_guest(name)).id for name in ("one", "two"))
    merged = engine.merge(engine.plan_merge(one, [two]))
    backup = tmp_path / "backup"
    backup.mkdir()
    for path in engine.store.files():
        if not path.name.endswith((".keys", "-shm")):
            shutil.copy(path, backup)
    engine.unmerge(merged.id)
    assert engine.clear(two).status is ReceiptStatus.ERASED
    restored = f"sealed+sqlite:///{backup}/guests.db?keyring={tmp_path}/guests.keys"
    assert f"{MARK}two" not in readable(restored)
    assert engine.get(one).last_name == f"Garcia{MARK}one"


def test_what_is_kept_of_a_person_stays_readable_and_the_rest_does_not(
    engine: Engine, tmp_path: Path
) -> None:
    id = engine.create(a_guest("one")).id
    engine.place_hold(id, kind="legal", keeps=["profile.documents"])
    receipt = engine.clear(id)
    assert [held.rule for held in receipt.held]
    url = f"sealed+sqlite:///{tmp_path}/guests.db?keyring={tmp_path}/guests.keys"
    text = readable(url)
    assert f"x{MARK}one1" in text
    assert f"garcia{MARK}one" not in text


def test_a_clear_that_stops_half_way_is_finished_by_the_next_scrub(url: str) -> None:
    with Engine.open(url, config={"profilecore": {"scrub": "deferred"}}) as engine:
        id = engine.create(a_guest("one")).id
        assert engine.clear(id).status is ReceiptStatus.PENDING
    with Engine.open(url) as engine:
        assert engine.scrub() == 1
        assert engine.receipt(id).status is ReceiptStatus.ERASED


Servers = Callable[..., AbstractContextManager[Any]]


def plain(server: Any) -> str:
    return f"{server.dsn}&schema=chain"


def sealed(server: Any, keyring: Path) -> str:
    return f"sealed+{plain(server)}&keyring={keyring}"


def test_the_server_never_writes_a_value_and_a_restored_backup_shows_nobody_cleared(
    servers: Servers, tmp_path: Path
) -> None:
    keyring = tmp_path / "guests.keys"
    with servers(wal_level="replica") as server, Engine.open(sealed(server, keyring)) as engine:
        ids = live(engine)
        assert holding(server.data.rglob("*"), MARK) == []  # tables, indexes, pg_wal
        with servers() as copy:
            copy.stop()
            copy.follow(server)  # a base backup, with the log that goes with it
            assert holding(copy.data.rglob("*"), MARK) == []
            (copy.data / "standby.signal").unlink()
            (copy.data / "postgresql.auto.conf").write_text("")
            copy.start()
            backup = sealed(copy, keyring)
            assert all(f"{MARK}{name}" in readable(backup) for name in ids)
            for name in ("two", "three"):
                assert engine.clear(ids[name]).status is ReceiptStatus.ERASED
            left = {name for name in ids if f"{MARK}{name}" in readable(backup)}
            assert left == {"one"}
        assert {p.id for p in engine.search("anna").items} == {ids["one"]}
        # Stopped, it has written all that it had in memory.
        server.stop()
        assert holding(server.data.rglob("*"), MARK) == []
        server.start()


def test_the_same_server_unsealed_is_found_out(servers: Servers) -> None:
    with servers() as server, Engine.open(plain(server)) as engine:
        engine.create(a_guest("one"))
        assert holding(server.data.rglob("*"), MARK) != []


def test_guests_who_are_due_are_cleared_with_their_keys(url: str, tmp_path: Path) -> None:
    settings = {"inactivity": {"after_days": 30, "grace_days": 1, "first_share": 1.0}}
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    now = [start]
    with Engine.open(url, clock=lambda: now[0], config={"profilecore": settings}) as engine:
        id = engine.create(a_guest("one")).id
        backup = tmp_path / "backup"
        backup.mkdir()
        for path in engine.store.files():
            if not path.name.endswith((".keys", "-shm")):
                shutil.copy(path, backup)
        for days in range(0, 200, 20):
            now[0] = start + timedelta(days=days)
            engine.clear_due()
        assert engine.get(id).state is State.CLEARED
        assert engine.receipt(id).status is ReceiptStatus.ERASED
    restored = f"sealed+sqlite:///{backup}/guests.db?keyring={tmp_path}/guests.keys"
    assert f"{MARK}one" not in readable(restored)
