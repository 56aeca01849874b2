"""The plugin: what it adds to an engine and to the program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from profilecore import hookimpl
from profilecore.model import DocumentKind, OnClear
from profilecore_loyalty.closing import Closing
from profilecore_loyalty.ledger import MOVEMENT_KIND, TOTALS_KIND
from profilecore_loyalty.membership import MEMBERSHIP_KIND
from profilecore_loyalty.programme import LoyaltyConfig, Programme
from profilecore_loyalty.reading import PROGRAMME
from profilecore_loyalty.supplying import memberships

if TYPE_CHECKING:
    import click

    from profilecore import Blocker, ClearPlan, Engine
    from profilecore.hooks import HeldElsewhere, Verb


class LoyaltyPlugin:
    """Adds programmes, memberships and the ledger, and ``profilecore loyalty``."""

    name = "loyalty"
    Config = LoyaltyConfig

    def __init__(self, config: LoyaltyConfig) -> None:
        self._closing = Closing(config.programmes)

    @hookimpl
    def profilecore_on_open(self, engine: Engine) -> None:
        self._closing.attach(engine)

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        register(DocumentKind(PROGRAMME, Programme, OnClear.KEEP, personal=False))
        for kind in (MEMBERSHIP_KIND, MOVEMENT_KIND, TOTALS_KIND):
            register(kind)

    @hookimpl
    def profilecore_register_elsewhere(self, register: Callable[[HeldElsewhere], None]) -> None:
        register(self._closing)

    @hookimpl
    def profilecore_check_clear(self, plan: ClearPlan) -> Iterator[Blocker]:
        return self._closing.blockers(plan.profile_id)

    @hookimpl
    def profilecore_register_verbs(self, register: Callable[[str, Verb], None]) -> None:
        register("memberships", memberships)

    @hookimpl
    def profilecore_register_commands(self, register: Callable[[click.Command], None]) -> None:
        from profilecore_loyalty.command import loyalty

        register(loyalty)
