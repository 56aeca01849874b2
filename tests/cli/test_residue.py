"""The command that clears persons and proves that nothing is left of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from profilecore import Actor, Engine
from profilecore.cli import main

pytestmark = pytest.mark.usefixtures("needs_sqlite")
Command = Callable[..., Result]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'guests.db'}"


@pytest.fixture
def ids(url: str) -> list[str]:
    names = ("Unheardof", "Notheardof", "Stays")
    with Engine.open(url, discover=False) as engine:
        made = [{"last_name": name, "emails": [f"{name}@example.org"]} for name in names]
        return [engine.create(person).id for person in made]


@pytest.fixture
def command(url: str) -> Command:
    def run(*arguments: str, **more: Any) -> Result:
        return CliRunner().invoke(main, ["--store", url, "residue", *arguments], **more)

    return run


def answer(result: Result) -> Any:
    return msgspec.json.decode(result.stdout)


def test_relatives_are_cleared_together(command: Command, ids: list[str], url: str) -> None:
    with Engine.open(url, discover=False) as engine:
        child = {"type": "child", "profile_id": ids[0]}
        engine.update(ids[1], {"relationships": [child]})
    result = command(*ids[:2], "--yes", "--json")
    assert result.exit_code == 0, result.output
    assert [r["profile_id"] for r in answer(result)["cleared"]] == ids[:2]


def test_several_persons_are_cleared_and_nothing_is_left(
    command: Command, ids: list[str], url: str
) -> None:
    result = command(*ids[:2], ids[0], "--yes", "--reason", "retention", "--json")
    assert result.exit_code == 0, result.output
    said = answer(result)
    assert (said["clean"], said["pending"], said["refused"]) == (True, [], [])
    assert [r["profile_id"] for r in said["cleared"]] == ids[:2]
    assert {(r["status"], r["reason"]) for r in said["cleared"]} == {("erased", "retention")}
    residue = said["residue"]
    assert (residue["found"], residue["shared"]) == ([], [])
    assert residue["searched"] == 8
    assert residue["bytes"] >= Path(residue["files"][0]).stat().st_size
    with Engine.open(url, discover=False) as engine:
        assert engine.get(ids[2]).last_name == "Stays"


def test_a_dry_run_clears_nobody_and_shows_that_the_search_works(
    command: Command, ids: list[str], url: str
) -> None:
    result = command(ids[0], "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    said = answer(result)
    assert (said["cleared"], said["clean"]) == ([], False)
    assert len(said["residue"]["found"]) == said["residue"]["searched"] == 4
    assert {place["what"] for place in said["residue"]["found"]} == {"emails", "search term"}
    assert "unheardof" not in result.output.casefold()
    with Engine.open(url, discover=False) as engine:
        assert engine.get(ids[0]).last_name == "Unheardof"


def test_people_read_a_table(command: Command, ids: list[str]) -> None:
    shown = command(ids[0], "--dry-run").stdout
    assert "search term" in shown
    assert "Nothing is left" not in shown
    result = command(ids[0], "--yes")
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["1", "0", "0", "0"] in rows
    assert ["fingerprints", "4"] in rows
    assert ["found", "0"] in rows
    assert rows[-1] == ["Nothing", "is", "left."]


def test_what_is_kept_is_told_with_its_rule_and_its_end(
    command: Command, ids: list[str], url: str
) -> None:
    with Engine.open(url, discover=False) as engine:
        engine.place_hold(ids[0], kind="lawsuit", keeps=["profile.last_name", "profile.emails"])
    shown = command(ids[0], "--yes")
    assert shown.exit_code == 0, shown.output
    rows = [line.split() for line in shown.stdout.splitlines()]
    assert ["erased", "restricted", "pending", "refused"] in rows
    assert ["0", "1", "0", "0"] in rows
    kept = ["-", "lawsuit,", "until", "it", "is", "released:", "emails,", "last_name"]
    assert rows[rows.index(["It", "is", "kept", "of", f"{ids[0]},", "restricted:"]) + 1] == kept
    assert rows[-1] == ["Nothing", "else", "is", "left."]
    with Engine.open(url, discover=False) as engine:
        engine.place_hold(ids[1], kind="lawsuit", keeps=["profile.emails"])
    said = answer(command(*ids[1:], "--yes", "--json"))
    (restricted,) = said["restricted"]
    assert restricted["id"] == ids[1]
    assert [(h["rule"], h["fields"], h["until"]) for h in restricted["held"]] == [
        ("lawsuit", ["emails"], None)
    ]
    assert said["clean"]


def test_a_refused_clear_ends_with_1_and_the_others_are_cleared(
    command: Command, ids: list[str], url: str
) -> None:
    with Engine.open(url, discover=False) as engine, engine.acting(Actor("desk", "P1")):
        engine.place_hold(ids[0], kind="open-bill")
    result = command(*ids[:2], "--yes", "--json")
    assert result.exit_code == 1
    said = answer(result)
    assert [(r["id"], r["blockers"][0]["code"]) for r in said["refused"]] == [(ids[0], "open-bill")]
    assert [r["profile_id"] for r in said["cleared"]] == [ids[1]]
    assert said["residue"]["found"] == []
    assert "refused" in command(ids[0], "--yes").stdout


def test_a_clear_that_waits_for_a_reader_ends_with_1(
    command: Command, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import profilecore_sqlite

    monkeypatch.setattr(profilecore_sqlite.SqliteStore, "scrub", lambda store: False)
    result = command(ids[0], "--yes", "--json")
    assert result.exit_code == 1
    said = answer(result)
    assert said["pending"] == [ids[0]]
    assert said["residue"]["found"]
    assert "unheardof" not in result.output.casefold()


def test_what_is_left_ends_with_1(
    command: Command, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import profilecore_sqlite

    monkeypatch.setattr(profilecore_sqlite.SqliteStore, "scrub", lambda store: True)
    result = command(ids[0], "--yes", "--json")
    assert result.exit_code == 1
    said = answer(result)
    assert said["pending"] == []
    assert said["residue"]["found"]


def test_it_asks_before_it_clears(
    command: Command, ids: list[str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = command(ids[0], "--json")
    assert result.exit_code == 2
    assert "--yes" in result.output
    monkeypatch.setattr("profilecore.cli.residue.is_terminal", lambda: True)
    assert command(*ids[:2], input="n\n").exit_code == 1
    with Engine.open(url, discover=False) as engine:
        assert engine.get(ids[0]).last_name == "Unheardof"
    result = command(*ids[:2], input="y\n")
    assert result.exit_code == 0, result.output
    assert "Clear these 2 persons for good?" in result.stderr


def test_an_interrupt_says_what_it_means(
    command: Command, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("profilecore.engine.residue.scan", stop)
    result = command(ids[0], "--yes", "--json")
    assert result.exit_code == 130
    assert answer(result)["error"] == "interrupted"


def test_a_store_without_files_is_refused_before_anybody_is_cleared() -> None:
    with Engine.open("memory://", discover=False) as engine:
        from profilecore.cli import Invocation

        id = engine.create({"last_name": "Unheardof"}).id
        arguments = ["residue", id, "--yes", "--json"]
        result = CliRunner().invoke(main, arguments, obj=Invocation(given=engine))
        assert result.exit_code == 1
        assert answer(result)["error"] == "store-unavailable"
        assert engine.get(id).last_name == "Unheardof"
