"""What the core itself contributes, through the same hooks as any plugin."""

from __future__ import annotations

from collections.abc import Callable

from profilecore.hooks import hookimpl
from profilecore.rules.checks import CHECKLIST, Check
from profilecore.rules.pack import PACK
from profilecore.rules.retention import RetentionRule


class Checklist:
    """The desk's checklist before a profile is complete."""

    name = "checklist"

    @hookimpl
    def profilecore_register_checks(self, register: Callable[[Check], None]) -> None:
        register(CHECKLIST)


class Laws:
    """The guest-registration laws of the countries we know."""

    name = "laws"

    @hookimpl
    def profilecore_register_retention(self, register: Callable[[RetentionRule], None]) -> None:
        for rule in PACK:
            register(rule)


BUILTIN = (Checklist(), Laws())
