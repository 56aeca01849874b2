"""The command that checks the chain of receipts."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from profilecore.cli import main

pytest.importorskip("profilecore_sqlite", reason="install plugins/profilecore-sqlite")


def test_a_dropped_receipt_is_told_and_ends_with_1(tmp_path: Path) -> None:
    path = tmp_path / "guests.db"

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["--store", f"sqlite:///{path}", *arguments])
        return done.exit_code, done.output

    from profilecore import Engine

    with Engine.open(f"sqlite:///{path}", discover=False) as engine:
        ids = [engine.create({"last_name": name}).id for name in ("Ana", "Berta")]
        receipts = [engine.clear(id) for id in ids]
    assert run("receipts", "verify") == (0, "The chain of receipts is whole.\n")
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM pc_document WHERE id = ?", (receipts[0].id,))
    connection.close()
    code, said = run("receipts", "verify")
    assert code == 1
    assert said.split() == ["chain", "number", "fault", "id", "receipts", "1", "missing"]
    code, said = run("--json", "receipts", "verify")
    assert code == 1
    assert '"code":"missing"' in said
