"""A plugin adds a command to the ``profilecore`` program; its context object gives the engine."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import click
from click.testing import CliRunner

from profilecore import Engine, hookimpl


@click.command()
@click.argument("text")
@click.pass_obj
def howmany(program: Any, text: str) -> None:
    """Count the profiles that a search finds on its first page."""
    click.echo(len(program.engine.search(text).items))


class CountingPlugin:
    name = "counting"

    @hookimpl
    def profilecore_register_commands(self, register: Callable[[click.Command], None]) -> None:
        register(howmany)


def main() -> None:
    engine = Engine.open("memory://", plugins=[CountingPlugin])
    engine.create({"last_name": "García"})
    (command,) = (c for c in engine.plugins.commands() if c.name == "howmany")
    print(CliRunner().invoke(command, ["garc"], obj=SimpleNamespace(engine=engine)).output)


if __name__ == "__main__":
    main()
