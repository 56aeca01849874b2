"""The engine for asyncio and trio hosts: the same verbs, each in a worker thread."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from profilecore.engine.engine import Engine
from profilecore.rules.changing import UNSET, Unset

if TYPE_CHECKING:
    from profilecore.engine.adding import Sums
    from profilecore.engine.documents import Entry, Stored
    from profilecore.engine.due import DueReport
    from profilecore.engine.explaining import Explanation
    from profilecore.engine.loading import LoadReport
    from profilecore.engine.merging import Unmerged
    from profilecore.engine.profiles import Relation
    from profilecore.engine.residue import Fingerprints, Residue
    from profilecore.engine.retaining import Finding, KnownRule
    from profilecore.engine.searching import Page
    from profilecore.model.documents import Chain, FileRecord, Hold, Merge, Receipt
    from profilecore.model.events import Event
    from profilecore.model.profile import Profile
    from profilecore.model.stay import Stay
    from profilecore.rules.chain import ChainFault
    from profilecore.rules.checks import Missing
    from profilecore.rules.clearing import ClearPlan
    from profilecore.rules.matching import Match
    from profilecore.rules.merging import MergePlan

P = ParamSpec("P")
T = TypeVar("T")


class AsyncEngine:
    """Wraps an :class:`Engine`; each verb means what it means there and may be awaited.

    Verbs run in threads of a pool of at most ``threads``.  A cancelled verb that has begun runs
    to its end: it happened wholly or not at all.  Inside ``with engine.sync.acting(actor):``
    the awaited verbs act as that actor.  Several verbs in one transaction are one function
    given to :meth:`run`.
    """

    def __init__(self, engine: Engine, *, threads: int = 8) -> None:
        self.sync = engine
        self._threads = threads
        self._limiter: Any = None

    @classmethod
    async def open(cls, url: str, *, threads: int = 8, **options: Any) -> AsyncEngine:
        """Open as :meth:`Engine.open` does."""
        import anyio.to_thread

        opening = functools.partial(Engine.open, url, **options)
        return cls(await anyio.to_thread.run_sync(opening), threads=threads)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function of the synchronous engine in one worker thread."""
        import anyio
        import anyio.to_thread

        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._threads)
        call = functools.partial(function, *args, **kwargs)
        return await anyio.to_thread.run_sync(call, limiter=self._limiter)

    if not TYPE_CHECKING:  # misspelt verbs go on being found

        def __getattr__(self, name: str) -> Any:
            """Give a verb that a plugin has registered, to be awaited."""
            sync = self.__dict__.get("sync")
            if sync is None or name not in sync.plugins.contributions.verbs:
                what = f"{type(self).__name__!r} object has no attribute {name!r}"
                raise AttributeError(what, name=name, obj=self)
            return functools.partial(self.run, getattr(sync, name))

    async def close(self) -> None:
        await self.run(self.sync.close)

    async def __aenter__(self) -> AsyncEngine:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def create(self, profile: Profile | Mapping[str, Any], **options: Any) -> Profile:
        return await self.run(self.sync.create, profile, **options)

    async def get(self, profile_id: str) -> Profile:
        return await self.run(self.sync.get, profile_id)

    async def path(self, profile_id: str) -> tuple[str, ...]:
        return await self.run(self.sync.path, profile_id)

    async def update(self, profile_id: str, changes: Mapping[str, Any], **options: Any) -> Profile:
        return await self.run(self.sync.update, profile_id, changes, **options)

    async def matches(
        self, profile: Profile | Mapping[str, Any] | str, *, limit: int = 10
    ) -> list[Match]:
        return await self.run(self.sync.matches, profile, limit=limit)

    async def search(self, text: str = "", **options: Any) -> Page[Profile]:
        return await self.run(self.sync.search, text, **options)

    async def relationships(self, profile_id: str) -> list[Relation]:
        return await self.run(self.sync.relationships, profile_id)

    async def load(self, rows: Iterable[Any], *, source: str, **options: Any) -> LoadReport:
        return await self.run(self.sync.load, rows, source=source, **options)

    async def plan_merge(
        self,
        survivor_id: str,
        other_ids: Sequence[str],
        *,
        choices: Mapping[str, str] | None = None,
    ) -> MergePlan:
        return await self.run(self.sync.plan_merge, survivor_id, other_ids, choices=choices)

    async def merge(self, plan: MergePlan, *, key: str | None = None) -> Merge:
        return await self.run(self.sync.merge, plan, key=key)

    async def unmerge(self, merge_id: str) -> Unmerged:
        return await self.run(self.sync.unmerge, merge_id)

    async def merges(self, profile_id: str) -> list[Merge]:
        return await self.run(self.sync.merges, profile_id)

    async def plan_clear(self, profile_id: str) -> ClearPlan:
        return await self.run(self.sync.plan_clear, profile_id)

    async def clear(
        self, plan: ClearPlan | str, *, reason: str | None = None, objected: bool = False
    ) -> Receipt:
        return await self.run(self.sync.clear, plan, reason=reason, objected=objected)

    async def objected(self, profile: Profile | Mapping[str, Any]) -> bool:
        return await self.run(self.sync.objected, profile)

    async def lift_objection(self, profile: Profile | Mapping[str, Any]) -> int:
        return await self.run(self.sync.lift_objection, profile)

    async def clear_due(
        self,
        as_of: date | datetime | None = None,
        *,
        limit: int = 1_000,
        dry_run: bool = False,
        confirm: bool = False,
        watch: Callable[[DueReport, int], object] | None = None,
    ) -> DueReport:
        return await self.run(
            self.sync.clear_due,
            as_of,
            limit=limit,
            dry_run=dry_run,
            confirm=confirm,
            watch=watch,
        )

    async def explain(self, profile_id: str) -> Explanation:
        return await self.run(self.sync.explain, profile_id)

    async def retention_rules(self) -> list[KnownRule]:
        return await self.run(self.sync.retention_rules)

    async def check_retention(
        self, watch: Callable[[int, int], object] | None = None
    ) -> list[Finding]:
        return await self.run(self.sync.check_retention, watch)

    async def record_activity(self, profile_id: str, day: date | None = None) -> None:
        await self.run(self.sync.record_activity, profile_id, day)

    async def receipt(self, profile_id: str) -> Receipt:
        return await self.run(self.sync.receipt, profile_id)

    async def verify(self, watch: Callable[[int], object] | None = None) -> list[ChainFault]:
        return await self.run(self.sync.verify, watch)

    async def verify_receipts(
        self, watch: Callable[[int], object] | None = None
    ) -> list[ChainFault]:
        return await self.run(self.sync.verify_receipts, watch)

    async def verify_audit(self, watch: Callable[[int], object] | None = None) -> list[ChainFault]:
        return await self.run(self.sync.verify_audit, watch)

    async def ends(self) -> dict[str, Chain]:
        return await self.run(self.sync.ends)

    async def scrub(self) -> int:
        return await self.run(self.sync.scrub)

    async def fingerprints(self, profile_id: str) -> Fingerprints:
        return await self.run(self.sync.fingerprints, profile_id)

    async def residue(
        self, fingerprints: Fingerprints, watch: Callable[[int, int], object] | None = None
    ) -> Residue:
        return await self.run(self.sync.residue, fingerprints, watch)

    async def place_hold(
        self,
        profile_id: str,
        *,
        kind: str,
        property_id: str | None = None,
        ref: str | None = None,
        expected_on: date | None = None,
        keeps: Iterable[str] = (),
    ) -> Hold:
        return await self.run(
            self.sync.place_hold,
            profile_id,
            kind=kind,
            property_id=property_id,
            ref=ref,
            expected_on=expected_on,
            keeps=keeps,
        )

    async def release_hold(self, hold_id: str) -> Hold:
        return await self.run(self.sync.release_hold, hold_id)

    async def holds(self, profile_id: str) -> list[Hold]:
        return await self.run(self.sync.holds, profile_id)

    async def record_stay(self, profile_id: str, stay: Stay | Mapping[str, Any]) -> Stay:
        return await self.run(self.sync.record_stay, profile_id, stay)

    async def stays(self, profile_id: str) -> list[Stay]:
        return await self.run(self.sync.stays, profile_id)

    async def attach(
        self,
        profile_id: str,
        name: str,
        content: bytes,
        *,
        property_id: str | Unset | None = UNSET,
    ) -> FileRecord:
        return await self.run(self.sync.attach, profile_id, name, content, property_id=property_id)

    async def files(self, profile_id: str) -> list[FileRecord]:
        return await self.run(self.sync.files, profile_id)

    async def read_file(self, file_id: str) -> bytes:
        return await self.run(self.sync.read_file, file_id)

    async def detach(self, file_id: str) -> None:
        await self.run(self.sync.detach, file_id)

    async def access(self, profile_id: str) -> dict[str, Any]:
        return await self.run(self.sync.access, profile_id)

    async def access_page(self, profile_id: str) -> str:
        return await self.run(self.sync.access_page, profile_id)

    async def check(self, profile_id: str, name: str = "checklist") -> list[Missing]:
        return await self.run(self.sync.check, profile_id, name)

    async def changes(
        self, after: int | str = 0, *, limit: int = 500, profile_id: str | None = None
    ) -> Page[Event]:
        return await self.run(self.sync.changes, after, limit=limit, profile_id=profile_id)

    async def deliver(self) -> None:
        await self.run(self.sync.deliver)

    async def store_document(self, kind: str, value: Any, **options: Any) -> Stored:
        return await self.run(self.sync.store_document, kind, value, **options)

    async def store_documents(
        self, kind: str, entries: Iterable[Entry], *, read: Iterable[Stored] = ()
    ) -> list[Stored]:
        return await self.run(self.sync.store_documents, kind, entries, read=read)

    async def document(self, kind: str, document_id: str) -> Stored:
        return await self.run(self.sync.document, kind, document_id)

    async def documents(self, kind: str, **options: Any) -> list[Stored]:
        return await self.run(self.sync.documents, kind, **options)

    async def delete_document(self, kind: str, document_id: str) -> bool:
        return await self.run(self.sync.delete_document, kind, document_id)

    async def look_up(
        self, keys: Iterable[tuple[str, str]], *, at_most: int = 1_000, or_none: bool = False
    ) -> dict[tuple[str, str], list[str]]:
        return await self.run(self.sync.look_up, keys, at_most=at_most, or_none=or_none)

    async def reindex(self, watch: Callable[[int], object] | None = None) -> int:
        return await self.run(self.sync.reindex, watch)

    async def tally(self, keys: Iterable[tuple[str, str]]) -> int:
        return await self.run(self.sync.tally, keys)

    async def holders(
        self, keys: Sequence[tuple[str, str]], *, limit: int = 1_000, cursor: str | None = None
    ) -> Page[str]:
        return await self.run(self.sync.holders, keys, limit=limit, cursor=cursor)

    async def extract(
        self, fields: Sequence[str], **options: Any
    ) -> AsyncIterator[list[dict[str, Any]]]:
        pages = await self.run(self.sync.extract, fields, **options)
        while (page := await self.run(next, pages, None)) is not None:
            yield page

    async def columns(
        self, fields: Sequence[str], **options: Any
    ) -> AsyncIterator[tuple[Sequence[Any], ...]]:
        pages = await self.run(self.sync.columns, fields, **options)
        while (page := await self.run(next, pages, None)) is not None:
            yield page

    async def add_up(self, sums: Sums, sources: Sequence[Any], **options: Any) -> bytes:
        return await self.run(self.sync.add_up, sums, sources, **options)
