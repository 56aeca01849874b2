"""The command ``profilecore stats``: a table, JSON, or a page with charts."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from profilecore.cli import Invocation
from profilecore.cli.printing import say, table
from profilecore.cli.program import OK
from profilecore_segments.figures import Dimension, Figures, Statistics
from profilecore_segments.page import heads_of, page, row_of, title_of
from profilecore_segments.running import check_file, watching

_DAY = click.DateTime(["%Y-%m-%d"])
_LEAST = click.IntRange(1)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("dimension", type=click.Choice([d.value for d in Dimension]))
@click.option("--from", "start", type=_DAY, metavar="DAY", help="Arrivals from this day on.")
@click.option("--to", "end", type=_DAY, metavar="DAY", help="Arrivals up to this day.")
@click.option("--min-group", type=_LEAST, default=1, metavar="N", help="Hide smaller groups.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write a page with charts too.")
@click.option("--force", is_flag=True, help="Write over FILE.")
@click.pass_obj
def stats(
    invocation: Invocation,
    dimension: str,
    start: datetime | None,
    end: datetime | None,
    min_group: int,
    html: Path | None,
    force: bool,
) -> int:
    """Show guests, bookings, nights, first stays and repeat rate by one dimension.

    What leaves the house should say --min-group: small groups are hidden then, those that all but
    a few guests are in, and one more, so that no total gives them away.
    """
    if html is not None:
        check_file(html, force=force)
    elif force:
        raise click.UsageError("--force goes with --html.")
    with watching(invocation, "Interrupted; nothing was counted.") as (segments, watch):
        made = segments.statistics(
            dimension, since=_day(start), until=_day(end), min_group=min_group, watch=watch
        )
    if html is not None:
        html.write_text(page(made), encoding="utf-8")
    invocation.answer(_plain(made), lambda: _show(made, html))
    return OK


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None


def _show(made: Statistics, html: Path | None) -> None:
    say(title_of(made))
    heads = heads_of(made)
    rows = [(group.label, *row_of(group.figures, heads)) for group in made.groups]
    if made.total is not None:
        rows.append(("all", *row_of(made.total, heads)))
    table((made.dimension.value, *heads), rows)
    if html is not None:
        say(f"Written: {html}")


def _plain(made: Statistics) -> dict[str, Any]:
    groups = [
        {"code": g.code, "label": g.label, "hidden": g.figures is None, **_figures(g.figures)}
        for g in made.groups
    ]
    return {
        "dimension": made.dimension.value,
        "since": made.since,
        "until": made.until,
        "min_group": made.min_group,
        "made_at": made.made_at.isoformat(),
        "groups": groups,
        "total": _figures(made.total) or None,
    }


def _figures(figures: Figures | None) -> dict[str, Any]:
    if figures is None:
        return {}
    return {
        "guests": figures.guests,
        "bookings": figures.bookings,
        "nights": figures.nights,
        "first_stays": figures.first_stays,
        "repeat_guests": figures.repeat_guests,
        "repeat_rate": figures.repeat_rate,
        "revenue": dict(figures.revenue),
    }
