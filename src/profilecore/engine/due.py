"""Clear whom time is up for: the inactive by the chain's policy, the retained by the law.

Nobody is looked at who cannot be due: an agenda says when to look at whom at the earliest.  It is
made by going through all profiles once, when the policy or a rule has changed, and kept up with
those that came since.  What it says is never believed: each person is looked at anew.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from datetime import time as clock_time

import attrs

from profilecore.engine import agenda
from profilecore.engine.ahead import Ahead, Looked
from profilecore.engine.clearing import carry_out
from profilecore.engine.collecting import seldom_collected
from profilecore.engine.deciding import Decider, Decision, blocked
from profilecore.engine.kernel import Kernel
from profilecore.engine.persons import Person, people
from profilecore.engine.retaining import is_about_something
from profilecore.engine.scrubbing import owe, scrub
from profilecore.engine.unit import PROFILE, Unit
from profilecore.errors import (
    InvalidProfile,
    Problem,
    ProfilecoreError,
    ScopeDenied,
    StoreError,
    VersionConflict,
)
from profilecore.model.documents import Document, Notice
from profilecore.model.enums import State
from profilecore.model.events import CLEAR_ANNOUNCED, CLEAR_WITHDRAWN, DOCUMENT_EXPIRED
from profilecore.model.fields import evolve, lean
from profilecore.model.profile import Profile
from profilecore.store.port import Reader

STATE = ("due", "state")
READ = 500
FLUSH = 20_000
# So many people are read together: of a run that is stopped, no more were read for nothing.
AT_ONCE = 100
# So long others wait to write.
SECONDS = 0.25
MAX_IDS = 1_000
MAX_LIMIT = 10_000_000
UNCONFIRMED = "not-confirmed"
# Who cannot be decided on now may be due as well, which the first share must not leave out.
MAY_BE_DUE = ("clear", "announce", "blocked")


@lean
class DueReport:
    """What a run of ``clear_due`` did, or would do; the numbers are people.

    ``cleared`` are those whose clear began, ``restricted`` of them those of whom something is
    kept; ``finished`` those of whom less is kept than before.  ``announced`` were warned,
    ``withdrawn`` are warnings that a sign of the guest ended.  ``expired`` counts documents.
    ``blocked`` counts people by what blocked them: they are tried again the day after.  ``ids``
    are the first thousand ids of people cleared or finished.  Of ``active`` profiles ``due`` were
    due when the policy was switched on; ``needs_confirmation`` says that these were too many, so
    that nobody active was cleared.  ``more`` says that the limit ended the run.
    """

    as_of: datetime
    dry_run: bool = False
    cleared: int = 0
    restricted: int = 0
    finished: int = 0
    announced: int = 0
    withdrawn: int = 0
    expired: int = 0
    blocked: Mapping[str, int] = attrs.field(factory=dict)
    ids: tuple[str, ...] = ()
    active: int = 0
    due: int = 0
    needs_confirmation: bool = False
    more: bool = False

    @property
    def done(self) -> int:
        """The number of people that the limit counts."""
        return self.cleared + self.finished + self.announced


Watch = Callable[[DueReport, int], object]
# Behind the last page whose hour has come.
_END: agenda.Position = ("end",)


def clear_due(
    kernel: Kernel,
    as_of: date | datetime | None,
    limit: int,
    dry_run: bool,
    confirm: bool,
    watch: Watch | None,
) -> DueReport:
    at = _checked(kernel, as_of, limit, dry_run)
    run = _Run(kernel, at, limit, dry_run, watch)
    if dry_run:
        return run.rehearse()
    with seldom_collected():
        run.catch_up(confirm)
        run.work()
    done = run.report.cleared + run.report.finished + run.report.expired
    if done and kernel.settings.scrubs_at_once:
        scrub(kernel)
    return run.report


def _checked(kernel: Kernel, as_of: date | datetime | None, limit: int, dry_run: bool) -> datetime:
    if kernel.actor.property_id is not None:
        raise ScopeDenied("clear what is due")
    if kernel.in_unit:
        raise ProfilecoreError("clear_due commits as it goes: call it outside of a transaction.")
    problems = []
    # None and 0 must never come to mean "all".
    if not (type(limit) is int and 1 <= limit <= MAX_LIMIT):
        problems.append(Problem("/limit", "out-of-range", f"must be 1 to {MAX_LIMIT}"))
    now = kernel.now()
    at = now if as_of is None else as_of
    if not isinstance(at, datetime):
        at = datetime.combine(at, clock_time(), kernel.zone(None))
    if at.tzinfo is None:
        problems.append(Problem("/as_of", "invalid-value", "must have a time zone"))
    elif not 1900 <= at.year <= 9000:
        problems.append(Problem("/as_of", "out-of-range", "must lie in the years 1900 to 9000"))
    elif at > now and not dry_run:
        problems.append(Problem("/as_of", "out-of-range", "must not lie ahead, but in a dry run"))
    if problems:
        raise InvalidProfile(problems)
    return at


@lean
class _State:
    """How far the agenda has come, under which policy and rules."""

    digest: str
    after: str | None = None
    active: int = 0
    due: int = 0
    complete: bool = False
    confirmed: bool = False


class _Run:
    def __init__(
        self, kernel: Kernel, at: datetime, limit: int, dry_run: bool, watch: Watch | None
    ) -> None:
        self.kernel, self.at, self.limit = kernel, at, limit
        self.report = DueReport(at, dry_run)
        self._watch = watch
        self._policy = kernel.settings.inactivity
        self._scans = self._policy.is_on or any(
            rule.maximum and is_about_something(kernel, rule) for rule in kernel.retention.rules
        )
        self._decider = self._counting = Decider(kernel, at)
        if at < kernel.now() - timedelta(hours=1):
            self._counting = Decider(kernel, kernel.now())
        self._seen = 0
        self._states = {State.ACTIVE, State.RESTRICTED}
        if self._decider.looks_behind:
            self._states.add(State.CLEARED)

    # ---- the agenda

    def catch_up(self, confirm: bool) -> None:
        """Bring the agenda up to the newest profile; see whether too many are due at once."""
        while not self._caught_up():
            pass
        with self.kernel.writing() as unit:
            state, version = self._state(unit.writer)
            self._judge(state)
            few = self._decider.confirmed and state.complete
            if state.confirmed or not (confirm or few):
                self._decider.confirmed = state.confirmed
                return
            self._decider.confirmed = True
            self._note(unit, evolve(state, confirmed=True), version)
        self._report(needs_confirmation=False)

    def _judge(self, state: _State) -> None:
        few = state.due <= self._policy.first_share * state.active
        self._decider.confirmed = state.confirmed or few
        self._report(
            active=state.active, due=state.due, needs_confirmation=not self._decider.confirmed
        )

    def _caught_up(self) -> bool:
        """Go on by one write; tell whether that was the end.  Another worker may go on with it."""
        kernel = self.kernel
        with kernel.store.read() as reader:
            state, version = self._state(reader)
        if state.digest != self._digest:
            return self._begin_anew(version)
        if not self._scans:
            return True
        entries: dict[str, list[str]] = {}
        after, active, due, scheduled = state.after, state.active, state.due, 0
        while scheduled < FLUSH:
            with kernel.store.read() as reader:
                documents = reader.listing(PROFILE, after, READ)
                ones = self._made(reader, documents)
            for one in ones:
                decision = self._decider.decide(one, at_a_glance=True)
                if not state.complete and one.root.state is State.ACTIVE:
                    active += 1
                    due += self._is_due_now(one, decision)
                # Whoever is due is looked at again when the agenda is worked through.
                hour = _hour(self.at)
                if decision.what == "later" and not decision.expired:
                    if decision.again is None:
                        continue
                    hour = agenda.hour_of(decision.again)
                entries.setdefault(hour, []).append(one.root.id)
                scheduled += 1
            after = documents[-1].id if documents else after
            self._tell(len(documents))
            if len(documents) < READ:
                break
        at_end = len(documents) < READ
        made = evolve(state, after=after)
        if state.complete and made == state:
            return True
        if not state.complete:  # only the first time through decides on the share
            # Of nobody there is no share: the first import still decides on it.
            made = evolve(made, active=active, due=due, complete=at_end and active > 0)
        try:
            with kernel.writing() as unit:
                self._note(unit, made, version)
                agenda.add_pages(unit, entries)
        except VersionConflict:
            return False
        return at_end

    def _is_due_now(self, one: Person, decision: Decision) -> bool:
        """Tell whether somebody counts for the first share, which is that of today.

        ``decision`` is that of this run, which may be as of an earlier time.
        """
        if self._counting is not self._decider:
            decision = self._counting.decide(one, at_a_glance=True)
        return decision.what in MAY_BE_DUE

    def _begin_anew(self, version: int) -> bool:
        kernel = self.kernel
        try:
            with kernel.writing() as unit:
                if agenda.forget_all(unit, READ):
                    return False
                self._note(unit, _State(self._digest, complete=not self._scans), version)
                if not self._scans:
                    restricted = kernel.terms.key("state", State.RESTRICTED.value)
                    ids = unit.writer.find(restricted, MAX_LIMIT)
                    agenda.add_pages(unit, {_hour(self.at): ids})
        except VersionConflict:
            return False
        return not self._scans

    @property
    def _digest(self) -> str:
        kernel = self.kernel
        asked = (self._policy, kernel.retention.rules, sorted(kernel.settings.properties.items()))
        return hashlib.blake2b(repr(asked).encode(), digest_size=16).hexdigest()

    def _state(self, reader: Reader) -> tuple[_State, int]:
        document = reader.get(*STATE)
        if document is None:
            return _State(""), 0
        return self.kernel.codec.load(_State, document.body), document.version

    def _note(self, unit: Unit, state: _State, version: int) -> None:
        unit.put(*STATE, STATE[1], state, expect=version)

    # ---- working through it

    def work(self) -> None:
        """Go through the pages whose hour has come, in transactions of about ``SECONDS``."""
        position: agenda.Position | None = None
        with closing(Ahead(self.kernel, self._decider, self._made)) as self._ahead:
            while position is not _END:
                self._ahead.wait()
                with self.kernel.writing() as unit:
                    before = self.report
                    try:
                        seen, position = self._work_for_a_while(unit, position)
                        if self.report.expired > before.expired:
                            owe(unit)
                    except BaseException:
                        self.report = before  # what the transaction undoes was not done
                        raise
                    if position is not _END:
                        self._ahead.begin(unit, position, max(seen + seen // 2, AT_ONCE))
                self._tell(seen)

    def _work_for_a_while(
        self, unit: Unit, position: agenda.Position | None
    ) -> tuple[int, agenda.Position | None]:
        """Work on the pages behind a position; give how many were seen, and the new position."""
        stop = time.monotonic() + SECONDS
        seen = 0
        while not self.report.more:
            found = agenda.next_page(self.kernel, unit.writer, self.at, position)
            if found is None:
                break
            page, position = found
            seen += self._work_on(unit, page, stop)
            if time.monotonic() >= stop:
                return seen, position
        return seen, _END

    def _work_on(self, unit: Unit, page: agenda.Page, stop: float) -> int:
        """Work on a page until a time; what is left of it comes back later in this run."""
        skipped: list[str] = []
        entries: dict[str, list[str]] = {}
        rest = list(page.ids)
        while rest and not self.report.more:
            now, rest = rest[:AT_ONCE], rest[AT_ONCE:]
            looked = self._read(unit, now)
            with unit.batch():
                rest = [*self._work_off(unit, looked, entries, skipped), *rest]
            if time.monotonic() >= stop:
                break
        if rest:
            entries[page.hour] = rest
        agenda.replace(unit, page, skipped)
        agenda.add_pages(unit, entries)
        return len(page.ids) - len(rest)

    def _work_off(
        self,
        unit: Unit,
        looked: Sequence[Looked],
        entries: dict[str, list[str]],
        skipped: list[str],
    ) -> list[str]:
        """Do people one by one; give the ids of those that the run did not come to.

        It ends early where the clear of one has changed another: that one has to be read anew.
        """
        changed: set[str] = set()
        for number, (one, decided) in enumerate(looked):
            if self.report.done >= self.limit:
                self._report(more=True)
            if self.report.more or not changed.isdisjoint(one.ids):
                return [left.one.root.id for left in looked[number:]]
            events = len(unit.events)
            decision = self._done(unit, one, decided or self._decider.decide(one))
            changed.update(event.profile_id for event in unit.events[events:])
            if decision.what == "skip":
                skipped.append(one.root.id)
            elif decision.again is not None:
                later = max(decision.again, self.at + timedelta(hours=1))
                entries.setdefault(agenda.hour_of(later), []).append(one.root.id)
        return []

    def _read(self, unit: Unit, ids: Sequence[str]) -> list[Looked]:
        found = self._ahead.take(unit, ids)
        missing = [id for id in ids if id not in found]
        if missing:
            made = self._made(unit.writer, unit.writer.get_many(PROFILE, missing))
            found |= {one.root.id: Looked(one) for one in made}
        return [found[id] for id in ids if id in found]

    def _made(self, reader: Reader, documents: Sequence[Document]) -> list[Person]:
        """Give those to look at, in their order; merged ones too, since they may come apart."""
        profiles = [self.kernel.codec.load(Profile, d.body) for d in documents]
        roots = [p for p in profiles if p.state in self._states and p.merged_into is None]
        found = {one.root.id: one for one in people(self.kernel, reader, roots)}
        found |= {p.id: Person((p,)) for p in profiles if p.state is State.MERGED}
        return [found[p.id] for p in profiles if p.id in found]

    def _done(self, unit: Unit, one: Person, decision: Decision) -> Decision:
        """Do what was decided; whoever it fails for is tried again the day after."""
        try:
            with unit.part():
                self._do(unit, one, decision)
        except StoreError:
            raise
        except ProfilecoreError as error:
            decision = blocked(self.at, (error.code,))
        self._count(one, decision)
        return decision

    def _do(self, unit: Unit, one: Person, decision: Decision) -> None:
        root, kernel = one.root, self.kernel
        for document in () if decision.plan is not None else decision.expired:
            unit.writer.delete(document.kind, document.id)
            unit.writer.delete_blob(document.id)
            unit.emit(DOCUMENT_EXPIRED, root.id, subject=document.id, scope=document.property_id)
        if decision.what == "announce" and decision.last_day and decision.reason:
            now = kernel.now()
            made = Notice(kernel.new_id(), root.id, now, decision.last_day, decision.reason)
            unit.put("notice", made.id, root.id, made, expect=0)
            unit.emit(CLEAR_ANNOUNCED, root.id, subject=made.id)
        elif decision.what == "withdraw" and one.notice is not None:
            for owned in one.documents:  # of merged people each may have had a warning
                if owned.kind == "notice":
                    unit.writer.delete("notice", owned.id)
                    unit.emit(CLEAR_WITHDRAWN, root.id, subject=owned.id)
        elif decision.plan is not None:
            carry_out(unit, one, decision.plan, decision.reason)

    # ---- telling

    def rehearse(self) -> DueReport:
        """Decide on everybody who can be due, and write nothing."""
        kernel = self.kernel
        with kernel.store.read() as reader:
            state, _ = self._state(reader)
        fresh = state.digest != self._digest
        if fresh:
            state = _State("")
        active = due = 0
        for one in self._candidates(state, fresh):
            if self.report.done >= self.limit and not fresh:
                self._report(more=True)
                break
            decision = self._decider.decide(one)
            is_active = one.root.state is State.ACTIVE
            active += is_active
            due += is_active and decision.what in MAY_BE_DUE
            if self.report.done < self.limit:
                self._count(one, decision)
        if fresh or not state.active:
            state = evolve(state, active=active, due=due)
        self._judge(state)
        if fresh and due > self.report.done:
            self._report(more=True)
        return self.report

    def _candidates(self, state: _State, fresh: bool) -> Iterator[Person]:
        kernel = self.kernel
        position: agenda.Position | None = None
        while True:
            with kernel.store.read() as reader:
                found = agenda.next_page(kernel, reader, self.at, position)
                if found is None:
                    break
                page, position = found
                ones = self._made(reader, reader.get_many(PROFILE, page.ids))
            if not fresh:
                yield from ones
            elif not self._scans:
                yield from (one for one in ones if one.root.state is State.RESTRICTED)
        after = state.after
        while self._scans:
            with kernel.store.read() as reader:
                documents = reader.listing(PROFILE, after, READ)
                ones = self._made(reader, documents)
            yield from ones
            self._tell(len(documents))
            if len(documents) < READ:
                return
            after = documents[-1].id

    def _count(self, one: Person, decision: Decision) -> None:
        report = self.report
        more: dict[str, object] = {}
        if decision.what in ("clear", "finish"):
            name = "cleared" if decision.what == "clear" else "finished"
            more[name] = getattr(report, name) + 1
            if decision.what == "clear" and decision.plan is not None and decision.plan.held:
                more["restricted"] = report.restricted + 1
            if len(report.ids) < MAX_IDS:
                more["ids"] = (*report.ids, one.root.id)
        elif decision.what == "announce":
            more["announced"] = report.announced + 1
        elif decision.what == "withdraw":
            more["withdrawn"] = report.withdrawn + 1
        codes = (UNCONFIRMED,) if decision.what == "skip" else decision.codes
        if codes:
            more["blocked"] = dict(report.blocked) | {
                code: report.blocked.get(code, 0) + 1 for code in set(codes)
            }
        if decision.expired:
            more["expired"] = report.expired + len(decision.expired)
        if more:
            self._report(**more)

    def _report(self, **changes: object) -> None:
        self.report = evolve(self.report, **changes)

    def _tell(self, seen: int) -> None:
        self._seen += seen
        if self._watch is not None:
            self._watch(self.report, self._seen)


def _hour(at: datetime) -> str:
    """Give the hour that a time lies in, which has come by then."""
    return agenda.hour_of(at.replace(minute=0, second=0, microsecond=0))
