"""A plugin keeps fields of its own on profiles, with their merge and clear rules."""

from __future__ import annotations

from collections.abc import Callable

from profilecore import Engine, hookimpl
from profilecore.model import Clear, Search, Sensitivity, field, record


@record
class Pillow:
    """What a guest sleeps on."""

    kind: str | None = field(
        merge="best",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.PERSONAL,
        search=Search.NONE,
        limit=20,
    )


class PillowPlugin:
    name = "pillow"

    @hookimpl
    def profilecore_register_facets(self, register: Callable[[str, type], None]) -> None:
        register("pillow", Pillow)


def main() -> None:
    engine = Engine.open("memory://", plugins=[PillowPlugin])
    ana = engine.create({"last_name": "García", "facets": {"pillow": {"kind": "feather"}}})
    print(engine.get(ana.id).facets["pillow"].kind)


if __name__ == "__main__":
    main()
