"""Importing the core stays cheap: what is heavy is imported at first use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import profilecore

SOURCE = str(Path(profilecore.__file__).parents[1])

HEAVY = {
    "anyio",
    "asyncio",
    "cattrs",
    "click",
    "concurrent.futures",
    "email_validator",
    "hmac",
    "importlib.metadata",
    "logging",
    "multiprocessing",
    "pathlib",
    "phonenumbers",
    "pycountry",
    "rich",
    "signal",
    "sqlite3",
    "subprocess",
}
# Verbs that not every process uses.
LATER = {
    "profilecore.engine.access_page",
    "profilecore.engine.accessing",
    "profilecore.engine.aio",
    "profilecore.engine.auditing",
    "profilecore.engine.cursors",
    "profilecore.engine.loading",
    "profilecore.engine.merging",
    "profilecore.engine.owning",
    "profilecore.engine.residue",
    "profilecore.engine.retaining",
    "profilecore.engine.searching",
    "profilecore.rules.merging",
    "profilecore.rules.redacting",
    "profilecore.rules.traces",
    "profilecore.rules.unmerging",
}
# What an open engine needs, and a program that only imports it does not.
WITH_AN_ENGINE = {
    "calendar",
    "hashlib",
    "profilecore.engine.clearing",
    "profilecore.rules.checks",
    "profilecore.rules.clearing",
    "profilecore.rules.pack",
    "zoneinfo",
}
PROGRAM = """
import gc, json, sys
sys.path.insert(0, {source!r})
before = set(sys.modules)
{statement}
made = [c for c in gc.get_objects() if isinstance(c, type) and "__attrs_props__" in vars(c)]
written = [c.__module__ for c in made if vars(c)["__attrs_props__"].added_eq]
print(json.dumps([sorted(set(sys.modules) - before), sorted(set(written))]))
"""


def started(statement: str) -> tuple[set[str], set[str]]:
    """Give the modules that a statement loads, and those with equalities written by attrs."""
    program = PROGRAM.format(statement=statement, source=SOURCE)
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    loaded, written = json.loads(done.stdout)
    return set(loaded), {name for name in written if name.startswith("profilecore")}


def test_importing_the_package_loads_nothing_but_itself() -> None:
    loaded, _ = started("import profilecore")
    ours = {name for name in loaded if name.startswith("profilecore")}
    assert ours == {"profilecore", "profilecore.later"}
    assert loaded & {"attrs", "msgspec", "pluggy"} == set()


def test_a_name_loads_what_it_stands_on_and_no_more() -> None:
    loaded, _ = started("from profilecore import hookimpl, Event, VersionConflict")
    assert "profilecore.model.events" in loaded
    assert not {name for name in loaded if name.startswith("profilecore.engine")}


def test_importing_the_engine_loads_nothing_heavy() -> None:
    loaded, _ = started("from profilecore import Engine")
    assert "profilecore.engine.kernel" in loaded
    assert loaded & (HEAVY | LATER | WITH_AN_ENGINE) == set()


def test_an_engine_does_not_load_at_once_what_importing_put_off() -> None:
    statement = "import profilecore; profilecore.Engine.open('memory://', discover=False)"
    loaded, _ = started(statement)
    assert loaded & (HEAVY | LATER) == set()


def test_values_share_their_equality() -> None:
    # One that attrs writes and compiles for a class costs half a millisecond.
    _, written = started("from profilecore import Engine")
    assert written == set()


@pytest.mark.parametrize(
    "name",
    ["AsyncEngine", "ClearPlan", "Fingerprints", "LoadReport", "MergePlan", "Page", "Reject"],
)
def test_what_is_imported_later_is_there_when_asked_for(name: str) -> None:
    loaded, _ = started(f"import profilecore; assert {name!r} in dir(profilecore)")
    assert loaded & (LATER | WITH_AN_ENGINE) == set()
    loaded, _ = started(f"from profilecore import {name}; assert {name}.__name__ == {name!r}")
    assert loaded & (LATER | WITH_AN_ENGINE)


def test_a_name_that_the_package_lacks_is_an_attribute_error() -> None:
    started("import profilecore; assert not hasattr(profilecore, 'Nothing')")


def test_a_name_is_looked_for_once() -> None:
    statement = "import profilecore; found = profilecore.Problem; "
    started(statement + "assert vars(profilecore)['Problem'] is found")
