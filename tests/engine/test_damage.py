"""Entries that somebody damaged: the chains are still gone along, and the others still read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from kit import open_engine

from profilecore import Engine

pytest.importorskip("profilecore_sqlite")
BODIES = [b"garbage", b'{"type": 7}', b"[]", b"{}", b"\xff\xfe"]


def opened(path: Path) -> Engine:
    from profilecore_sqlite import open_store

    engine = open_engine(open_store(f"sqlite:///{path}/guests.db"))
    for _ in range(3):
        engine.clear(engine.create({"last_name": "x"}).id)
    assert engine.verify() == []
    return engine


def damage(path: Path, statement: str, body: bytes) -> None:
    connection = sqlite3.connect(path / "guests.db")
    with connection:
        assert connection.execute(statement, (body,)).rowcount == 1
    connection.close()


@pytest.mark.parametrize("body", BODIES)
def test_a_damaged_event_is_a_fault_and_hides_no_other(tmp_path: Path, body: bytes) -> None:
    with opened(tmp_path) as engine:
        before = engine.changes().items
        damage(tmp_path, "UPDATE pc_event SET body = ? WHERE seq = 2", body)
        faults = engine.verify_audit()
        assert "changed" in {fault.code for fault in faults}
        assert {fault.number for fault in faults} <= {0, 2}
        now = engine.changes().items
        assert [e.type for e in now][1] == "unreadable"
        assert (now[0], now[2:]) == (before[0], before[2:])
        assert engine.verify_receipts() == []


@pytest.mark.parametrize("body", BODIES)
def test_a_damaged_receipt_is_a_fault(tmp_path: Path, body: bytes) -> None:
    newest = (
        "UPDATE pc_document SET body = ? "
        "WHERE n = (SELECT max(n) FROM pc_document WHERE kind = 'receipt')"
    )
    with opened(tmp_path) as engine:
        damage(tmp_path, newest, body)
        assert [fault.number for fault in engine.verify_receipts() if fault.number] == [3]
        assert engine.verify_audit() == []


def test_who_lacks_an_absorbed_profile_can_be_cleared_all_the_same(engine: Engine) -> None:
    a, b = (engine.create({"last_name": "x"}).id for _ in range(2))
    engine.merge(engine.plan_merge(a, [b]))
    with engine.store.write() as writer:
        writer.delete("profile", b)  # as a keyring that has lost the key
    assert engine.clear(a).profile_id == a
