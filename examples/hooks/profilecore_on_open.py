"""A plugin keeps its engine, and asks its store when it has to decide about a clear."""

from __future__ import annotations

from collections.abc import Iterator

from profilecore import Blocker, ClearPlan, Engine, hookimpl


class Complaints:
    """Nobody is cleared while a note of theirs asks for an answer."""

    name = "complaints"

    @hookimpl
    def profilecore_on_open(self, engine: Engine) -> None:
        self.engine = engine

    @hookimpl
    def profilecore_check_clear(self, plan: ClearPlan) -> Iterator[Blocker]:
        guest = self.engine.get(plan.profile_id)
        if any("please answer" in note.text for note in guest.notes):
            yield Blocker("unanswered", "A note asks for an answer.")


def main() -> None:
    engine = Engine.open("memory://", plugins=[Complaints])
    ana = engine.create(
        {"last_name": "García", "notes": [{"text": "No hot water, please answer."}]}
    )
    print([blocker.code for blocker in engine.plan_clear(ana.id).blockers])


if __name__ == "__main__":
    main()
