"""``profilecore copy FROM TO`` moves a host that outgrows its store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from profilecore import Engine, Profile
from profilecore.cli import main


@pytest.fixture
def guests(tmp_path: Path, part: Callable[[str], Any]) -> str:
    part("profilecore_sqlite")
    url = f"sqlite:///{tmp_path / 'guests.db'}"
    with Engine.open(url, discover=False) as engine:
        engine.create(Profile(last_name="García"))
    return url


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, arguments)
    return done.exit_code, done.output


def test_a_store_is_copied_and_compared(guests: str, tmp_path: Path) -> None:
    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    code, said = run("copy", guests, copy)
    assert code == 0
    assert "profile" in said
    assert "Both stores hold the same" in said
    with Engine.open(copy, discover=False) as engine:
        assert engine.search("garc").items[0].last_name == "García"


def test_a_source_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    missing = tmp_path / "none.db"
    code, said = run("copy", f"sqlite:///{missing}", f"sqlite:///{tmp_path / 'copy.db'}")
    assert code == 1
    assert "does not exist" in said
    assert not missing.exists()


def test_a_store_that_holds_something_is_refused(guests: str, tmp_path: Path) -> None:
    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    assert run("copy", guests, copy)[0] == 0
    code, said = run("copy", guests, copy)
    assert code == 1
    assert "not empty" in said
