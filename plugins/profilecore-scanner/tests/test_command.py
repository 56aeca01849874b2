"""``profilecore scan``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from profilecore import Engine
from profilecore.cli import Invocation
from profilecore.cli.program import Interrupted
from profilecore_scanner import PictureRefused, ScannerPlugin
from profilecore_scanner import command as commands

Lines = tuple[str, ...]
Run = Callable[..., Result]


@pytest.fixture
def run(engine: Engine) -> Run:
    def run(*words: object, as_json: bool = False, **more: Any) -> Result:
        made = Invocation(given=engine, as_json=as_json)
        words = tuple(map(str, words))
        return CliRunner().invoke(commands.scan, words, obj=made, standalone_mode=False, **more)

    return run


@pytest.fixture
def file(tmp_path: Path, specimens: dict[str, Lines]) -> Path:
    """Give a file with a passport, a card that is torn, and another card."""
    path = tmp_path / "scans.txt"
    torn = specimens["TD1"][:2]
    zones = (specimens["TD3"], torn, specimens["long"])
    path.write_text("\n\n".join("\r\n".join(lines) for lines in zones), encoding="ascii")
    return path


def answer(result: Result) -> Any:
    assert result.exception is None, result.output
    return json.loads(result.output)


def test_each_document_is_answered_and_nothing_is_written(
    run: Run, engine: Engine, file: Path
) -> None:
    done = run(file, as_json=True)
    passport, torn, card = answer(done)["items"]
    assert done.return_value == 1
    assert (passport["status"], passport["form"], passport["type"]) == (
        "proposed",
        "TD3",
        "passport",
    )
    assert passport["fields"]["number"] == {"value": "L898902C3", "trust": "checked"}
    assert passport["fields"]["names"]["trust"] == "not checked"
    assert (torn["document"], torn["status"], torn["error"]) == (2, "refused", "zone-unreadable")
    assert card["fields"]["number"]["value"] == "D23145890734"
    assert not list(engine.search("eriksson").items)


def test_what_is_asked_for_is_written_and_the_rest_goes_on(
    run: Run, engine: Engine, file: Path
) -> None:
    first, _, third = answer(run(file, "--apply", as_json=True))["items"]
    assert [a["status"] for a in (first, third)] == ["applied", "applied"]
    assert engine.get(first["profile_id"]).last_name == "Eriksson"
    again = answer(run(file, "--apply", as_json=True))["items"][0]
    assert (again["profile_id"], again["created"]) == (first["profile_id"], False)
    assert again["changes"] == []


def test_people_are_told_what_was_read_and_what_was_not(run: Run, file: Path) -> None:
    said = run(file).output
    assert "Document 1: TD3, passport, expired" in said
    assert "L898902C3" in said
    assert "Document 2: the text: must be 3 lines of 30 characters" in said
    assert "Would be written to a new profile" in said
    assert "Not in the zone: issued_on" in said


def test_a_conflict_is_shown_and_overwritten_by_name(
    run: Run, engine: Engine, passport: Lines
) -> None:
    known = engine.create({"first_name": "Anna Maria", "last_name": "Erikson"})
    text = "\n".join(passport)
    said = run("-", "--profile", known.id, input=text).output
    assert "in conflict" in said
    assert "--overwrite FIELD" in said
    words = ("--profile", known.id, "--apply", "--overwrite", "last_name")
    assert run("-", *words, input=text).return_value == 0
    assert engine.get(known.id).last_name == "Eriksson"
    again = answer(run("-", *words, input=text, as_json=True))["items"][0]
    assert (again["status"], again["changes"]) == ("applied", [])


def test_repairs_and_doubts_are_told_by_their_place(run: Run, passport: Lines) -> None:
    misread = f"{passport[0]}\n{passport[1].replace('7408122', '74O8122')}"
    done = run("-", input=misread)
    assert "Repaired: line 2, position 16, O read as 0." in done.output
    assert done.return_value == 0
    wrong = f"{passport[0]}\n{passport[1].replace('7408122', '7408132')}"
    done = run("-", input=wrong)
    assert "Doubtful: line 2, position 20" in done.output
    assert done.return_value == 1


def test_zones_are_read_without_a_store(passport: Lines) -> None:
    made = Invocation(store="sqlite:///nowhere/guests.db", as_json=True)
    done = CliRunner().invoke(
        commands.scan, ["-", "--only-read"], input="".join(passport), obj=made,
        standalone_mode=False,
    )  # fmt: skip
    (item,) = answer(done)["items"]
    assert (item["status"], item["fields"]["birth"]["value"]) == ("read", "1974-08-12")
    assert "profile_id" not in item


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("-", "--picture", "-"),
        ("-", "--overwrite", "sex"),
        ("-", "--apply", "--overwrite", "surname"),
        ("-", "--only-read", "--apply"),
        ("-",),
    ],
)
def test_a_wrong_call_is_told(run: Run, words: tuple[str, ...]) -> None:
    assert isinstance(run(*words, input="").exception, click.UsageError)


def test_an_interrupted_run_says_how_far_it_came(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = commands.take

    def stopped(engine: Engine, lines: Any, *more: Any, **options: Any) -> Any:
        if "STEVENSON" in "".join(lines):
            raise KeyboardInterrupt
        return take(engine, lines, *more, **options)

    monkeypatch.setattr(commands, "take", stopped)
    raised = run(file, "--apply").exception
    assert isinstance(raised, Interrupted)
    assert "2 of 3 documents read, 1 written" in str(raised)


def test_a_picture_is_read_by_what_is_installed(
    run: Run, tmp_path: Path, passport: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "passport.png"
    path.write_bytes(b"a picture")
    asked: list[str] = []

    def read_mrz(name: str) -> SimpleNamespace:
        asked.append(name)
        return SimpleNamespace(aux={"text": " ".join(passport[0]) + "\n\n" + passport[1] + "\n"})

    monkeypatch.setitem(sys.modules, "passporteye", SimpleNamespace(read_mrz=read_mrz))
    (item,) = answer(run("--picture", path, as_json=True))["items"]
    assert (item["fields"]["number"]["value"], asked) == ("L898902C3", [str(path)])
    monkeypatch.setitem(sys.modules, "passporteye", SimpleNamespace(read_mrz=lambda _: None))
    with pytest.raises(PictureRefused, match="No zone"):
        raise run("--picture", path).exception or AssertionError


def test_a_picture_is_read_by_tesseract_alone(
    run: Run, tmp_path: Path, passport: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "zone.png"
    path.write_bytes(b"a picture")

    def image_to_string(name: str, config: str) -> str:
        assert name == str(path)
        assert "tessedit_char_whitelist=" in config
        return "\n".join(passport)

    monkeypatch.setitem(sys.modules, "passporteye", None)
    module = SimpleNamespace(image_to_string=image_to_string)
    monkeypatch.setitem(sys.modules, "pytesseract", module)
    assert answer(run("--picture", path, as_json=True))["items"][0]["form"] == "TD3"


def test_without_a_reader_of_pictures_it_is_said_what_to_install(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "passport.png"
    path.write_bytes(b"a picture")
    for name in ("passporteye", "pytesseract"):
        monkeypatch.setitem(sys.modules, name, None)
    raised = run("--picture", path).exception
    assert isinstance(raised, PictureRefused)
    assert "pip install 'profilecore-scanner[picture]'" in str(raised)


def test_the_plugin_brings_the_command() -> None:
    with Engine.open("memory://", discover=False, plugins=[ScannerPlugin], strict=True) as engine:
        assert [command.name for command in engine.plugins.commands()] == ["scan"]
