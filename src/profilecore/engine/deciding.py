"""What is to become of a person now, by the chain's policy and the rules of retention."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zlib import crc32

from profilecore.engine.agenda import midnight_after
from profilecore.engine.clearing import is_done, next_end, next_look, work_out
from profilecore.engine.kernel import Kernel
from profilecore.engine.persons import Person, all_stays, holding, record_of
from profilecore.errors import ProfilecoreError, StoreError
from profilecore.model.documents import Held, Notice
from profilecore.model.enums import State
from profilecore.model.fields import evolve
from profilecore.rules.clearing import ClearPlan
from profilecore.rules.inactivity import INACTIVITY, quiet_until
from profilecore.rules.retention import Dated, LastSign, Record
from profilecore.values import frozen

# Everybody is looked at so often at least, for what may have changed meanwhile: a residence, a
# classification, an unmerge.  Not all on one day.
DAYS_BETWEEN_LOOKS = (60, 120)


@frozen
class Decision:
    """What becomes of one person now, and when to look again (``None``: never).

    ``what`` is ``later``, ``announce``, ``withdraw`` (the warning), ``clear``, ``finish``,
    ``blocked`` or ``skip``.
    """

    what: str
    again: datetime | None = None
    plan: ClearPlan | None = None
    reason: str | None = None
    last_day: date | None = None
    codes: tuple[str, ...] = ()
    expired: tuple[Dated, ...] = ()


@frozen
class TimeUp:
    """When a person's time is up: the moment, the last day before it, and by what."""

    at: datetime
    last_day: date
    by: str


def time_up(kernel: Kernel, record: Record) -> TimeUp | None:
    """Give when the policy or a rule clears a person as things stand; ``None`` for never."""
    return min(_ends(kernel, record), key=lambda end: end.at, default=None)


def _ends(kernel: Kernel, record: Record) -> list[TimeUp]:
    """Give when the policy clears a person, and when the first of the rules does."""
    ends: list[TimeUp] = []
    policy = kernel.settings.inactivity
    days = policy.days_for(record.profile)
    if days is not None and record.sign is not None:
        last = quiet_until(record.sign, days)
        at = midnight_after(last, kernel.zone(record.sign.property_id))
        ends.append(TimeUp(at, last, INACTIVITY))
    must = kernel.retention.must_go(record)
    if must is not None:
        at = midnight_after(must.last_day, kernel.zone(must.property_id))
        ends.append(TimeUp(at, must.last_day, must.rule.name))
    return ends


def blocked(at: datetime, codes: Iterable[str], expired: tuple[Dated, ...] = ()) -> Decision:
    """Give the decision on somebody who cannot be cleared now: to try the day after."""
    return Decision("blocked", at + timedelta(days=1), codes=tuple(codes), expired=expired)


class Decider:
    """Decides on people as of a time.

    While the policy is not ``confirmed``, whoever it would clear is skipped.
    """

    def __init__(self, kernel: Kernel, at: datetime) -> None:
        self.at = at
        self.confirmed = True
        self.looks_behind = not kernel.retention.limited.isdisjoint(kernel.kinds)
        """Whether something that is left of cleared people may have to go."""
        self._kernel = kernel
        self._policy = kernel.settings.inactivity
        # What comes to somebody between two looks must not stay for longer than it may.
        self._shortest = max(1, kernel.retention.shortest(at.date()) or DAYS_BETWEEN_LOOKS[1])

    def decide(self, one: Person, *, at_a_glance: bool = False) -> Decision:
        """Decide what becomes of a person now.

        ``at_a_glance`` tells who is due and who need not be looked at (``later``), not what stands
        in the way.
        """
        try:
            if one.root.state is State.MERGED:
                return Decision("later", self._some_time(one))
            if one.root.state is State.RESTRICTED:
                return Decision("finish") if at_a_glance else self._on_restricted(one)
            if one.root.state is State.CLEARED:
                gone, again = self._left_over(one)
                return Decision("later", again, expired=gone)
            return self._on_active(one, at_a_glance)
        except StoreError:
            raise
        except ProfilecoreError as error:
            return blocked(self.at, (error.code,))

    def _on_restricted(self, one: Person) -> Decision:
        made = work_out(self._kernel, one, self.at)
        is_over = is_done(one.root, made)
        if not is_over and not made.blockers:
            return Decision("finish", next_look(self._kernel, made), made)
        gone, again = self._left_over(one, made.held)
        if not is_over:
            return blocked(self.at, (b.code for b in made.blockers), gone)
        times = (again, next_end(self._kernel, made.held))
        return Decision("later", min(filter(None, times), default=None), expired=gone)

    def _left_over(
        self, one: Person, held: Iterable[Held] = ()
    ) -> tuple[tuple[Dated, ...], datetime | None]:
        """Give what a clear left of somebody and is to go now, and when the next of it is."""
        if not self.looks_behind:
            return (), None
        kernel = self._kernel
        record = record_of(kernel, one, all_stays(kernel, one))
        kept = {(h.kind, h.id) for h in held}
        gone = tuple(d for d in self._expired(one, record) if (d.kind, d.id) not in kept)
        times = [at for at in self._expiries(record) if at > self.at]
        return gone, min(times, default=None)

    def _on_active(self, one: Person, at_a_glance: bool) -> Decision:
        kernel = self._kernel
        stays = all_stays(kernel, one)
        record = record_of(kernel, one, stays)
        gone = self._expired(one, record)
        ends = _ends(kernel, record)
        over = [end for end in ends if end.at <= self.at]
        if not over:
            what = "later" if one.notice is None else "withdraw"
            again = self._next_look(one, record, ends)
            if at_a_glance and gone:
                again = self.at + timedelta(microseconds=1)
            return Decision(what, again, expired=gone)
        if not self.confirmed:
            return Decision("skip", expired=gone)
        # What a rule demands waits for no announcement.
        end = min(over, key=lambda end: (end.by == INACTIVITY, end.at))
        if end.by == INACTIVITY and self._policy.grace_days:
            if self._is_outdated(one.notice, record.sign):
                return Decision("withdraw", self.at, expired=gone)
            grace = self._grace(one)
            if grace is not None:
                # A rule may demand it before the days of grace are over.
                times = [grace.again, *(each.at for each in ends)]
                again = min(t for t in times if t is not None and t > self.at)
                return evolve(grace, again=again, reason=end.by, expired=gone)
        if at_a_glance:
            return Decision("clear")
        made = work_out(kernel, one, self.at, record)
        if made.blockers:
            return blocked(self.at, (b.code for b in made.blockers), gone)
        return Decision("clear", next_look(kernel, made), made, end.by, expired=gone)

    def _expired(self, one: Person, record: Record) -> tuple[Dated, ...]:
        """Give the documents whose longest time is over and that nothing keeps."""
        kernel = self._kernel
        over = kernel.retention.expired(record, kernel.today(self.at))
        if not over:
            return ()
        kept = {(h.kind, h.id) for h in holding(one)}
        return tuple(document for document, _ in over if (document.kind, document.id) not in kept)

    def _next_look(self, one: Person, record: Record, ends: Iterable[TimeUp]) -> datetime:
        """Give when something can have changed for a person whose time is not up."""
        times = [self._some_time(one), *self._expiries(record), *(end.at for end in ends)]
        return min(t for t in times if t > self.at)

    def _expiries(self, record: Record) -> list[datetime]:
        """Give when the longest times of a person's documents are over."""
        kernel = self._kernel
        return [
            midnight_after(day, kernel.zone(property_id))
            for day, property_id in kernel.retention.expiries(record, kernel.today(self.at))
        ]

    def _is_outdated(self, notice: Notice | None, sign: LastSign | None) -> bool:
        """Tell whether the guest was active after the warning, which then counts no more."""
        if notice is None or sign is None:
            return False
        return sign.day > self._kernel.today(notice.announced_at)(sign.property_id)

    def _grace(self, one: Person) -> Decision | None:
        """Give what the days of grace ask for; ``None`` once they are over.

        They run from the announcement, which is made now, also as of an earlier time.
        """
        zone = self._kernel.zone(None)
        if one.notice is None:
            announced = max(self.at, self._kernel.now())
            last = self._kernel.today(announced)(None) + timedelta(days=self._policy.grace_days)
            return Decision("announce", midnight_after(last, zone), last_day=last)
        over = midnight_after(one.notice.until, zone)
        return Decision("later", over) if over > self.at else None

    def _some_time(self, one: Person) -> datetime:
        least, most = DAYS_BETWEEN_LOOKS
        days = least + crc32(one.root.id.encode()) % (most - least)
        return self.at + timedelta(days=min(days, self._shortest))
