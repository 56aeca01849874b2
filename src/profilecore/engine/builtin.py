"""What the core itself contributes, through the same hooks as any plugin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from profilecore.hooks import hookimpl

if TYPE_CHECKING:
    from profilecore.rules.checks import Check
    from profilecore.rules.retention import RetentionRule


class Checklist:
    """The desk's checklist before a profile is complete."""

    name = "checklist"

    @hookimpl
    def profilecore_register_checks(self, register: Callable[[Check], None]) -> None:
        from profilecore.rules.checks import CHECKLIST

        register(CHECKLIST)


class Laws:
    """The guest-registration laws of the countries we know."""

    name = "laws"

    @hookimpl
    def profilecore_register_retention(self, register: Callable[[RetentionRule], None]) -> None:
        from profilecore.rules.pack import PACK

        for rule in PACK:
            register(rule)


BUILTIN = (Checklist(), Laws())
