"""Personal data outside the store: an access request shows it, a clear erases it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from profilecore import Engine, hookimpl
from profilecore.hooks import HeldElsewhere


class Newsletter:
    """Addresses that a mailing program keeps."""

    name = "newsletter"

    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}

    @hookimpl
    def profilecore_register_elsewhere(self, register: Callable[[HeldElsewhere], None]) -> None:
        register(self)

    def export(self, profile_ids: Sequence[str]) -> Any:
        return [self.addresses[id] for id in profile_ids if id in self.addresses]

    def erase(self, profile_ids: Sequence[str]) -> int:
        return sum(self.addresses.pop(id, None) is not None for id in profile_ids)


def main() -> None:
    newsletter = Newsletter()
    engine = Engine.open("memory://", plugins=[newsletter])
    ana = engine.create({"last_name": "García"})
    newsletter.addresses[ana.id] = "ana@example.org"
    print(engine.access(ana.id)["elsewhere"])
    print(engine.clear(ana.id).erased["newsletter"], newsletter.addresses)


if __name__ == "__main__":
    main()
