"""The commands ``profilecore segments ...``."""

from __future__ import annotations

from pathlib import Path

import click

from profilecore import Profile
from profilecore.cli import Invocation
from profilecore.cli.printing import full_name, listing, say, table
from profilecore.cli.program import OK
from profilecore.model.enums import Channel
from profilecore_segments.campaigns import Campaign
from profilecore_segments.explaining import Explanation
from profilecore_segments.listing import FORMATS
from profilecore_segments.running import check_file, pointing, watching
from profilecore_segments.segments import Segments

_CHANNELS = click.Choice([c.value for c in Channel])
_NOTHING = "Interrupted; nothing was written."


@click.group()
def segments() -> None:
    """Choose people by an expression, as 'tag = vip and nationality in (ES, PT)'.

    Where a SEGMENT is asked for, the name of a saved one or an expression is given.
    """


@segments.command()
@click.argument("name")
@click.argument("expression")
@click.option("--description", default="", metavar="TEXT", help="What it is for.")
@click.pass_obj
def define(invocation: Invocation, name: str, expression: str, description: str) -> int:
    """Save an expression under a name, or change the one that has it."""
    with pointing(invocation, expression):
        made = Segments(invocation.engine).define(name, expression, description)
    invocation.answer(made, lambda: say(f"{made.name}: {made.expression}"))
    return OK


@segments.command()
@click.argument("name")
@click.pass_obj
def drop(invocation: Invocation, name: str) -> int:
    """Delete a saved segment; whoever is in it leaves it."""
    verbs = Segments(invocation.engine)
    gone = verbs.get(name)
    verbs.drop(name)
    invocation.answer({"dropped": gone.name}, lambda: say(f"{gone.name} is gone."))
    return OK


@segments.command("list")
@click.pass_obj
def listed(invocation: Invocation) -> int:
    """Show the saved segments."""
    found = Segments(invocation.engine).list()
    rows = [(each.name, each.expression, each.description) for each in found]
    invocation.answer(listing(found), lambda: table(("name", "expression", "description"), rows))
    return OK


@segments.command()
@click.argument("segment")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, help="So many at most; 20.")
@click.option("--cursor", metavar="C", help="Go on behind an earlier page.")
@click.pass_obj
def members(invocation: Invocation, segment: str, limit: int, cursor: str | None) -> int:
    """Show who is in a segment, page by page."""
    engine = invocation.engine
    with pointing(invocation, segment):
        page = Segments(engine).members(segment, limit=limit, cursor=cursor)
    people = [engine.get(id) for id in page.items]

    def show() -> None:
        table(("id", "name", "tags"), map(_row, people))
        if page.next is not None:
            say(f"More with --cursor {page.next}")

    invocation.answer(listing(page.items, page.next), show)
    return OK


def _row(profile: Profile) -> tuple[str, str, str]:
    return profile.id, full_name(profile), ", ".join(profile.tags)


@segments.command()
@click.argument("segment")
@click.pass_obj
def count(invocation: Invocation, segment: str) -> int:
    """Count who is in a segment."""
    with (
        pointing(invocation, segment),
        watching(invocation, "Interrupted; nothing was counted.") as (verbs, watch),
    ):
        number = verbs.count(segment, watch)
    invocation.answer({"count": number}, lambda: say(f"{number:,}"))
    return OK


@segments.command()
@click.argument("segment")
@click.pass_obj
def explain(invocation: Invocation, segment: str) -> int:
    """Show which way the members are found, and why not a faster one."""
    with pointing(invocation, segment):
        found = Segments(invocation.engine).explain(segment)
    invocation.answer(found, lambda: _show_explanation(found))
    return OK


def _show_explanation(found: Explanation) -> None:
    say(found.expression)
    say(f"{found.route.value}: {found.says}")
    rows = [(comparison, "in the index") for comparison in found.by_index]
    rows += [(reason.comparison, reason.why) for reason in found.read]
    table(("comparison", "how"), rows)


@segments.command()
@click.argument("name")
@click.pass_obj
def refresh(invocation: Invocation, name: str) -> int:
    """Note who joined and who left a saved segment since the last time."""
    stopped = "Interrupted between two batches; the same command goes on with the others."
    with watching(invocation, stopped) as (verbs, watch):
        done = verbs.refresh(name, watch)
    told = f"{done.members:,} members: {done.joined:,} joined and {done.left:,} left."
    invocation.answer(done, lambda: say(told))
    return OK


@segments.command()
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 1_000), default=20, help="So many at most; 20.")
@click.option("--cursor", metavar="C", default="0", help="Go on behind an earlier page.")
@click.pass_obj
def changes(invocation: Invocation, name: str, limit: int, cursor: str) -> int:
    """Show who joined and who left a segment, as far as it was refreshed, the oldest first."""
    verbs = Segments(invocation.engine)
    page = verbs.changes(cursor, limit, name)
    if not page.items:
        verbs.get(name)  # that nobody moved is not that there is no such segment

    def show() -> None:
        rows = [(m.at, m.profile_id, "joined" if m.joined else "left") for m in page.items]
        table(("at", "id", "what"), rows)
        if len(page.items) == limit:
            say(f"More with --cursor {page.next}")

    invocation.answer(listing(page.items, page.next), show)
    return OK


@segments.command()
@click.argument("segment")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--channel", required=True, type=_CHANNELS, help="How they are reached.")
@click.option("--purpose", required=True, metavar="P", help="What they must have agreed to.")
@click.option("--format", type=click.Choice(FORMATS), default="csv", help="csv if not given.")
@click.option("--force", is_flag=True, help="Write over FILE.")
@click.pass_obj
def export(
    invocation: Invocation,
    segment: str,
    file: Path,
    channel: str,
    purpose: str,
    format: str,
    force: bool,
) -> int:
    """Write a campaign list of those members who agree to it now, and record that it was made."""
    check_file(file, force=force)
    with pointing(invocation, segment), watching(invocation, _NOTHING) as (verbs, watch):
        made = verbs.export(
            segment, file, channel=channel, purpose=purpose, format=format, force=force, watch=watch
        )
    invocation.answer(made, lambda: _show_campaign(made, file))
    return OK


def _show_campaign(made: Campaign, file: Path) -> None:
    say(f"{made.count:,} people written to {file}; campaign {made.id}.")
    for reason, number in made.left_out.items():
        say(f"{number:,} left out: {reason}.")
