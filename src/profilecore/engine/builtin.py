"""What the core itself contributes: its kinds, and more through the same hooks as any plugin."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING

from profilecore.hooks import hookimpl
from profilecore.model.documents import (
    Activity,
    DocumentKind,
    FileRecord,
    Hold,
    Merge,
    Notice,
    OnClear,
    Outcome,
    Receipt,
)
from profilecore.model.stay import Stay

if TYPE_CHECKING:
    from profilecore.rules.checks import Check
    from profilecore.rules.retention import RetentionRule

CORE_KINDS = (
    DocumentKind("stay", Stay, OnClear.FIELDS),
    DocumentKind("hold", Hold, OnClear.ERASE),
    DocumentKind("activity", Activity, OnClear.ERASE),
    DocumentKind("notice", Notice, OnClear.ERASE),
    DocumentKind("merge", Merge, OnClear.ERASE),
    DocumentKind("file", FileRecord, OnClear.ERASE, dated=attrgetter("attached_on")),
    DocumentKind("receipt", Receipt, OnClear.KEEP, personal=False),
    DocumentKind("outcome", Outcome, OnClear.FIELDS),
)


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
