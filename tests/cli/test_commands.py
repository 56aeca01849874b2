"""What each command answers: the shape of its JSON, its exit code, what people read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest

from profilecore import Actor, Engine

Run = Callable[..., Any]


@pytest.fixture
def pair(engine: Engine) -> tuple[str, str]:
    ana = engine.create(
        {
            "first_name": "Ana",
            "last_name": "García",
            "emails": ["ana@example.com"],
            "tags": ["vip"],
            "classifications": ["important"],
            "category": "gold",
            "marketing_source": "web",
            "external_ids": [{"system": "pms", "value": "G1"}],
        }
    )
    twin = engine.create({"first_name": "Anna", "last_name": "Garcia", "phones": ["+34600111222"]})
    return ana.id, twin.id


def done(run: Run, *args: str) -> Any:
    answer = run(*args, "--json")
    assert answer.code == 0, answer.out + answer.err
    assert answer.out.count("\n") == 1
    return answer.json


def test_show_gives_the_record(run: Run, pair: tuple[str, str]) -> None:
    record = done(run, "show", pair[0])
    assert (record["id"], record["version"], record["state"]) == (pair[0], 1, "active")
    assert record["last_name"] == "García"
    assert "García" in run("show", pair[0]).out


def test_an_id_that_is_not_there_is_refused(run: Run) -> None:
    for command in ("show", "stays", "access", "check"):
        answer = run(command, "nobody", "--json")
        assert answer.code == 1
        assert answer.json == {
            "error": "not-found",
            "message": "There is no profile nobody; check the id.",
            "blockers": [],
            "what": "profile",
            "id": "nobody",
        }
    answer = run("show", "nobody")
    assert (answer.code, answer.out) == (1, "")
    assert "not-found" in answer.err
    assert "Traceback" not in answer.err


def test_search_gives_a_page_with_a_cursor(run: Run, pair: tuple[str, str]) -> None:
    first = done(run, "search", "garc", "--limit", "1")
    assert len(first["items"]) == 1
    second = done(run, "search", "garc", "--limit", "1", "--cursor", first["next"])
    assert second["next"] is None
    assert {r["id"] for r in first["items"] + second["items"]} == set(pair)
    assert all({"id", "version", "state"} <= r.keys() for r in first["items"])


@pytest.mark.parametrize(
    "filters",
    [
        ("--tag", "vip"),
        ("--class", "important"),
        ("--category", "gold"),
        ("--source", "web"),
        ("--external-id", "pms:G1"),
        ("ANA", "garcia", "--tag", "vip"),
    ],
)
def test_search_filters(run: Run, pair: tuple[str, str], filters: tuple[str, ...]) -> None:
    assert [r["id"] for r in done(run, "search", *filters)["items"]] == [pair[0]]


def test_search_finds_nobody_plainly(run: Run) -> None:
    assert done(run, "search", "zzz") == {"items": [], "next": None}
    assert "Nobody is found" in run("search", "zzz").out


def test_search_by_state(run: Run, engine: Engine, pair: tuple[str, str]) -> None:
    engine.merge(engine.plan_merge(*pair[:1], [pair[1]]))
    assert [r["id"] for r in done(run, "search", "--state", "merged")["items"]] == [pair[1]]


@pytest.mark.parametrize(
    "options",
    [
        ("--limit", "0"),
        ("--limit", "501"),
        ("--class", "x"),
        ("--state", "x"),
        ("--external-id", "x"),
    ],
)
def test_a_wrong_filter_is_wrong_usage(run: Run, options: tuple[str, ...]) -> None:
    answer = run("search", "a", *options, "--json")
    assert (answer.code, answer.json["error"]) == (2, "usage")


def test_a_cursor_of_elsewhere_is_refused(run: Run) -> None:
    assert run("search", "a", "--cursor", "xxxx").code == 1


def test_stays_are_listed_by_arrival(run: Run, engine: Engine, pair: tuple[str, str]) -> None:
    for arrival in (date(2025, 5, 1), date(2024, 5, 1)):
        engine.record_stay(
            pair[0], {"property_id": "P1", "arrival": arrival, "reference": str(arrival.year)}
        )
    items = done(run, "stays", pair[0])["items"]
    assert [s["arrival"] for s in items] == ["2024-05-01", "2025-05-01"]
    assert {"id", "version", "property_id", "status", "nights", "reference"} <= items[0].keys()
    assert "2024-05-01" in run("stays", pair[0]).out


def test_merge_gives_the_id_that_unmerge_takes(run: Run, pair: tuple[str, str]) -> None:
    plan = done(run, "merge", *pair, "--choose", f"last_name={pair[1]}", "--dry-run")
    chosen = next(f for f in plan["fields"] if f["field"] == "last_name")
    assert (chosen["value"], chosen["reason"]) == ("Garcia", "choice")
    assert [c["value"] for c in chosen["candidates"]] == ["García", "Garcia"]
    assert plan["blockers"] == []
    assert done(run, "show", pair[0])["version"] == 1

    merge = done(run, "merge", *pair, "--choose", f"last_name={pair[1]}")
    assert (merge["survivor_id"], merge["loser_ids"]) == (pair[0], [pair[1]])
    assert done(run, "show", pair[1])["id"] == pair[0]
    assert done(run, "merge", *pair)["id"] == merge["id"]

    undone = done(run, "unmerge", merge["id"])
    assert (undone["id"], undone["exact"], undone["kept"]) == (merge["id"], True, [])
    assert undone["survivor"]["last_name"] == "García"
    assert [p["id"] for p in undone["restored"]] == [pair[1]]


def test_people_see_the_plan_as_a_table(run: Run, pair: tuple[str, str]) -> None:
    shown = run("merge", *pair, "--dry-run").out
    assert "survivor" in shown
    assert "union" in shown
    merged = run("merge", *pair).out
    assert "profilecore unmerge" in merged
    assert "stands alone again" in run("unmerge", merged.split()[-1]).out


def test_a_blocked_merge_is_refused_with_its_blockers(run: Run, pair: tuple[str, str]) -> None:
    answer = run("merge", pair[0], pair[0], "--json")
    assert (answer.code, answer.json["error"]) == (1, "merge-blocked")
    assert [b["code"] for b in answer.json["blockers"]] == ["merge-with-itself"]
    plan = run("merge", pair[0], pair[0], "--dry-run", "--json")
    assert (plan.code, len(plan.json["blockers"])) == (1, 1)
    assert run("merge", *pair, "--choose", "x").code == 2
    assert run("merge", *pair, "--choose", f"x={pair[0]}").code == 1
    assert run("merge", pair[0]).code == 2


def test_a_hold_blocks_a_clear_until_it_is_released(run: Run, pair: tuple[str, str]) -> None:
    place = (
        "hold", "place", pair[0], "--kind", "open-bill", "--property", "P2", "--ref", "bill 17",
        "--expected", "2030-01-02",
    )  # fmt: skip
    hold = done(run, *place)
    assert (hold["kind"], hold["property_id"], hold["ref"]) == ("open-bill", "P2", "bill 17")
    assert (hold["expected_on"], hold["state"]) == ("2030-01-02", "open")
    assert [h["id"] for h in done(run, "hold", "list", pair[0])["items"]] == [hold["id"]]

    answer = run("clear", pair[0], "--yes", "--json")
    assert (answer.code, answer.json["error"]) == (1, "clear-blocked")
    assert answer.json["blockers"] == [
        {
            "code": "open-bill",
            "message": "A hold (open-bill) is open.",
            "property_id": "P2",
            "ref": "bill 17",
            "expected_on": "2030-01-02",
        }
    ]
    plan = run("clear", pair[0], "--dry-run", "--json")
    assert (plan.code, plan.json["blockers"][0]["ref"]) == (1, "bill 17")
    said = run("clear", pair[0], "--yes").err
    assert "bill 17" in said
    assert "2030-01-02" in said

    elsewhere = run("--property", "P1", "clear", pair[0], "--yes", "--json")
    assert elsewhere.json["blockers"][0]["code"] == "other-property"
    assert "P2" not in elsewhere.out
    assert run("hold", "release", hold["id"], "--property", "P1").code == 1

    assert done(run, "hold", "release", hold["id"])["state"] == "released"
    receipt = done(run, "clear", pair[0], "--yes", "--reason", "asked")
    assert (receipt["profile_id"], receipt["reason"]) == (pair[0], "asked")
    assert receipt["status"] in ("erased", "pending")


def test_a_clear_shows_its_plan_first(run: Run, pair: tuple[str, str]) -> None:
    plan = done(run, "clear", pair[0], "--dry-run")
    assert (plan["profile_id"], plan["family"]) == (pair[0], [pair[0]])
    assert "emails" in plan["fields"]
    assert plan["blockers"] == []
    assert "emails" in run("clear", pair[0], "--dry-run").out
    assert done(run, "show", pair[0])["state"] == "active"


def test_without_a_terminal_a_clear_needs_yes(run: Run, pair: tuple[str, str]) -> None:
    answer = run("clear", pair[0], "--json")
    assert (answer.code, answer.json["error"]) == (2, "usage")
    assert "--yes" in run("clear", pair[0]).err
    assert done(run, "show", pair[0])["state"] == "active"


def test_a_cleared_person_keeps_the_receipt_and_takes_no_change(
    run: Run, pair: tuple[str, str]
) -> None:
    receipt = done(run, "clear", pair[0], "--yes")
    assert done(run, "clear", pair[0], "--yes")["id"] == receipt["id"]
    assert done(run, "show", pair[0])["state"] == "cleared"
    assert [r["id"] for r in done(run, "search", "--state", "cleared")["items"]] == [pair[0]]
    answer = run("update", pair[0], "last_name=A", "--json")
    assert (answer.code, answer.json["error"]) == (1, "profile-cleared")
    assert done(run, "scrub") == {"erased": 0}


def test_access_gives_everything_held(run: Run, pair: tuple[str, str]) -> None:
    held = done(run, "access", pair[0])
    assert held["profile"]["last_name"] == "García"
    assert {"documents", "consents", "merged_profiles", "elsewhere"} <= held.keys()
    again = msgspec.json.decode(run("access", pair[0]).out)
    assert again | {"made_at": held["made_at"]} == held


def test_check_ends_with_one_if_anything_is_missing(run: Run, pair: tuple[str, str]) -> None:
    answer = run("check", pair[0], "--json")
    assert answer.code == 1
    assert {"path", "code", "message", "supplier"} <= answer.json["items"][0].keys()
    assert "missing" in run("check", pair[0]).out
    assert done(run, "check", pair[0], "content") == {"items": [], "next": None}
    assert run("check", pair[0], "unheard").code == 1
    assert done(run, "check", pair[0], "--format", "content") == {"items": [], "next": None}


@pytest.mark.usefixtures("pair")
def test_reindex_tells_how_many_profiles_are_found_anew(run: Run) -> None:
    assert done(run, "reindex") == {"profiles": 2}
    assert "2 profiles are in the index." in run("reindex").out


def test_changes_go_on_behind_a_cursor(run: Run, engine: Engine, pair: tuple[str, str]) -> None:
    first = done(run, "changes")
    assert [e["type"] for e in first["items"]] == ["profile.created"] * 2
    engine.update(pair[0], {"last_name": "B"})
    later = done(run, "changes", "--after", first["next"])
    assert [(e["type"], e["fields"]) for e in later["items"]] == [
        ("profile.updated", ["last_name"])
    ]
    assert "profile.updated" in run("changes").out


def test_rules_list_one_item_a_field(run: Run) -> None:
    items = done(run, "rules")["items"]
    rule = next(item for item in items if item["field"] == "emails")
    assert rule == {
        "field": "emails",
        "merge": "union",
        "clear": "erase",
        "sensitivity": "contact",
        "search": "email",
    }
    assert "generalise" in run("rules", "stay").out


def test_plugins_are_listed(run: Run) -> None:
    answer = done(run, "plugins")
    hooks = {item["name"]: item["hooks"] for item in answer["items"]}
    assert hooks["checklist"] == ["profilecore_register_checks"]
    assert {item["status"] for item in answer["items"]} == {"loaded"}
    assert "memory" in answer["stores"]
    assert "checklist" in run("plugins").out


def test_who_acts_is_recorded(run: Run, engine: Engine) -> None:
    id = run("--actor", "desk-7", "--property", "P1", "create", "last_name=A", "--json").json["id"]
    event = engine.changes().items[-1]
    assert (event.profile_id, event.actor, event.property_id) == (id, "desk-7", "P1")


def test_a_property_does_not_see_what_is_another_s(run: Run, engine: Engine) -> None:
    with engine.acting(Actor("desk-1", "P1")):
        id = engine.create({"last_name": "A", "shared_level": "property"}).id
    assert run("show", id, "--property", "P1").code == 0
    assert run("show", id, "--property", "P2", "--json").json["error"] == "not-found"


def test_brackets_in_a_name_are_shown_as_they_are(run: Run) -> None:
    assert run("create", "last_name=A [bold]B[/bold]").code == 0
    assert "[bold]B[/bold]" in run("search", "bold").out
