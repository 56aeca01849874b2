"""A plugin observes what was committed: ids and field names, never values."""

from __future__ import annotations

from profilecore import Engine, Event, hookimpl


class Diary:
    name = "diary"

    @hookimpl
    def profilecore_on_event(self, event: Event) -> None:
        print(event.seq, event.type, ", ".join(event.fields))


def main() -> None:
    engine = Engine.open("memory://", plugins=[Diary])
    ana = engine.create({"last_name": "García"})
    engine.update(ana.id, {"first_name": "Ana"})


if __name__ == "__main__":
    main()
