"""The commands on retention, and the settings of it in a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from kit import Clock, open_engine

from profilecore import Engine
from profilecore.cli import Invocation, main

SPAIN = "es.traveller-register"
ANA = {"first_name": "Ana", "last_name": "García", "emails": ["ana@example.com"]}
SETTINGS = {
    "timezone": "Europe/Madrid",
    "properties": {"P1": {"country": "ES"}},
    "inactivity": {"after_days": 2000},
}
Run = Callable[..., Any]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(clock: Clock) -> Iterator[Engine]:
    with open_engine(config={"profilecore": SETTINGS}, clock=clock) as engine:
        yield engine


@pytest.fixture
def ana(engine: Engine) -> str:
    """A guest whom the Spanish law has kept until the end of 12 February 2029."""
    id = engine.create(ANA).id
    engine.record_stay(
        id,
        {"property_id": "P1", "arrival": "2026-02-10", "departure": "2026-02-12",
         "status": "departed", "reference": "B77"},
    )  # fmt: skip
    return id


def done(run: Run, *args: str) -> Any:
    answer = run(*args, "--json")
    assert answer.code == 0, answer.out + answer.err
    assert answer.out.count("\n") == 1
    return answer.json


def assert_silent(text: str) -> None:
    """Make sure that a text tells nothing of the person."""
    for value in ("Ana", "García", "ana@example.com", "B77"):
        assert value not in text


# ---- explain


def test_explain_says_it_in_sentences(run: Run, ana: str) -> None:
    answer = run("explain", ana)
    assert answer.code == 0
    for text in ("A clear is possible now.", SPAIN, "933/2021", "2029-02-12", "2029-02-13"):
        assert text in answer.out
    assert_silent(answer.out)


def test_explain_gives_each_thing_held_with_its_law(run: Run, engine: Engine, ana: str) -> None:
    engine.place_hold(ana, kind="dispute", keeps=["profile.notes"])
    engine.place_hold(ana, kind="open-bill", property_id="P1")
    told = done(run, "explain", ana)
    by_rule = {(held["rule"], held["kind"]): held for held in told["held"]}
    profile = by_rule[SPAIN, "profile"]
    assert (profile["until"], profile["trust"], profile["country"]) == ("2029-02-12", "law", "ES")
    assert "last_name" in profile["fields"]
    assert "933/2021" in profile["legal_basis"]
    assert profile["source"] == "BOE-A-2021-17461"
    of_hold = by_rule["dispute", "profile"]
    assert (of_hold["until"], of_hold["legal_basis"], of_hold["fields"]) == (None, None, ["notes"])
    assert [blocker["code"] for blocker in told["blockers"]] == ["open-bill"]
    assert (told["state"], told["due_by"], told["complete_on"]) == ("active", "inactivity", None)
    assert told["last_sign"] == "2026-03-01", "the bill"
    assert told["words"][0] == "A clear is refused now:"
    assert_silent(str(told))


def test_explain_of_nobody_is_refused(run: Run) -> None:
    answer = run("explain", "nobody", "--json")
    assert (answer.code, answer.json["error"]) == (1, "not-found")


# ---- what a clear keeps, and reading it


def test_a_clear_says_what_it_keeps_by_which_rule_until_when(run: Run, ana: str) -> None:
    for args in (("clear", ana, "--dry-run"), ("clear", ana, "--yes")):
        answer = run(*args)
        assert answer.code == 0
        assert f"{SPAIN}, until 2029-02-12: " in answer.out
        assert "last_name" in answer.out
        assert_silent(answer.out)
    again = done(run, "clear", ana, "--yes")
    assert again["state"] == "restricted"
    assert {held["rule"] for held in again["held"]} == {SPAIN}


def test_what_nobody_holds_is_cleared_without_a_word_of_keeping(run: Run, engine: Engine) -> None:
    id = engine.create(ANA).id
    assert "kept, restricted" not in run("clear", id, "--dry-run").out
    assert done(run, "clear", id, "--yes")["state"] == "cleared"


def test_what_is_kept_is_read_with_its_purpose(run: Run, engine: Engine, ana: str) -> None:
    engine.clear(ana)
    shut = run("show", ana)
    assert "García" not in shut.out
    assert f"--purpose {SPAIN}" in shut.out
    shown = run("show", ana, "--purpose", SPAIN, "--actor", "police-desk")
    assert "García" in shown.out
    assert "--purpose" not in shown.out
    assert engine.changes().items[-1].type == "restricted.read"
    assert engine.changes().items[-1].actor == "police-desk"
    assert "last_name" not in done(run, "show", ana)
    assert done(run, "--purpose", SPAIN, "show", ana)["last_name"] == "García"
    assert "last_name" not in done(run, "show", ana, "--purpose", "curiosity")
    assert done(run, "stays", ana)["items"][0]["reference"] is None
    assert done(run, "stays", ana, "--purpose", SPAIN)["items"][0]["reference"] == "B77"


def test_a_purpose_may_stand_in_the_environment(run: Run, engine: Engine, ana: str) -> None:
    engine.clear(ana)
    assert "García" in run("show", ana, env={"PROFILECORE_PURPOSE": SPAIN}).out


def test_the_restricted_are_found_by_their_state(run: Run, engine: Engine, ana: str) -> None:
    engine.clear(ana)
    for purpose in ((), ("--purpose", SPAIN)):
        items = done(run, "search", "--state", "restricted", *purpose)["items"]
        assert [(p["id"], "last_name" in p) for p in items] == [(ana, False)]
    assert done(run, "search", "garc")["items"] == []
    assert "(restricted)" in run("search", "--state", "restricted").out


def test_a_legal_hold_keeps_what_it_names(run: Run, engine: Engine) -> None:
    id = engine.create(ANA).id
    place = ("hold", "place", id, "--kind", "dispute", "--keeps", "profile.last_name")
    hold = done(run, *place, "--keeps", "stay.reference")
    assert hold["keeps"] == ["profile.last_name", "stay.reference"]
    assert "profile.last_name" in run("hold", "list", id).out
    (listed,) = done(run, "hold", "list", id)["items"]
    assert listed == hold
    cleared = run("clear", id, "--yes").out
    assert "dispute, until it is released: last_name" in cleared
    assert done(run, "show", id, "--purpose", "dispute")["last_name"] == "García"
    assert done(run, "hold", "release", hold["id"])["state"] == "released"
    assert done(run, "show", id)["state"] == "cleared"


def test_a_hold_that_keeps_nothing_known_is_refused(run: Run, engine: Engine) -> None:
    id = engine.create(ANA).id
    answer = run("hold", "place", id, "--kind", "dispute", "--keeps", "profile.shoes", "--json")
    assert (answer.code, answer.json["error"]) == (1, "invalid-profile")
    assert engine.holds(id) == []


# ---- the rules


def test_the_rules_in_force_are_listed_with_their_law(run: Run) -> None:
    items = {item["name"]: item for item in done(run, "retention", "list")["items"]}
    spain = items[SPAIN]
    assert (spain["country"], spain["clock"], spain["trust"]) == ("ES", "checkout", "law")
    assert (spain["minimum"], spain["maximum"], spain["in_force"]) == ("P3Y", "P3Y", True)
    assert (spain["standing"], spain["properties"]) == ("registered", ["P1"])
    assert "profile.last_name" in spain["fields"]
    assert all(item["in_force"] for item in items.values())
    shown = run("retention", "list").out
    for text in (f"{SPAIN}: in force", "3 years", "the departure", "BOE-A-2021-17461",
                 "read in the law", "4 more are off"):  # fmt: skip
        assert text in shown
    assert "1 year 3 months" in shown


def test_rules_that_are_off_are_listed_with_the_reason(run: Run) -> None:
    items = {item["name"]: item for item in done(run, "retention", "list", "--all")["items"]}
    assert (items["nl.tax-records"]["in_force"], items["nl.tax-records"]["standing"]) == (
        False, "unverified",
    )  # fmt: skip
    shown = run("retention", "list", "--all").out
    assert "nl.tax-records: off, unverified" in shown
    assert "nobody has read the law for it" in shown
    assert "more are off" not in shown


def test_the_check_ends_with_one_only_if_something_is_wrong(
    run: Run, engine: Engine, ana: str
) -> None:
    answer = run("retention", "check")
    assert answer.code == 0
    assert "Open:" in answer.out
    assert "Wrong:" not in answer.out
    engine.record_stay(ana, {"property_id": "P9", "arrival": "2026-01-10"})
    answer = run("retention", "check")
    assert answer.code == 1
    assert answer.out.startswith("Wrong:\n- P9 has no country in the settings")
    assert_silent(answer.out)
    first = run("retention", "check", "--json").json["items"][0]
    assert (first["code"], first["property_id"], first["stays"]) == ("no-country", "P9", 1)
    assert first["is_wrong"] is True


def test_the_check_of_good_settings_says_so(run: Run, engine: Engine) -> None:
    off = [known.rule.name for known in engine.retention_rules() if known.in_force]
    with open_engine(config={"profilecore": SETTINGS | {"retention": {"off": off}}}) as good:
        said = CliRunner().invoke(main, ["retention", "check"], obj=Invocation(given=good))
        assert (said.exit_code, said.stdout) == (0, "Nothing is wrong, and nothing open.\n")
        listed = CliRunner().invoke(main, ["retention", "list"], obj=Invocation(given=good))
        assert listed.stdout == "12 more are off; add --all to see them.\n"


# ---- a file of settings

TOML = """
[profilecore]
timezone = "Europe/Madrid"

[profilecore.properties.P1]
country = "ES"
timezone = "Atlantic/Canary"
fiscal_year_end = "06-30"

[profilecore.inactivity]
after_days = 1095
grace_days = 14
first_share = 0.5
by_residence = { FR = 730 }

[profilecore.retention]
on = ["si.guest-book"]
off = ["pt.accommodation-bulletin"]

[[profilecore.retention.rules]]
name = "house.old-register"
country = "ES"
legal_basis = "the register before the decree"
minimum = "P9Y"
fields = ["profile.last_name"]
valid_from = 2015-01-01
valid_to = 2020-12-31
"""


@pytest.fixture
def guests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needs_sqlite: None
) -> Callable[..., Any]:
    """Run the program in a folder with a store and a file of settings."""
    monkeypatch.chdir(tmp_path)

    def invoke(*args: str, toml: str = TOML) -> Any:
        (tmp_path / "profilecore.toml").write_text(toml, encoding="utf-8")
        return CliRunner().invoke(main, ["--store", "sqlite:///guests.db", *args])

    assert invoke("init").exit_code == 0
    return invoke


def test_settings_are_read_from_a_file(guests: Callable[..., Any]) -> None:
    shown = guests("retention", "list").stdout
    assert "house.old-register: in force, the chain's own" in shown
    assert "for what happened from 2015-01-01 to 2020-12-31" in shown
    assert "si.guest-book: in force, switched on by name" in shown
    assert "pt.accommodation-bulletin: off" in guests("retention", "list", "--all").stdout
    id = re.findall(r"Created (\w+):", guests("create", "last_name=García").stdout)[0]
    with Engine.open("sqlite:///guests.db", discover=False) as engine:
        for year in (2014, 2019):
            engine.record_stay(
                id,
                {"property_id": "P1", "arrival": f"{year}-05-01", "departure": f"{year}-05-03",
                 "status": "departed"},
            )  # fmt: skip
    told = guests("explain", id).stdout
    assert "house.old-register (the register before the decree) keeps" in told
    assert "2028-05-03" in told
    assert "for inactivity" in told


@pytest.mark.parametrize(
    ("toml", "named"),
    [
        ("[profilecore.properties.P1]\ncountry = 'Spain'\n", "two capital letters"),
        ("[profilecore.inactivity]\nafter_days = 0\n", "at least 1 day"),
        ("[profilecore.retention]\non = ['es.nothing']\n", "no rule es.nothing"),
        (TOML.replace("2015-01-01", "2015-01-01T10:00:00"), "without a time"),
        (TOML.replace("2015-01-01", "'the first'"), "valid_from"),
        (TOML.replace("profile.last_name", "profile.shoes"), "profile.shoes"),
    ],
)
def test_a_wrong_setting_in_the_file_is_named(
    guests: Callable[..., Any], toml: str, named: str
) -> None:
    for command in (("retention", "check"), ("clear-due",)):
        answer = guests(*command, toml=toml)
        assert answer.exit_code == 1
        assert named in answer.stderr
