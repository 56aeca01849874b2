"""Finished steps of a run, kept in a folder, so that an interrupted run goes on behind them.

What is kept are row numbers and levels, never a value of a record.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]
_PIECE = 1 << 20


class Steps:
    """Keeps what steps give under a key; without a folder it keeps nothing.

    A step is whole or not there, whenever the run is stopped.
    """

    def __init__(self, folder: Path | None = None, key: str = "") -> None:
        self._folder, self._key = folder, key

    def arrays(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """Give the arrays of a step: those that are kept, or else what ``make`` gives."""
        if self._folder is None:
            return make()
        path = self._folder / f"{self._key}-{name}.npz"
        if not path.exists():
            made = make()
            half = path.with_suffix(".half")
            with half.open("wb") as file:
                np.savez(file, allow_pickle=False, **made)
            os.replace(half, path)
            return made
        with np.load(path, allow_pickle=False) as kept:
            return {column: kept[column] for column in kept.files}

    def finish(self) -> None:
        """Delete what was kept: the run is done."""
        if self._folder is not None:
            for path in self._folder.glob(f"{self._key}-*"):
                path.unlink()


def steps_of(folder: Path, files: Iterable[Path], settings: object) -> Steps:
    """Give the steps of a run over files, by their bytes, its settings and this version."""
    folder.mkdir(parents=True, exist_ok=True)
    state = blake2b(digest_size=16)
    state.update(f"{version('profilecore-duplicates')} {settings!r}".encode())
    for path in files:
        with path.open("rb") as file:
            own = blake2b()
            while piece := file.read(_PIECE):
                own.update(piece)
        state.update(own.digest())
    return Steps(folder, state.hexdigest())
