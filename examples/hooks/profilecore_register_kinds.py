"""A plugin keeps documents of its own kind; a clear erases them with the rest."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import msgspec

from profilecore import Engine, hookimpl
from profilecore.model import Document, DocumentKind, OnClear


@attrs.frozen
class Complaint:
    """What went wrong."""

    text: str = attrs.field(repr=False)


class ComplaintPlugin:
    name = "complaints"

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        register(DocumentKind("complaint", Complaint, OnClear.ERASE))


def main() -> None:
    engine = Engine.open("memory://", plugins=[ComplaintPlugin])
    ana = engine.create({"last_name": "García"})
    body = msgspec.json.encode(attrs.asdict(Complaint("No hot water.")))
    with engine.store.write() as writer:
        writer.put(Document("complaint", "c-1", ana.id, 1, body), expect=0)
    print(engine.access(ana.id)["documents"])
    print(engine.clear(ana.id).erased)


if __name__ == "__main__":
    main()
