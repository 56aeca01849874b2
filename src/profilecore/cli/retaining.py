"""Commands on what must be kept, and until when: of one person, and by the rules in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from profilecore.cli.invocation import Invocation
from profilecore.cli.printing import listing, say, table, tree
from profilecore.cli.program import OK, REFUSED
from profilecore.cli.waiting import progress
from profilecore.engine.retaining import Standing
from profilecore.rules.periods import parts_of
from profilecore.rules.retention import PROFILE, Clock, Trust

if TYPE_CHECKING:
    from profilecore.engine.explaining import Explanation
    from profilecore.engine.retaining import Finding, KnownRule
    from profilecore.rules.retention import RetentionRule


@click.command()
@click.argument("profile_id", metavar="ID")
@click.pass_obj
def explain(invocation: Invocation, profile_id: str) -> None:
    """Tell what the law or a legal hold keeps of a person.

    By which rule and until when, what blocks a clear now, and from when on a clear leaves
    nothing or takes place by itself.
    """
    told = invocation.engine.explain(profile_id)
    invocation.answer(_explanation(told), lambda: say("\n".join(told.words)))


def _explanation(told: Explanation) -> dict[str, Any]:
    """Give the explanation as data: each thing held with the law that holds it."""
    rules = {rule.name: rule for rule in told.rules}
    held = [{**tree(each), **_law(rules.get(each.rule))} for each in told.held]
    whole = {name: value for name, value in tree(told).items() if name != "rules"}
    return {**whole, "held": held, "words": list(told.words)}


def _law(rule: RetentionRule | None) -> dict[str, Any]:
    """Give what a rule says of itself; of a legal hold there is nothing to say."""
    names = ("country", "legal_basis", "source", "trust")
    return {name: None if rule is None else getattr(rule, name) for name in names}


@click.group()
def retention() -> None:
    """Show and check the retention rules."""


@retention.command("list")
@click.option("--all", "all_", is_flag=True, help="Those that are off too.")
@click.pass_obj
def list_(invocation: Invocation, all_: bool) -> None:
    """List the retention rules in force: what a clear must leave, until when, by which law."""
    known = invocation.engine.retention_rules()
    shown = [each for each in known if all_ or each.in_force]

    def out() -> None:
        for each in shown:
            _show_rule(each)
        if off := len(known) - len(shown):
            say(f"{off} more are off; add --all to see them.")

    invocation.answer(listing(_record(each) for each in shown), out)


def _record(known: KnownRule) -> dict[str, Any]:
    return {
        **tree(known.rule),
        "in_force": known.in_force,
        "standing": known.standing,
        "properties": known.properties,
    }


def _show_rule(known: KnownRule) -> None:
    rule = known.rule
    say(f"{rule.name}: {_STANDING[known.standing]}")
    rows = [
        ("  country", rule.country or "any"),
        ("  properties", ", ".join(known.properties) or ("none" if known.needs_property else "")),
        ("  runs from", _clock(rule)),
        ("  at least", _period(rule.minimum)),
        ("  keeps", _kept(rule)),
        ("  at most", _longest(rule)),
        ("  of", "foreigners only" if rule.foreigners_only else ""),
        ("  holds", _effective(rule)),
        ("  legal basis", rule.legal_basis),
        ("  source", rule.source),
        ("  trust", _trust(rule)),
    ]
    table(("", ""), [row for row in rows if row[1]])


_STANDING = {
    Standing.REGISTERED: "in force",
    Standing.OWN: "in force, the chain's own",
    Standing.SWITCHED_ON: "in force, switched on by name",
    Standing.SWITCHED_OFF: "off, switched off by name",
    Standing.UNVERIFIED: "off, unverified",
}
_CLOCK = {
    Clock.CHECKOUT: "the departure",
    Clock.ENTRY: "the arrival",
    Clock.FISCAL_YEAR_END: "the end of the business year",
    Clock.LAST_ACTIVITY: "the last sign of the guest",
    Clock.CONSENT_END: "the end of the last consent",
}
_TRUST = {
    Trust.LAW: "read in the law",
    Trust.OFFICIAL: "read in an official paper",
    Trust.UNVERIFIED: "unverified: nobody has read the law for it",
}


def _clock(rule: RetentionRule) -> str:
    """Say from when it runs; a record of a kind has a day of its own."""
    of_records = not rule.fields and rule.record_kind != PROFILE
    if of_records and rule.clock in (Clock.CHECKOUT, Clock.ENTRY):
        return f"the day of the {rule.record_kind}"
    return _CLOCK[rule.clock]


def _period(period: str | None) -> str:
    if period is None:
        return ""
    named = zip(parts_of(period), ("year", "month", "day"), strict=True)
    return " ".join(f"{n} {name}{'s' if n > 1 else ''}" for n, name in named if n)


def _longest(rule: RetentionRule) -> str:
    if rule.maximum is None:
        return ""
    of = "the whole person" if rule.record_kind == PROFILE else rule.record_kind
    return f"{_period(rule.maximum)} ({of})"


def _kept(rule: RetentionRule) -> str:
    if rule.minimum is None:
        return ""
    return ", ".join(rule.fields) or f"{rule.record_kind}, all of it"


def _trust(rule: RetentionRule) -> str:
    """Say how sure the rule is; one of the chain's own may not be about a law at all."""
    by_law = rule.legal_basis or rule.trust is not Trust.LAW
    return _TRUST[rule.trust] if by_law else ""


def _effective(rule: RetentionRule) -> str:
    """Say of what days the rule is true; nothing if of all."""
    begins = f"from {rule.valid_from} " if rule.valid_from else ""
    ends = f"to {rule.valid_to}" if rule.valid_to else ""
    return f"for what happened {begins}{ends}".rstrip() if begins or ends else ""


@retention.command("check")
@click.pass_obj
def check_(invocation: Invocation) -> int:
    """Tell what is wrong or open in the settings.

    It goes through all stays, so that no property is forgotten whose country decides by which
    law its guests' data are kept.  Ends with 1 if anything is wrong.
    """
    with progress() as show:

        def told(seen: int, everybody: int) -> None:
            show("going through all stays", seen, everybody)
            if invocation.watch is not None:
                invocation.watch(seen)

        findings = invocation.engine.check_retention(told)
    wrong = [finding for finding in findings if finding.is_wrong]

    def out() -> None:
        _show_findings("Wrong:", wrong)
        _show_findings("Open:", (f for f in findings if not f.is_wrong))
        if not findings:
            say("Nothing is wrong, and nothing open.")

    invocation.answer(listing(findings), out)
    return REFUSED if wrong else OK


def _show_findings(head: str, findings: Iterable[Finding]) -> None:
    for line in _lines(head, findings):
        say(line)


def _lines(head: str, findings: Iterable[Finding]) -> Iterator[str]:
    for number, finding in enumerate(findings):
        if number == 0:
            yield head
        yield f"- {finding.message}"
