"""The plugin: what it adds to an engine and to the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from profilecore import hookimpl
from profilecore_duplicates.keys import keys_of
from profilecore_duplicates.knowledge import KINDS, Library
from profilecore_duplicates.matcher import DuplicatesMatcher
from profilecore_duplicates.review import KIND

if TYPE_CHECKING:
    import click

    from profilecore.hooks import Matcher
    from profilecore.model import DocumentKind
    from profilecore.rules.terms import TermSource


class DuplicatesPlugin:
    """Adds ``engine.matches`` and ``profilecore duplicates``."""

    name = "duplicates"

    def __init__(self) -> None:
        self._library = Library()

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        for kind in (KIND, *KINDS):
            register(kind)

    @hookimpl
    def profilecore_register_terms(self, register: Callable[[TermSource], None]) -> None:
        register(keys_of)

    @hookimpl
    def profilecore_register_matchers(self, register: Callable[[Matcher], None]) -> None:
        register(DuplicatesMatcher(self._library))

    @hookimpl
    def profilecore_register_commands(self, register: Callable[[click.Command], None]) -> None:
        from profilecore_duplicates.command import duplicates
        from profilecore_duplicates.store_commands import STORE_COMMANDS

        for command in STORE_COMMANDS:
            duplicates.add_command(command)
        register(duplicates)
