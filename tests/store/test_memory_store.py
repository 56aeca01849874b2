"""The memory store passes the whole suite, bare and under a wrapper that injects faults."""

from __future__ import annotations

from typing import ClassVar

import pytest

from profilecore.store import Capability, MemoryStore, Store
from profilecore.testing.conformance import StoreConformance, StoreFactory
from profilecore.testing.faults import FaultyStore


class TestMemoryStore(StoreConformance):
    lacks: ClassVar[frozenset[Capability]] = frozenset(Capability) - {Capability.SORTED}

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        return MemoryStore


class TestFaultyStoreWithoutFaults(StoreConformance):
    lacks: ClassVar[frozenset[Capability]] = frozenset(Capability) - {Capability.SORTED}

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        def make() -> Store:
            return FaultyStore(MemoryStore())

        return make
