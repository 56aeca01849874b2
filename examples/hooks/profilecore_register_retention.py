"""A plugin brings a law: what a clear must leave in place, and until when."""

from __future__ import annotations

from collections.abc import Callable

from profilecore import Engine, hookimpl
from profilecore.rules.retention import Clock, RetentionRule


class ArcadiaPlugin:
    name = "arcadia"

    @hookimpl
    def profilecore_register_retention(self, register: Callable[[RetentionRule], None]) -> None:
        register(
            RetentionRule(
                name="arcadia.guest-book",
                country="XA",
                legal_basis="Guest Book Act, section 4: two years from the entry",
                clock=Clock.ENTRY,
                minimum="P2Y",
                fields=("profile.first_name", "profile.last_name", "stay.arrival"),
            )
        )


def main() -> None:
    config = {"profilecore": {"properties": {"P1": {"country": "XA"}}}}
    engine = Engine.open("memory://", plugins=[ArcadiaPlugin], config=config)
    ana = engine.create({"last_name": "García", "emails": ["ana@example.com"]})
    engine.record_stay(ana.id, {"property_id": "P1", "arrival": "2026-01-10", "nights": 2})
    receipt = engine.clear(ana.id)
    print([(held.kind, held.rule, str(held.until)) for held in receipt.held])


if __name__ == "__main__":
    main()
