"""A host that keeps stays itself shows them through the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from profilecore import Engine, Stay, hookimpl
from profilecore.hooks import StaySource


class HostStays:
    name = "host-stays"

    @hookimpl
    def profilecore_register_stays(self, register: Callable[[StaySource], None]) -> None:
        register(self.stays)

    def stays(self, profile_ids: Sequence[str]) -> Iterable[Stay]:
        for id in profile_ids:
            yield Stay(id="17", profile_id=id, property_id="P1", arrival=date(2026, 5, 1))


def main() -> None:
    engine = Engine.open("memory://", plugins=[HostStays])
    ana = engine.create({"last_name": "García"})
    print([stay.arrival for stay in engine.stays(ana.id)])


if __name__ == "__main__":
    main()
