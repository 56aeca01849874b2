"""A plugin brings a rule by which the fields of its facet merge: here, the longer text wins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from profilecore import Engine, hookimpl
from profilecore.model import Clear, Search, Sensitivity, field, record
from profilecore.rules.survivorship import Candidate, Choice, Preference, Rule


def longest(candidates: Sequence[Candidate], preference: Preference) -> Choice:
    """Keep the longest text; a rule is a pure function."""
    winner = max(candidates, key=lambda candidate: len(candidate.value or ""))
    return Choice(winner.value, "longest", winner.profile_id, winner.stamp)


@record
class Story:
    text: str | None = field(
        merge="longest",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.PERSONAL,
        search=Search.NONE,
    )


class StoryPlugin:
    name = "story"

    @hookimpl
    def profilecore_register_survivorship(self, register: Callable[[str, Rule], None]) -> None:
        register("longest", longest)

    @hookimpl
    def profilecore_register_facets(self, register: Callable[[str, type], None]) -> None:
        register("story", Story)


def main() -> None:
    engine = Engine.open("memory://", plugins=[StoryPlugin])
    ana, twin = (
        engine.create({"last_name": "García", "facets": {"story": {"text": text}}})
        for text in ("Came in May.", "Came in May, with two dogs.")
    )
    engine.merge(engine.plan_merge(ana.id, [twin.id]))
    print(engine.get(ana.id).facets["story"].text)


if __name__ == "__main__":
    main()
