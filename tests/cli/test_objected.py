"""A clear of somebody who objected, and what an import does with them afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from profilecore.cli import main

pytest.importorskip("profilecore_sqlite", reason="install plugins/profilecore-sqlite")


@pytest.mark.parametrize("key", ['suppression_key = "a secret"', ""])
def test_whoever_objected_is_refused_by_an_import(tmp_path: Path, key: str) -> None:
    config = tmp_path / "profilecore.toml"
    config.write_text(f"[profilecore]\n{key}\n")
    rows = tmp_path / "rows.csv"
    rows.write_text("last_name,email\nMoreau,zoe@example.org\nOther,other@example.org\n")

    def run(*arguments: str) -> tuple[int, str]:
        store = f"sqlite:///{tmp_path}/guests.db"
        done = CliRunner().invoke(main, ["--store", store, "--config", str(config), *arguments])
        return done.exit_code, done.output

    assert run("init")[0] == 0
    from profilecore import Engine

    with Engine.open(f"sqlite:///{tmp_path}/guests.db", discover=False) as engine:
        id = engine.create({"last_name": "Moreau", "emails": ["zoe@example.org"]}).id
    code, said = run("clear", id, "--yes", "--objected")
    if not key:
        assert code == 1
        assert "suppression_key" in said
        return
    assert code == 0
    code, said = run("import", str(rows), "--source", "crm")
    assert code == 1
    assert "1 created, 1 rejected" in said
    assert "objected" in (tmp_path / "rows.rejects.csv").read_text()
    code, said = run("search", "moreau")
    assert "Moreau" not in said
