"""Every Python block of the documentation runs, each page from top to bottom."""

from __future__ import annotations

import re
import sqlite3
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from profilecore import Engine

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "docs" / "reference" / "generated"
PAGES = [
    path
    for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
    if GENERATED not in path.parents
]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TOML = re.compile(r"^```toml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# A block that begins with the name of a file is that file.
FILE = re.compile(r"# (\w+\.py)\n")


def blocks(page: Path) -> list[tuple[int, str]]:
    """Give the blocks of a page with the number of their first line."""
    text = page.read_text(encoding="utf-8")
    return [(text[: found.start(1)].count("\n"), found[1]) for found in BLOCK.finditer(text)]


def test_there_are_pages_with_blocks() -> None:
    assert sum(bool(blocks(page)) for page in PAGES) >= 4


@pytest.mark.parametrize(
    "page", [p for p in PAGES if blocks(p)], ids=lambda p: str(p.relative_to(ROOT))
)
def test_the_blocks_of_a_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: Callable[[str], Any]
) -> None:
    found = blocks(page)
    if any("sqlite:///" in code for _, code in found):
        part("profilecore_sqlite")
    for plugin in ("duplicates", "exports", "loyalty", "scanner", "segments"):
        if any(f"profilecore_{plugin}" in code for _, code in found):
            part(f"profilecore_{plugin}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    modules = set(sys.modules)
    namespace: dict[str, Any] = {"__name__": "page"}
    try:
        for line, code in found:
            # Empty lines in front, so that a failure names the line of the page.
            compiled = compile("\n" * line + code, str(page), "exec", dont_inherit=True)
            if name := FILE.match(code):
                (tmp_path / name[1]).write_text(code, encoding="utf-8")
            else:
                exec(compiled, namespace)  # noqa: S102  # our own pages
    finally:
        for thing in namespace.values():
            if isinstance(thing, Engine | sqlite3.Connection):
                thing.close()
        for module in set(sys.modules) - modules:
            if getattr(sys.modules[module], "__file__", "").startswith(str(tmp_path)):
                del sys.modules[module]


def settings(page: Path) -> list[dict[str, Any]]:
    """Give the blocks of a page that are settings of the chain."""
    read = (tomllib.loads(found[1]) for found in TOML.finditer(page.read_text(encoding="utf-8")))
    return [block for block in read if "profilecore" in block]


@pytest.mark.parametrize(
    "page", [p for p in PAGES if settings(p)], ids=lambda p: str(p.relative_to(ROOT))
)
def test_the_settings_on_a_page_are_taken_and_lack_nothing(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in settings(page):
        with Engine.open("memory://", discover=False, config=block) as engine:
            assert [f for f in engine.check_retention() if f.is_wrong] == []


def test_there_are_pages_with_settings() -> None:
    assert sum(len(settings(page)) for page in PAGES) >= 4
