"""The demonstration tells its story, proves its claim and leaves what it says."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from profilecore import Engine
from profilecore.cli import main
from profilecore.cli.demo import STEPS

pytestmark = pytest.mark.usefixtures("needs_sqlite")


def test_the_demonstration_proves_its_claim(tmp_path: Path) -> None:
    place = tmp_path / "demo"
    args = ["demo", "--guests", "150", "--keep", str(place), "--json"]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0, result.output
    answer = msgspec.json.decode(result.stdout)
    assert answer["proven"] is True
    assert [step["step"] for step in answer["steps"]] == [step.__name__ for _, step in STEPS]
    with Engine.open(answer["store"]) as engine:
        assert engine.get(answer["cleared"]).state.value == "cleared"


def test_the_demonstration_fits_a_terminal_and_ends_with_what_to_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["demo", "--guests", "150", "--keep", "story"])
    assert result.exit_code == 0, result.output
    for title, _ in STEPS:
        assert title in result.stdout
        assert len(title) < 77
    assert "export PROFILECORE_STORE=sqlite:///story/guests.db" in result.stdout
    assert "... and now: 0" in result.stdout
    assert ("Points: " in result.stdout) != ("No plugin keeps points here" in result.stdout)
    assert os.listdir("story/sources")


def test_a_directory_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    assert CliRunner().invoke(main, ["demo", "--keep", str(tmp_path)]).exit_code == 2
    assert os.listdir(tmp_path) == ["mine"]
