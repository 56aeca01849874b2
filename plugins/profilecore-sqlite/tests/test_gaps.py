"""What the program that zeroes the gaps leaves: where cells once lay, and nothing like it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from profilecore.model.documents import Document
from profilecore.store import Terms
from profilecore_sqlite import SqliteStore, gaps

Opened = Callable[..., SqliteStore]


def changes_of(path: Path) -> int:
    """Run the program on a closed store and give how many ranges it has changed."""
    command = [sys.executable, "-I", "-S", gaps.__file__, str(path)]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


def gap_of(path: Path) -> int:
    """Give the offset of the gap of the page that has all the documents of a small store."""
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'pc_document'"
        ).fetchone()
    page = (root - 1) * 4096
    kind, _block, cells, _content = gaps._PAGE.unpack_from(path.read_bytes(), page)
    assert kind == 13
    return int(page + 8 + 2 * cells)


@pytest.fixture
def thinned(opened: Opened, path: Path) -> Path:
    """Give the path of a closed store whose scrub found deleted documents."""
    store = opened()
    with store.write() as writer:
        writer.insert((Document("profile", f"{n}", f"{n}", 1, b"body"), Terms()) for n in range(40))
        for n in range(0, 40, 4):
            writer.delete("profile", f"{n}")
    store.close()
    changes_of(path)
    return path


def test_where_cells_lay_is_left(thinned: Path) -> None:
    offset = gap_of(thinned)
    assert any(thinned.read_bytes()[offset : offset + 20]), "SQLite left no stale places"
    assert changes_of(thinned) == 0


# In the stead of the places and behind them, at an even byte and at an odd one; and too many.
@pytest.mark.parametrize(
    ("start", "text"),
    [(0, b"Ad"), (1, b"Ada"), (20, b"Ada"), (21, b"Ada"), (300, b"Ada"), (0, b"\1\1" * 33)],
)
def test_whatever_else_a_gap_holds_is_zeroed(thinned: Path, start: int, text: bytes) -> None:
    offset = gap_of(thinned)
    made = bytearray(thinned.read_bytes())
    made[offset + start : offset + start + len(text)] = text
    thinned.write_bytes(made)
    assert changes_of(thinned) == 1
    assert not any(thinned.read_bytes()[offset : offset + 400])


@pytest.mark.parametrize(
    ("setting", "encoding"),
    [("encoding = 'UTF-16be'", "utf-16-be"), ("page_size = 65536", "utf-8")],
)
def test_where_a_text_could_look_like_places_all_is_zeroed(
    opened: Opened, path: Path, setting: str, encoding: str
) -> None:
    with closing(sqlite3.connect(path)) as host:
        host.execute(f"PRAGMA {setting}")
        host.execute("CREATE TABLE theirs (a)")
    store = opened()
    with store.write() as writer:
        writer.put(Document("profile", "a", "a", 1, b"body"), expect=0)
    store.close()
    changes_of(path)
    with closing(sqlite3.connect(path)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'pc_document'"
        ).fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size + 10)
        file.write("2024".encode(encoding))
    assert changes_of(path) == 1
