"""A plugin decides whether profiles may be merged."""

from __future__ import annotations

from collections.abc import Iterator

from profilecore import Blocker, Engine, MergePlan, hookimpl


class OneByOne:
    name = "one-by-one"

    @hookimpl
    def profilecore_check_merge(self, plan: MergePlan) -> Iterator[Blocker]:
        if len(plan.loser_ids) > 1:
            yield Blocker("one-by-one", "Merge one profile at a time.")


def main() -> None:
    engine = Engine.open("memory://", plugins=[OneByOne])
    ana, twin, other = (engine.create({"last_name": "García"}).id for _ in range(3))
    print([blocker.code for blocker in engine.plan_merge(ana, [twin, other]).blockers])
    print(engine.plan_merge(ana, [twin]).blockers)


if __name__ == "__main__":
    main()
