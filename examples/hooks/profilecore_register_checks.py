"""A plugin tells what is missing from a profile for a purpose of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from profilecore import Engine, Profile, hookimpl
from profilecore.rules.checks import Check, Missing


def for_the_spa(profile: Profile, on: date) -> Iterator[Missing]:
    """Yield what the spa asks for; a check is a pure function."""
    if profile.birth_date is None:
        yield Missing("/birth_date", "birth-date", "The spa asks for the date of birth.")


class SpaPlugin:
    name = "spa"

    @hookimpl
    def profilecore_register_checks(self, register: Callable[[Check], None]) -> None:
        register(Check("spa", "Before a treatment", for_the_spa))


def main() -> None:
    engine = Engine.open("memory://", plugins=[SpaPlugin])
    ana = engine.create({"last_name": "García"})
    print([missing.path for missing in engine.check(ana.id, "spa")])


if __name__ == "__main__":
    main()
