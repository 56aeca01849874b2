"""An access request answered from the program: a page in a file that only its writer may read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from profilecore import Engine

Run = Callable[..., Any]


@pytest.fixture
def ana(engine: Engine) -> str:
    return engine.create({"first_name": "Ana", "last_name": "García"}).id


def test_the_page_is_written_for_nobody_else_to_read(run: Run, ana: str, tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        answer = run("access", ana, "--html", "ana.html")
    finally:
        os.umask(umask)
    file = tmp_path / "ana.html"
    assert answer.code == 0
    assert str(file) in answer.out
    assert "García" not in answer.out
    assert "García" in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_program_is_told_where_the_page_is(run: Run, ana: str, tmp_path: Path) -> None:
    answer = run("access", ana, "--html", "ana.html", "--json")
    assert answer.json == {"profile_id": ana, "file": str(tmp_path / "ana.html")}


def test_a_file_that_exists_is_kept(run: Run, engine: Engine, ana: str, tmp_path: Path) -> None:
    file = tmp_path / "ana.html"
    file.write_text("of yesterday")
    answer = run("access", ana, "--html", str(file), "--json")
    assert (answer.code, answer.json["error"]) == (2, "usage")
    assert file.read_text() == "of yesterday"
    # Nothing was asked for, so nothing is in the feed.
    assert [e.type for e in engine.changes().items] == ["profile.created"]


def test_force_makes_the_file_anew(run: Run, ana: str, tmp_path: Path) -> None:
    target, file = tmp_path / "target", tmp_path / "ana.html"
    target.write_text("of somebody else")
    target.chmod(0o644)
    file.symlink_to(target)
    assert run("access", ana, "--html", str(file)).code == 2
    assert run("access", ana, "--html", str(file), "--force").code == 0
    assert target.read_text() == "of somebody else"
    assert not file.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "García" in file.read_text(encoding="utf-8")


def test_of_nobody_there_is_no_page(run: Run, ana: str, tmp_path: Path) -> None:
    answer = run("access", "nobody", "--html", "nobody.html", "--json")
    assert (answer.code, answer.json["error"]) == (1, "not-found")
    assert run("access", ana, "--html", "no/such/folder.html", "--json").code == 1
    assert run("access", ana, "--force").code == 2
    assert list(tmp_path.iterdir()) == []


def test_the_program_leaves_other_people_out(run: Run, engine: Engine, ana: str) -> None:
    child = engine.create({"last_name": "Ruiz"})
    engine.update(ana, {"relationships": [{"type": "child", "profile_id": child.id}]})
    answer = run("access", ana, "--actor", "desk-7", "--json")
    assert child.id not in answer.out
    assert [r["profile_id"] for r in answer.json["relationships"]] == ["another person"]
    event = engine.changes().items[-1]
    assert (event.type, event.profile_id, event.actor) == ("profile.accessed", ana, "desk-7")
