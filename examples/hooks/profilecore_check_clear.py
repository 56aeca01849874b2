"""A plugin asks the billing system before a person is cleared.

If the billing system cannot be reached, let the exception out: no answer blocks the clear.
"""

from __future__ import annotations

from collections.abc import Iterator

from profilecore import Blocker, ClearBlocked, ClearPlan, Engine, hookimpl


class Billing:
    name = "billing"

    def __init__(self) -> None:
        self.open_bills: dict[str, str] = {}

    @hookimpl
    def profilecore_check_clear(self, plan: ClearPlan) -> Iterator[Blocker]:
        for id in plan.family:
            if id in self.open_bills:
                # With a property, only that property sees the details.
                number = self.open_bills[id]
                yield Blocker("open-bill", "A bill is open.", property_id="P1", ref=number)


def main() -> None:
    billing = Billing()
    engine = Engine.open("memory://", plugins=[billing])
    ana = engine.create({"last_name": "García"})
    billing.open_bills[ana.id] = "17"
    try:
        engine.clear(ana.id)
    except ClearBlocked as refusal:
        print([(blocker.code, blocker.ref) for blocker in refusal.blockers])
    billing.open_bills.clear()
    print(engine.clear(ana.id).status.value)


if __name__ == "__main__":
    main()
