"""The store of the how-to guide passes the suite, run as the guide says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from profilecore.store import Capability, MemoryStore
from profilecore.testing import capability_table

pytest_plugins = ["pytester"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-store.md"
FILE = re.compile(r"```python\n# (\S+\.py)\n(.*?)```", re.DOTALL)


def test_the_example_passes_the_suite(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = dict(FILE.findall(PAGE.read_text(encoding="utf-8")))
    assert set(files) == {"patient.py", "test_patient.py", "conftest.py"}
    for name, text in files.items():
        pytester.path.joinpath(name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("PROFILECORE_STEPS", "100")
    monkeypatch.syspath_prepend(pytester.path)
    outcomes = pytester.runpytest_subprocess("-p", "no:cacheprovider").parseoutcomes()
    assert outcomes.keys() == {"passed", "skipped"}
    assert outcomes["passed"] > 100


def test_the_page_names_every_capability() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [c.name for c in Capability if f"| `{c.name}` |" not in text] == []


def test_the_table_for_a_readme_has_a_row_per_capability() -> None:
    assert capability_table(MemoryStore()).splitlines() == [
        "| capability | supported |",
        "|---|---|",
        *(f"| {c.value} | {'yes' if c is Capability.SORTED else 'no'} |" for c in Capability),
    ]
