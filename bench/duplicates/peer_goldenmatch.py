"""One run of GoldenMatch: ``python peer_goldenmatch.py MODE RECORDS OUT``.

A script for an environment of its own, which has GoldenMatch and nothing of ours.  MODE is
``probabilistic``, its Fellegi-Sunter with a configuration that it chooses, or ``zero``, what it
does without any.  RECORDS is Parquet with an id; OUT gets ``pairs.parquet`` (left, right, weight:
its score) and ``clusters.parquet`` (id, cluster).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from goldenmatch import auto_configure_probabilistic_df, dedupe_df


def main(mode: str, records: str, out: str) -> None:
    """Deduplicate and write the results."""
    table = pq.read_table(records)
    ids = table["id"].to_pylist()
    table = table.drop_columns(["id"])
    if mode == "probabilistic":
        done = dedupe_df(table, config=auto_configure_probabilistic_df(table))
    else:
        done = dedupe_df(table)
    scored = done.scored_pairs
    pairs = {
        "left": [ids[a] for a, _, _ in scored],
        "right": [ids[b] for _, b, _ in scored],
        "weight": [float(score) for _, _, score in scored],
    }
    named = [(ids[row], key) for key, group in done.clusters.items() for row in group["members"]]
    clusters = {"id": [row for row, _ in named], "cluster": [str(key) for _, key in named]}
    folder = Path(out)
    texts = pa.schema([("left", pa.string()), ("right", pa.string()), ("weight", pa.float64())])
    pq.write_table(pa.table(pairs, schema=texts), folder / "pairs.parquet")
    names = pa.schema([("id", pa.string()), ("cluster", pa.string())])
    pq.write_table(pa.table(clusters, schema=names), folder / "clusters.parquet")


if __name__ == "__main__":
    main(*sys.argv[1:])
