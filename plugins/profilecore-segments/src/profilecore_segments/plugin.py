"""The plugin: what it adds to an engine and to the program."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from profilecore import Problem, hookimpl
from profilecore_segments import kinds, settings, terms
from profilecore_segments.sources import refusal

if TYPE_CHECKING:
    import click

    from profilecore.model import DocumentKind
    from profilecore.rules.changing import Change
    from profilecore.rules.terms import TermSource


class SegmentsPlugin:
    """Adds :class:`~profilecore_segments.Segments` and four groups of commands."""

    name = "segments"
    Config = settings.Config

    def __init__(self, config: settings.Config | None = None) -> None:
        self._config = config or settings.Config()
        if not self._config.sources_closed:
            # A plugin that decides makes an import ask it row by row: only where there is cause.
            self.profilecore_check_change = None  # type: ignore[method-assign, assignment]  # not ours then

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        for kind in kinds.of(self._config):
            register(kind)

    @hookimpl
    def profilecore_register_terms(self, register: Callable[[TermSource], None]) -> None:
        register(terms.source_of(self._config.fields))

    @hookimpl
    def profilecore_check_change(self, change: Change) -> Iterable[Problem]:
        return refusal(self._config, change)

    @hookimpl
    def profilecore_register_commands(self, register: Callable[[click.Command], None]) -> None:
        from profilecore_segments.commands import COMMANDS

        for command in COMMANDS:
            register(command)
