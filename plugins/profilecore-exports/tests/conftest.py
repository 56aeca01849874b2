"""What the tests of exports share: a world with all formats, and the authorities' schemas."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from profilecore import Engine

SUPPORT = str(Path(__file__).parent / "support")
if SUPPORT not in sys.path:
    sys.path.append(SUPPORT)

from exports_kit import (  # noqa: E402  # found through the line above
    CITIES,
    CONFIG,
    COUNTRIES,
    ITALIAN_STATES,
    ITALIAN_TOWNS,
    PLUGINS,
    POSTCODES,
    World,
)


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    made = []

    def make(plugins: tuple[type, ...] = PLUGINS, **config: Any) -> World:
        engine = Engine.open(
            "memory://", plugins=plugins, discover=False, strict=True, config=CONFIG | config
        )
        folder = tmp_path / f"out{len(made)}"
        folder.mkdir()
        made.append(engine)
        return World(engine, folder)

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world()
    made.load("it.stati", ITALIAN_STATES)
    made.load("it.comuni", ITALIAN_TOWNS)
    made.load("es.codigos-postales", POSTCODES)
    made.load("co.paises", COUNTRIES)
    made.load("co.ciudades", CITIES)
    return made


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Give a function that finds a reference file, or skips where there is none."""
    beside = Path(__file__).resolve().parents[3].parent / "shared"
    folder = Path(os.environ.get("PROFILECORE_SHARED", beside)) / "specs"

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"there is no specs/{name} in PROFILECORE_SHARED")
        return path

    return find


@pytest.fixture(scope="session")
def validate(shared: Callable[[str], Path]) -> Callable[[bytes, str], list[str]]:
    """Give a function that lists what an XML schema finds wrong; no network, no entities."""
    etree = pytest.importorskip("lxml.etree", reason="lxml validates against the schemas")
    parser = etree.XMLParser(no_network=True, resolve_entities=False)

    def validate(content: bytes, name: str) -> list[str]:
        schema = etree.XMLSchema(etree.parse(shared(name), parser))
        schema.validate(etree.fromstring(content, parser))
        return [str(error) for error in schema.error_log]

    return validate
