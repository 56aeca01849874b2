"""What the core itself contributes, through the same hooks as any plugin."""

from __future__ import annotations

from collections.abc import Callable

from profilecore.hooks import hookimpl
from profilecore.rules.checks import CHECKLIST, Check


class Checklist:
    """The desk's checklist before a profile is complete."""

    name = "checklist"

    @hookimpl
    def profilecore_register_checks(self, register: Callable[[Check], None]) -> None:
        register(CHECKLIST)


BUILTIN = (Checklist(),)
