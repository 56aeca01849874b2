"""The program as a whole: options, exit codes, configuration, plugins, real processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner

from profilecore import Engine
from profilecore.cli import Invocation, main

Run = Callable[..., Any]
PROGRAM = (sys.executable, "-m", "profilecore")
COMMANDS = (
    "init", "import", "create", "show", "update", "search", "stays", "merge", "unmerge", "clear",
    "explain", "clear-due", "hold", "retention", "access", "check", "changes", "scrub", "reindex",
    "plugins", "copy", "rules", "demo",
)  # fmt: skip


def process(*args: str, cwd: Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *args], cwd=cwd, capture_output=True, text=True, check=False, **more
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run: Run, command: str) -> None:
    answer = run(command, "--help")
    assert answer.code == 0
    assert "Usage: profilecore" in answer.out
    assert command in run("--help").out


def test_help_stands_on_eighty_columns(run: Run) -> None:
    for command in COMMANDS:
        assert max(map(len, run(command, "--help").out.splitlines())) <= 80


def test_json_and_store_stand_before_or_after_the_command(run: Run, engine: Engine) -> None:
    id = engine.create({"last_name": "A"}).id
    before = run("--json", "show", id)
    after = run("show", "--json", id)
    last = run("show", id, "--json")
    assert before.json == after.json == last.json
    assert run("hold", "list", id, "--json").json == run("--json", "hold", "list", id).json
    assert run("--store", "memory://", "show", id, "--store", "memory://").code == 0


@pytest.mark.parametrize(
    "args", [("nonsense",), ("show",), ("show", "a", "b"), ("search", "--nonsense"), ("hold",)]
)
def test_wrong_usage_ends_with_two(run: Run, args: tuple[str, ...]) -> None:
    answer = run(*args)
    assert (answer.code, answer.out) == (2, "")
    said = run("--json", *args)
    assert said.code == 2
    assert said.json["error"] == "usage"


def test_a_command_of_a_plugin_is_listed_and_run(run: Run, engine: Engine) -> None:
    engine.create({"last_name": "García"})
    assert "count" in run("--help").out
    assert run("plugins", "--json").json["commands"] == ["count"]
    assert run("count", "garc").out == "1 found\n"
    assert run("count", "garc", "--json").json == {"count": 1}
    assert run("--json", "count", "garc").json == {"count": 1}


def test_plugins_are_asked_only_for_a_command_that_is_not_ours() -> None:
    class Silent(Invocation):
        @property
        def plugins(self) -> Any:
            raise AssertionError("asked")

    context = click.Context(main, obj=Silent())
    assert main.get_command(context, "show") is not None
    with pytest.raises(AssertionError, match="asked"):
        main.get_command(context, "score")


def test_shared_options_do_not_stick_to_a_plugin_s_command(run: Run) -> None:
    assert run("count", "x").code == 0
    assert run("count", "x").code == 0


def test_an_option_of_a_command_goes_before_a_shared_one(run: Run, engine: Engine) -> None:
    id = engine.create({"last_name": "A"}).id
    hold = run("hold", "place", id, "--kind", "k", "--property", "P2", "--json").json
    assert hold["property_id"] == "P2"
    assert engine.changes().items[-1].property_id is None


def test_a_missing_config_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run("--config", "missing.toml", "rules").code == 2


@pytest.mark.parametrize("text", ["[profilecore", 'store = "x"'])
def test_a_config_that_is_no_toml_of_tables_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "profilecore.toml").write_text(text)
    result = CliRunner().invoke(main, ["--store", "memory://", "search", "a"])
    assert result.exit_code == 2
    assert "profilecore.toml" in result.stderr


def test_a_wrong_setting_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[profilecore]\nregoin = "US"\n')
    args = ["--config", str(path), "--store", "memory://", "search", "a", "--json"]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 1
    assert msgspec.json.decode(result.stdout)["error"] == "plugin-error"


def test_a_custom_field_that_is_not_declared_is_told_before_the_import(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("surname,party\nA,green\n")
    args = ["--store", "memory://", "import", str(path), "--map", "party=custom.party"]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 2
    assert "custom_fields" in result.stderr


@pytest.mark.parametrize("url", ["nonsense", "unheard://x", "sqlite:nonsense"])
def test_a_store_that_cannot_be_is_refused(url: str) -> None:
    result = CliRunner().invoke(main, ["--store", url, "search", "a", "--json"])
    assert result.exit_code == 1
    assert msgspec.json.decode(result.stdout)["error"] == "store-unavailable"


def test_variables_stand_for_options(tmp_path: Path) -> None:
    env = {"PROFILECORE_STORE": "memory://", "PROFILECORE_ACTOR": "desk", "PATH": ""}
    done = process("search", "a", "--json", cwd=tmp_path, env=env)
    assert msgspec.json.decode(done.stdout) == {"items": [], "next": None}
    assert list(tmp_path.iterdir()) == []


def test_the_core_does_not_import_the_program(tmp_path: Path) -> None:
    program = "import sys, profilecore; print('profilecore.cli' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("command", [("changes",), ("audit", "show")])
def test_a_cursor_beyond_all_events_is_wrong_usage(run: Run, command: tuple[str, ...]) -> None:
    assert run(*command, "--after", str(2**63 - 1)).code == 0
    answer = run(*command, "--after", "99999999999999999999")
    assert (answer.code, "--after" in answer.err) == (2, True)


def test_a_reader_that_leaves_early_causes_no_traceback(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [*PROGRAM, "--store", "memory://", "rules"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    assert b"Traceback" not in running.stderr.read()
    running.stderr.close()
    running.wait()


def test_an_aborted_question_changes_nothing(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = engine.create({"last_name": "García"}).id
    monkeypatch.setattr("profilecore.cli.clearing.is_terminal", lambda: True)
    answer = run("clear", id, input="n\n")
    assert answer.code == 1
    assert "last_name" in answer.err
    assert engine.get(id).last_name == "García"
    assert run("clear", id, input="y\n").code == 0
    assert engine.get(id).last_name is None


def test_a_command_named_like_its_plugin_loads_no_other(part: Callable[[str], Any]) -> None:
    part("profilecore_duplicates")
    part("profilecore_scanner")
    code = (
        "import sys; from profilecore.cli import main\n"
        "try: main(['duplicates', '--help'])\n"
        "except SystemExit: print('loaded', sorted(m for m in sys.modules if '_scanner' in m))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert "Usage" in done.stdout
    assert done.stdout.endswith("loaded []\n")


def test_a_command_that_is_not_there_is_told_without_a_word_about_plugins(
    tmp_path: Path,
) -> None:
    # In a process of its own: what a plugin logs is shown there as somebody would see it.
    done = subprocess.run(
        [sys.executable, "-m", "profilecore", "nosuch"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.endswith("Error: No such command 'nosuch'.\n")
    assert "lugin" not in done.stderr
