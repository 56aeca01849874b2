"""The program run in this process, on an engine in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import click
import msgspec
import pytest
from click.testing import CliRunner

from profilecore import Engine, LoadReport, hookimpl
from profilecore.cli import Invocation, main
from profilecore.rules.checks import Check

CONFIG = {"profilecore": {"custom_fields": {"party": "personal"}}}


@attrs.frozen
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value that was printed."""
        return msgspec.json.decode(self.out)


Run = Callable[..., Answer]


class Content:
    """Brings a check that never misses anything, and a command."""

    @hookimpl
    def profilecore_register_checks(self, register: Callable[[Check], None]) -> None:
        register(Check("content", "Misses nothing", lambda profile, on: ()))

    @hookimpl
    def profilecore_register_commands(self, register: Callable[[click.Command], None]) -> None:
        @click.command()
        @click.argument("text")
        @click.pass_obj
        def count(invocation: Invocation, text: str) -> None:
            """Count who is found."""
            found = len(invocation.engine.search(text).items)
            invocation.answer({"count": found}, lambda: click.echo(f"{found} found"))

        register(count)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine.open("memory://", discover=False, plugins=[Content()], config=CONFIG) as engine:
        yield engine


@pytest.fixture
def run(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on the engine of the test, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str, watch: Callable[[LoadReport], None] | None = None, **more: Any) -> Answer:
        invocation = Invocation(given=engine, watch=watch)
        return invoke(*args, obj=invocation, **more)

    return run


def invoke(*args: str, **more: Any) -> Answer:
    """Run a command as from a shell."""
    result = CliRunner().invoke(main, args, **more)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(scope="session")
def needs_sqlite(part: Callable[[str], Any]) -> None:
    part("profilecore_sqlite")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], str]:
    """Write a file and give its path."""

    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="")
        return str(path)

    return write
