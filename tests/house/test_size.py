"""A module that needs more than 500 lines has more than one subject."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 500
FOLDERS = ("src", "plugins", "tests", "bench")


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_is_longer_than_the_limit() -> None:
    modules = [path for folder in FOLDERS for path in ROOT.joinpath(folder).rglob("*.py")]
    assert modules
    too_long = {
        str(path.relative_to(ROOT)): lines
        for path in modules
        if (lines := line_count(path)) > LIMIT
    }
    assert too_long == {}
