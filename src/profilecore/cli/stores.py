"""Commands on the store as a whole and the rules in force."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import click

from profilecore.cli.invocation import CURSOR, Invocation
from profilecore.cli.printing import listing, say, table
from profilecore.cli.waiting import Count, progress
from profilecore.model.fields import rule_table
from profilecore.model.profile import Profile
from profilecore.model.stay import Stay
from profilecore.store.opening import GROUP, without_password


@click.command()
@click.pass_obj
def init(invocation: Invocation) -> None:
    """Make a new, empty store; one that exists is left as it is."""
    path = invocation.file
    existed = path is not None and path.exists()
    store = invocation.open(create=True).store
    url = without_password(invocation.store)
    answer = {
        "store": url,
        "created": not existed,
        "files": [str(path) for path in store.files()],
    }
    said = "exists already" if existed else "is ready"
    invocation.answer(answer, lambda: say(f"The store {url} {said}."))


@click.command()
@click.option("--after", type=CURSOR, default=0, metavar="N", help="Only behind this.")
@click.option("--limit", type=click.IntRange(1), default=500, metavar="N")
@click.pass_obj
def changes(invocation: Invocation, after: int, limit: int) -> None:
    """List what happened, in order: ids and field names, never values."""
    page = invocation.engine.changes(after, limit=limit)
    rows = (
        (e.seq, f"{e.at:%m-%d %H:%M}", e.type, e.profile_id, e.actor, ", ".join(e.fields))
        for e in page.items
    )
    head = ("seq", "at", "what", "profile", "actor", "fields")
    invocation.answer(listing(page.items, page.next), lambda: table(head, rows))


@click.command()
@click.pass_obj
def reindex(invocation: Invocation) -> None:
    """Make the index anew, for plugins that are younger than the profiles.

    Interrupted, it goes on where it stopped.
    """
    engine = invocation.engine
    with progress(Count.THINGS) as show:
        done = engine.reindex(lambda count: show("profiles", count, None))
    invocation.answer({"profiles": done}, lambda: say(f"{done:,} profiles are in the index."))


@click.command()
@click.pass_obj
def plugins(invocation: Invocation) -> None:
    """List the plugins, those that failed, and the stores that can be opened."""
    found = invocation.plugins
    commands = [str(c.name) for c in found.commands()]
    failed = {f.plugin for f in found.failures}
    items: list[dict[str, Any]] = [
        {"name": name, "status": "loaded", "hooks": found.hooks_of(name)}
        for name in found.names
        if name not in failed
    ]
    items += [
        {"name": f.plugin, "status": "failed", "hooks": [], "hook": f.hook, "problem": str(f)}
        for f in found.failures
    ]
    schemes = sorted({"memory", *(point.name for point in entry_points(group=GROUP))})
    answer = listing(items) | {"stores": schemes, "commands": sorted(commands)}

    def out() -> None:
        rows = ((i["name"], i["status"], i.get("problem") or ", ".join(i["hooks"])) for i in items)
        table(("plugin", "status", "hooks"), rows)
        say(f"Stores: {', '.join(f'{scheme}://' for scheme in schemes)}")
        if commands:
            say(f"Commands of plugins: {', '.join(sorted(commands))}")

    invocation.answer(answer, out)


@click.command()
@click.argument("record", type=click.Choice(["profile", "stay"]), default="profile")
@click.pass_obj
def rules(invocation: Invocation, record: str) -> None:
    """List how each field merges, is cleared, is protected and is found."""
    rows = list(rule_table(Profile if record == "profile" else Stay))
    invocation.answer(listing(rows), lambda: table(list(rows[0]), ([*r.values()] for r in rows)))
