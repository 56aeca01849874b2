"""The plugin that all countries stand on: the register, the facet and the commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from profilecore import hookimpl
from profilecore.model import DocumentKind, OnClear

if TYPE_CHECKING:
    import click


class ExportsPlugin:
    """Adds ``profilecore export`` and ``profilecore exports``, and what they keep."""

    name = "exports"

    @hookimpl
    def profilecore_register_facets(self, register: Callable[[str, type], None]) -> None:
        from profilecore_exports.details import FACET, Registration

        register(FACET, Registration)

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        from profilecore_exports.details import DETAILS, Details
        from profilecore_exports.register import KINDS
        from profilecore_exports.tables import KIND, Versions

        for kind in KINDS:
            register(kind)
        register(DocumentKind(DETAILS, Details, OnClear.ERASE))
        register(DocumentKind(KIND, Versions, OnClear.KEEP, personal=False))

    @hookimpl
    def profilecore_register_commands(self, register: Callable[[click.Command], None]) -> None:
        from profilecore_exports.command import export, exports

        register(export)
        register(exports)
