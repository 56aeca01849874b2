"""What comes from outside and is wrong is refused in our own words, whatever it is."""

from __future__ import annotations

import importlib
import resource
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from malformed import READERS, Desk, Reader
from soaking import Soak

from profilecore import Engine, ProfilecoreError

pytestmark = [
    pytest.mark.soak,
    pytest.mark.shows_values("errors name fields, and chance calls some as the values of others"),
]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)  # what a relative path leads to stays in here
    formats: dict[str, Any] = {}
    plugins: list[Any] = []
    for name in ("es", "pt", "cz", "it", "hr", "si"):
        try:
            plugin = importlib.import_module(f"profilecore_exports.{name}")
        except ImportError:
            continue
        read = getattr(plugin, "answer", None) or getattr(plugin, "_answer", None)
        if read is not None:
            formats[name] = read
    with Engine.open("memory://", discover=False, plugins=plugins) as engine:
        engine.create({"last_name": "Vogel", "external_ids": [{"system": "s", "value": "G1"}]})
        yield Desk(engine, tmp_path, formats)


def try_all(desk: Desk, reader: Reader, number: int, first_seed: int) -> dict[str, Any]:
    """Give a reader so many inputs; tell how many it took, and how long the slowest took."""
    told = {"inputs": 0, "refused": 0, "slowest": 0.0}

    @seed(first_seed)
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    @given(reader.inputs)
    def one(value: Any) -> None:
        began = time.process_time()
        try:
            reader.read(desk, value)
        except ProfilecoreError:
            told["refused"] += 1
        told["inputs"] += 1
        told["slowest"] = max(told["slowest"], time.process_time() - began)

    one()
    return told


@pytest.mark.parametrize("name", READERS)
def test_a_malformed_input_is_refused_with_an_error_of_ours(
    soak: Soak, desk: Desk, name: str
) -> None:
    reader = READERS[name]
    pytest.importorskip(reader.module)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = try_all(desk, reader, soak.size(1_000, 20_000) // len(READERS) + 1, soak.seed)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    soak.tell(
        **told | {"slowest": f"{told['slowest'] * 1_000:.0f} ms"},
        memory_grew_by=f"{grown / 1_024:.0f} MiB",
    )
    assert told["inputs"] > 0


def test_a_reader_that_lets_an_error_through_is_found_out(soak: Soak, desk: Desk) -> None:
    numbers = count(1)

    def read(desk: Desk, value: bytes) -> None:
        if b"[" * 50 in value:
            raise RecursionError
        next(numbers)

    inputs = READERS["import of JSON Lines"].inputs
    with pytest.raises(RecursionError):
        try_all(desk, Reader("profilecore", inputs, read), 1_000, soak.seed)
    soak.tell(inputs_before_it_was_found=next(numbers))
