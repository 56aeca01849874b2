"""The plugin: what it adds to an engine and to the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from profilecore import hookimpl

if TYPE_CHECKING:
    import click


class DuplicatesPlugin:
    """Adds ``profilecore duplicates``."""

    name = "duplicates"

    @hookimpl
    def profilecore_register_commands(self, register: Callable[[click.Command], None]) -> None:
        from profilecore_duplicates.command import duplicates

        register(duplicates)
