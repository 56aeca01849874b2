"""A plugin adds a verb to the engine: here, a greeting in the guest's own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from profilecore import Engine, hookimpl


def greet(engine: Engine, profile_id: str, *, word: str = "Welcome") -> str:
    """Greet a guest by name; a verb is given the engine first."""
    return f"{word}, {engine.get(profile_id).first_name}!"


class GreetingPlugin:
    name = "greeting"

    @hookimpl
    def profilecore_register_verbs(self, register: Callable[[str, Any], None]) -> None:
        register("greet", greet)


def main() -> None:
    engine: Any = Engine.open("memory://", plugins=[GreetingPlugin])
    ana = engine.create({"first_name": "Ana", "last_name": "García"})
    print(engine.greet(ana.id, word="Buenos días"))


if __name__ == "__main__":
    main()
