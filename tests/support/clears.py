"""What tests of clears share: guests, stays in a country with a register, and what time does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from kit import Clock, Ids, open_engine

from profilecore import Engine
from profilecore.store import Store

REGISTER = "es.traveller-register"
ANA = {
    "first_name": "Ana",
    "last_name": "García",
    "emails": ["ana@example.org"],
    "external_ids": [{"system": "pms", "value": "17"}],
}
OTHER = {"last_name": "Moreau"}
PLACES = {"P1": {"country": "ES", "timezone": "Europe/Madrid"}}
Opens = Callable[..., Engine]


def opens_on(store: Store, clock: Clock) -> Opens:
    """Give what opens an engine on a store, with plugins and settings; ``P1`` lies in Spain."""

    def open_one(*plugins: object, **settings: Any) -> Engine:
        config = {"profilecore": {"properties": PLACES} | settings}
        return open_engine(store, clock=clock, new_id=Ids(), plugins=plugins, config=config)

    return open_one


def merge(engine: Engine, survivor: str, *others: str) -> str:
    return engine.merge(engine.plan_merge(survivor, others)).id


def stayed(engine: Engine, id: str, property_id: str = "P1", **more: Any) -> str:
    stay = {
        "property_id": property_id, "arrival": "2026-02-10", "departure": "2026-02-12",
        "status": "departed", "reference": f"R-{id}", "adults": 2, "children": 1,
    }  # fmt: skip
    return engine.record_stay(id, stay | more).id


def finish(engine: Engine, people: int = 1) -> None:
    """Let so much time go by that no register holds anything any longer."""
    clock: Any = engine._kernel._clock
    clock.move(days=4 * 366)
    assert engine.clear_due().finished == people


def everything(engine: Engine) -> Any:
    """Give what is stored of profiles and what they own, and the feed."""
    kinds = ("profile", "stay", "hold", "file", "merge", "receipt", "outcome", "refusal", "agenda")
    with engine.store.read() as reader:
        return [reader.listing(kind, None, 1_000) for kind in kinds], reader.events(0, 1_000)


def laid_open(value: Any) -> Any:
    """Give a value with all its parts as plain ones, which hide nothing when they are shown."""
    if attrs.has(type(value)):
        return {a.name: laid_open(getattr(value, a.name)) for a in attrs.fields(type(value))}
    if isinstance(value, dict):
        return {name: laid_open(inner) for name, inner in value.items()}
    return [laid_open(inner) for inner in value] if isinstance(value, list | tuple) else value
