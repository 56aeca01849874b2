"""Importing the core stays cheap: what is heavy is imported at first use."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {
    "anyio",
    "asyncio",
    "cattrs",
    "click",
    "concurrent.futures",
    "email_validator",
    "importlib.metadata",
    "multiprocessing",
    "phonenumbers",
    "pycountry",
    "rich",
    "sqlite3",
}
PROGRAM = """
import json, sys
before = set(sys.modules)
import profilecore
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_importing_the_core_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM], capture_output=True, check=True, text=True
    )
    loaded = set(json.loads(done.stdout))
    assert "profilecore" in loaded
    assert loaded & HEAVY == set()
