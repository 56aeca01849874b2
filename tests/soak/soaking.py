"""One run of a programme: its length, its seed, and the figures that it reports."""

from __future__ import annotations

import os
import time
from typing import Any


class Soak:
    """One programme's run: its length, its seed, and what it found out."""

    @classmethod
    def from_environment(cls) -> Soak:
        """Read the length and the seed; without a seed, take a new one."""
        length = os.environ.get("PROFILECORE_SOAK") or "short"
        assert length in ("short", "full"), "PROFILECORE_SOAK is short or full"
        given = os.environ.get("PROFILECORE_SEED")
        return cls(int(given or int.from_bytes(os.urandom(4))), length == "full")

    def __init__(self, seed: int, is_full: bool) -> None:
        self.seed = seed
        self.is_full = is_full
        self.figures: dict[str, Any] = {"seed": seed}
        self._began = time.monotonic()

    def size(self, short: int, full: int) -> int:
        """Give how much to do."""
        return full if self.is_full else short

    def tell(self, **figures: Any) -> None:
        """Report figures; they are printed when everything has run."""
        self.figures |= figures

    def line(self) -> str:
        """Give the figures in one line."""
        told = self.figures | {"seconds": round(time.monotonic() - self._began, 1)}
        return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items())
