"""The plugin: what it adds to the engine and to the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from profilecore import hookimpl

if TYPE_CHECKING:
    import click

    from profilecore.hooks import Verb


class ScannerPlugin:
    """Adds ``engine.scan`` and ``profilecore scan``."""

    name = "scanner"

    @hookimpl
    def profilecore_register_verbs(self, register: Callable[[str, Verb], None]) -> None:
        from profilecore_scanner.filling import scan

        register("scan", scan)

    @hookimpl
    def profilecore_register_commands(self, register: Callable[[click.Command], None]) -> None:
        from profilecore_scanner.command import scan

        register(scan)
