"""The commands ``profilecore tags ...``."""

from __future__ import annotations

import click

from profilecore.cli import Invocation
from profilecore.cli.printing import listing, say, table
from profilecore.cli.program import OK, REFUSED
from profilecore_segments.running import watching
from profilecore_segments.tagging import Renamed

_STOPPED = "Interrupted between two batches; the same command goes on with the others."


@click.group()
def tags() -> None:
    """Look after the tags of all profiles."""


@tags.command("list")
@click.option(
    "--min-group", type=click.IntRange(1), default=1, metavar="N", help="Leave out rarer tags."
)
@click.pass_obj
def listed(invocation: Invocation, min_group: int) -> int:
    """Show all tags with how many profiles have each, the most frequent first."""
    with watching(invocation, "Interrupted; nothing was changed.") as (segments, watch):
        found = segments.tags(watch, min_group=min_group)
    rows = [(each.tag, f"{each.profiles:,}") for each in found]
    invocation.answer(listing(found), lambda: table(("tag", "profiles"), rows))
    return OK


@tags.command()
@click.argument("old")
@click.argument("new")
@click.pass_obj
def rename(invocation: Invocation, old: str, new: str) -> int:
    """Give every profile the tag NEW in the place of OLD, in whatever spelling.

    Ends with 1 if nobody has it, or if a profile refused it; the others are changed.
    """
    with watching(invocation, _STOPPED) as (segments, watch):
        done = segments.rename_tag(old, new, watch)
    return _told(invocation, done)


@tags.command()
@click.argument("old", nargs=-1, required=True)
@click.option("--into", required=True, metavar="TAG", help="The tag that takes their place.")
@click.pass_obj
def merge(invocation: Invocation, old: tuple[str, ...], into: str) -> int:
    """Give every profile one tag in the place of any of several.

    Ends with 1 if nobody has any, or if a profile refused it; the others are changed.
    """
    with watching(invocation, _STOPPED) as (segments, watch):
        done = segments.merge_tags(old, into, watch)
    return _told(invocation, done)


def _told(invocation: Invocation, done: Renamed) -> int:
    def show() -> None:
        say(f"{done.changed:,} profiles changed; the run is {done.run}.")
        for refused in done.refused:
            say(f"{refused.profile_id} keeps its tags: {refused.code}.")
        for name in done.segments:
            say(f"The segment {name} asks for a tag that is gone: define it anew.")
        for name in done.unread:
            say(f"The segment {name} cannot be read: define it anew, or drop it.")

    invocation.answer(done, show)
    return REFUSED if done.refused else OK
