"""The command that clears whom time is up for."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from profilecore.cli.invocation import DEFAULT_CONFIG, Invocation
from profilecore.cli.printing import say, table, tree
from profilecore.cli.program import OK, REFUSED, Interrupted
from profilecore.cli.waiting import progress, stoppable
from profilecore.engine.due import MAX_LIMIT, UNCONFIRMED

if TYPE_CHECKING:
    from profilecore.engine.due import DueReport

SHOWN_IDS = 20


class Moment(click.ParamType[date | datetime]):
    """A day, or a time with its zone."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> date | datetime:
        """Read it as the ISO standard writes it."""
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]  # converted already
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            self.fail("must be a day or a time, as 2027-03-01 or 2027-03-01T06:00+01:00", param)
        if read.tzinfo is None:
            self.fail("must have a time zone, as 2027-03-01T06:00+01:00 or ...Z", param)
        return read


@click.command("clear-due")
@click.option("--as-of", type=Moment(), metavar="D", help="A day, or a time with its zone; now.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and change nothing.")
@click.option(
    "--limit",
    type=click.IntRange(1, MAX_LIMIT),
    default=1_000,
    show_default=True,
    metavar="N",
    help="Clear or warn at most so many people.",
)
@click.option("--confirm", is_flag=True, help="Go on although many are due at once.")
@click.pass_obj
def clear_due(
    invocation: Invocation,
    as_of: date | datetime | None,
    dry_run: bool,
    limit: int,
    confirm: bool,
) -> int:
    """Clear whom time is up for: by the policy, or by the law.

    That is who was away for longer than the policy of inactivity allows, whom a retention rule
    wants gone, and what an earlier clear had to keep and need not keep any longer.  Have a
    scheduler call it daily.  Interrupted, or ended by the limit, the same command goes on.

    Ends with 1 if too many are due at once and nobody has confirmed it.
    """
    report = _run(invocation, as_of, dry_run, limit, confirm)
    policy_is_on = invocation.engine.settings.inactivity.is_on
    answer = {**tree(report), "policy_is_on": policy_is_on}
    file = invocation.config_file or DEFAULT_CONFIG
    invocation.answer(answer, lambda: _show(report, limit, None if policy_is_on else str(file)))
    waits = report.needs_confirmation and not (dry_run and confirm)
    return REFUSED if waits else OK


def _run(
    invocation: Invocation, as_of: date | datetime | None, dry_run: bool, limit: int, confirm: bool
) -> DueReport:
    engine = invocation.engine
    so_far: tuple[DueReport | None, int] = (None, 0)
    with stoppable() as allow_stop, progress() as show:

        def told(report: DueReport, seen: int) -> None:
            nonlocal so_far
            so_far = (report, seen)
            show(f"{seen} looked at, {report.cleared + report.finished} cleared", seen, None)
            if invocation.watch is not None:
                invocation.watch(report)
            allow_stop()

        try:
            return engine.clear_due(
                as_of, limit=limit, dry_run=dry_run, confirm=confirm, watch=told
            )
        except KeyboardInterrupt:
            raise Interrupted(_interrupted(*so_far)) from None


def _interrupted(report: DueReport | None, seen: int) -> dict[str, Any]:
    done = 0 if report is None or report.dry_run else report.cleared + report.finished
    message = f"Interrupted: {seen} people looked at, {done} cleared; the same command goes on."
    if done:
        message += " The next run finishes their bytes too, or at once: profilecore scrub"
    return {"error": "interrupted", "message": message, "seen": seen, "done": done}


def _show(report: DueReport, limit: int, switch_on_in: str | None) -> None:
    what = "would be done" if report.dry_run else "was done"
    say(f"As of {report.as_of:%Y-%m-%d %H:%M %Z} this {what}:")
    table(("", ""), _rows(report))
    if report.dry_run:
        _show_ids(report.ids)
    if switch_on_in is not None:
        say(
            "The policy of inactivity is off: nobody is cleared for having been away. To switch "
            f"it on, set after_days under [profilecore.inactivity] in {switch_on_in}."
        )
    if report.more:
        say(f"There are more: the limit of {limit} ended this run; the same command goes on.")
    if report.needs_confirmation:
        _ask(report)


def _rows(report: DueReport) -> list[tuple[str, int]]:
    counts = [
        ("people cleared", report.cleared),
        ("  of them with something kept", report.restricted),
        ("finished: what was kept may go", report.finished),
        ("announced", report.announced),
        ("announcements withdrawn", report.withdrawn),
        ("documents expired", report.expired),
    ]
    blocked = [
        (f"blocked by {code}", count)
        for code, count in sorted(report.blocked.items())
        if code != UNCONFIRMED
    ]
    return [counts[0], *((name, count) for name, count in counts[1:] + blocked if count)]


def _show_ids(ids: tuple[str, ...]) -> None:
    for id in ids[:SHOWN_IDS]:
        say(f"  {id}")
    if len(ids) > SHOWN_IDS:
        say(f"  and others; --json lists the first {len(ids)}")


def _ask(report: DueReport) -> None:
    due = f"{report.due} of {report.active} active people, more than first_share allows"
    if report.dry_run:
        say(f"A run asks for a confirmation first. Due at once: {due}.")
    else:
        say(
            "Nobody active was cleared. Due at once, since the policy was switched on or changed: "
            f"{due}. See who with --dry-run."
        )
    say("To confirm: profilecore clear-due --confirm")
