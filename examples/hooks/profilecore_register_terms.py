"""A plugin adds keys by which profiles are found exactly: here, the year of birth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from profilecore import Engine, Profile, hookimpl
from profilecore.rules.terms import TermSource


def birth_year(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield (sort, value) pairs; a module-level function, so that imports can use it too."""
    if profile.birth_date:
        yield "birth-year", profile.birth_date[:4]


class BirthYearPlugin:
    name = "birth-year"

    @hookimpl
    def profilecore_register_terms(self, register: Callable[[TermSource], None]) -> None:
        register(birth_year)


def main() -> None:
    engine = Engine.open("memory://", plugins=[BirthYearPlugin])
    ana = engine.create({"last_name": "García", "birth_date": "1984-05-17"})
    print(engine.look_up([("birth-year", "1984")]) == {("birth-year", "1984"): [ana.id]})


if __name__ == "__main__":
    main()
