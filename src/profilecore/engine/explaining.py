"""What is held of a person until when, by which law, and when a clear may or must take place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from profilecore.engine.clearing import receipt_of, work_out
from profilecore.engine.deciding import time_up
from profilecore.engine.kernel import Kernel
from profilecore.engine.persons import all_stays, person, record_of
from profilecore.errors import Blocker
from profilecore.model.documents import Held
from profilecore.model.enums import State
from profilecore.rules.clearing import blockers_for
from profilecore.rules.inactivity import INACTIVITY
from profilecore.rules.retention import RetentionRule
from profilecore.rules.visibility import may_see
from profilecore.values import frozen


@frozen
class Explanation:
    """How things stand with the clear of a person.

    ``held`` is what a clear now would keep, or what the last one kept; ``rules`` are the rules
    of retention that hold it.  ``blockers`` are the reasons why no clear may take place now.
    ``complete_on`` is the first day on which a clear leaves nothing, ``None`` while a hold without
    a date keeps something or a blocker without a date stands in the way.  From ``due_on`` on the
    person is cleared by ``due_by`` (``inactivity`` or a rule); ``announced`` is the last day of a
    warning that was given; ``last_sign`` is the last day on which the guest was active.
    ``remains`` says where values may outlive the clear of a cleared person on a store that cannot
    erase, until ``remains_until`` at the latest.

    An actor of a property is not told the days of what another property keeps to itself: then
    ``complete_on``, ``last_sign`` and, for inactivity, ``due_on`` are ``None``.
    """

    profile_id: str
    state: State
    held: tuple[Held, ...] = ()
    rules: tuple[RetentionRule, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    complete_on: date | None = None
    due_on: date | None = None
    due_by: str | None = None
    announced: date | None = None
    last_sign: date | None = None
    remains: str = ""
    remains_until: date | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The same in sentences, in the order in which a person asks."""
        return tuple(_words(self))


def explain(kernel: Kernel, id: str) -> Explanation:
    with kernel.reading() as reader:
        one = person(kernel, reader, id)
        root, now, actor = one.root, kernel.now(), kernel.actor
        if root.state is State.CLEARED:
            left = receipt_of(kernel, reader, root)
            return Explanation(
                root.id, root.state, remains=left.remains, remains_until=left.remains_until
            )
    record = record_of(kernel, one, all_stays(kernel, one))
    made = work_out(kernel, one, now, record)
    held = tuple(h for h in made.held if may_see(h.property_id, actor))
    blockers = blockers_for(made.blockers, actor)
    # Another property's blocker comes without its date, and so has none here.
    complete_on = _complete_on(held, blockers, kernel.today(now)(None))
    names = {h.rule for h in held}
    is_active = root.state is State.ACTIVE
    end = time_up(kernel, record) if is_active else None
    sign = record.sign if is_active else None
    if sign is not None and not may_see(sign.property_id, actor):
        sign = None
        # It would tell the day.
        end = None if end is not None and end.by == INACTIVITY else end
    return Explanation(
        root.id,
        root.state,
        held,
        tuple(rule for rule in kernel.retention.rules if rule.name in names),
        blockers,
        complete_on if len(held) == len(made.held) else None,
        None if end is None else _day_after(end.last_day),
        None if end is None else end.by,
        None if one.notice is None else one.notice.until,
        None if sign is None else sign.day,
    )


def _complete_on(held: Sequence[Held], blockers: Sequence[Blocker], today: date) -> date | None:
    days = [today]
    for each in held:
        if each.until is None:
            return None
        days.append(_day_after(each.until))
    for blocker in blockers:
        try:
            expected = date.fromisoformat(blocker.expected_on or "")
        except (ValueError, TypeError):  # what a plugin says
            return None
        if expected < today:
            return None  # it should have been lifted, and was not
        days.append(_day_after(expected))
    return max(days)


def _day_after(day: date) -> date:
    # Some write the last day of all for "never".
    return min(day, date.max - timedelta(days=1)) + timedelta(days=1)


def _words_of_a_cleared(explained: Explanation) -> Iterator[str]:
    yield "This person was cleared; nothing is kept but the tombstone and the receipt."
    if explained.remains:
        yield explained.remains
    if explained.remains_until is not None:
        yield f"That lasts until the end of {explained.remains_until}."


def _words(explained: Explanation) -> Iterator[str]:
    if explained.state is State.CLEARED:
        yield from _words_of_a_cleared(explained)
        return
    is_restricted = explained.state is State.RESTRICTED
    if is_restricted:
        yield "This person was cleared but for what the law or a legal hold keeps."
    if explained.blockers:
        yield "The end of that is refused now:" if is_restricted else "A clear is refused now:"
        for blocker in explained.blockers:
            lifts = (
                f" It is expected to lift on {blocker.expected_on}." if blocker.expected_on else ""
            )
            yield f"- {blocker.code}: {blocker.message}{lifts}"
    elif not is_restricted:
        yield "A clear is possible now."
    laws = {rule.name: rule.legal_basis for rule in explained.rules}
    for held in explained.held:
        what = "the profile's" if held.id is None else f"{held.kind} {held.id}:"
        which = ", ".join(held.fields) or "all of it"
        law = f" ({laws[held.rule]})" if held.rule in laws else ""
        until = "it is released" if held.until is None else f"the end of {held.until}"
        yield f"- {held.rule}{law} keeps {what} {which}, until {until}."
    if explained.complete_on is None:
        yield "Until that is lifted, a clear cannot leave nothing."
    elif explained.held or explained.blockers:
        yield f"From {explained.complete_on} on, as things stand, a clear leaves nothing."
    if explained.last_sign is not None:
        yield f"The last sign of the guest was on {explained.last_sign}."
    if explained.due_on is not None:
        by = (
            "for inactivity" if explained.due_by == INACTIVITY else f"as {explained.due_by} demands"
        )
        yield f"The clear takes place by itself {by} from {explained.due_on} on."
    if explained.announced is not None:
        yield f"It was announced, and waits until the end of {explained.announced}."
