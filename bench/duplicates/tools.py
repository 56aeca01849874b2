"""The tools that are measured: how each is started, and from which score it links by itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import polars as pl

from bench.duplicates.sets import Set

_HERE = Path(__file__).resolve().parent
# Splink's guides take a million random pairs to try a model and ten to fit it; for sets of a few
# thousand records its own demonstrations take a million.
USUAL, FASTEST = "1e7", "1e6"

Command = list[str | Path]


@attrs.frozen
class Tool:
    """``command`` gets the set, its records as Parquet, and the directory for the result."""

    name: str
    command: Callable[[Set, Path, Path], Command]
    default: float
    ours: bool = False


def tools(peers: Path, wanted: Set) -> Iterator[Tool]:
    """Give the tools for a set; ``peers`` is the Python that has the peers."""
    yield Tool("profilecore-duplicates", _ours, 0.0, ours=True)
    fits = [(wanted.model, FASTEST)]
    if wanted.model == "guests":
        fits = [("guests", USUAL), ("guests by full name", USUAL), ("guests", FASTEST)]
    for model, pairs in fits:
        also = model.removeprefix(wanted.model)
        yield Tool(
            f"Splink, {float(pairs):,.0f} pairs for u{also}", _splink(peers, model, pairs), 0
        )
    for mode in ("probabilistic", "zero"):
        name = f"GoldenMatch, {mode.replace('zero', 'no configuration')}"
        # What it scores it links: its thresholds are applied before.
        yield Tool(name, _goldenmatch(peers, mode), float("-inf"))


def _ours(of: Set, records: Path, out: Path) -> Command:
    return [
        sys.executable, "-m", "profilecore", "duplicates", "find", of.records,
        "--pairs", out / "pairs.csv", "--clusters", out / "clusters.csv",
    ]  # fmt: skip


def _splink(peers: Path, model: str, pairs: str) -> Callable[[Set, Path, Path], Command]:
    script = _HERE / "peer_splink.py"
    return lambda of, records, out: [peers, script, model, records, out, pairs]


def _goldenmatch(peers: Path, mode: str) -> Callable[[Set, Path, Path], Command]:
    return lambda of, records, out: [peers, _HERE / "peer_goldenmatch.py", mode, records, out]


def results(tool: Tool, out: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the pairs and clusters that a tool wrote."""
    if tool.ours:
        pairs = pl.read_csv(out / "pairs.csv", schema_overrides=_IDS)
        return pairs, pl.read_csv(out / "clusters.csv", infer_schema=False)
    return pl.read_parquet(out / "pairs.parquet"), pl.read_parquet(out / "clusters.parquet")


_IDS = {"left": pl.String, "right": pl.String}
