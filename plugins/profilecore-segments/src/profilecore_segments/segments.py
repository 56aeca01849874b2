"""The verbs of the plugin over one engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from profilecore_segments import (
    campaigns,
    explaining,
    movements,
    promotions,
    saved,
    settings,
    sources,
    statistics,
    tagging,
    uptake,
)
from profilecore_segments.campaigns import Campaign
from profilecore_segments.members import Members, Watch, silent
from profilecore_segments.promotions import Gift, Promotion
from profilecore_segments.uptake import Uptake

if TYPE_CHECKING:
    from profilecore import Engine, Page
    from profilecore.model.enums import Channel
    from profilecore_segments.figures import Dimension, Statistics


class Segments:
    """Tags, segments, statistics, campaign lists and promotions of one engine.

    It keeps nothing itself and follows who acts: a property counts and lists whom it may see.
    Where a segment is asked for, the name of a saved one or an expression is given.  What may
    take long tells ``watch`` how far it is: words, a number, and of how many, if known.

    :raises PluginError: if the engine does not have the plugin.
    """

    def __init__(self, engine: Engine) -> None:
        settings.kind_of(engine)
        self._engine = engine

    # ---- saved segments

    def define(self, name: str, expression: str, description: str = "") -> saved.Segment:
        """Save a segment of the chain under a name, or change it; see :func:`saved.define`."""
        return saved.define(self._engine, name, expression, description)

    def get(self, name: str) -> saved.Segment:
        """Give a saved segment.

        :raises NotFound: if there is none of this name.
        """
        return saved.get(self._engine, name)

    def list(self) -> Sequence[saved.Segment]:
        """Give all saved segments, in the order of their names."""
        return tuple(saved.every(self._engine))

    def drop(self, name: str) -> bool:
        """Delete a saved segment; tell whether there was one; see :func:`movements.drop`."""
        return movements.drop(self._engine, name)

    # ---- members

    def count(self, segment: str, watch: Watch = silent) -> int:
        """Count the members; see :class:`~profilecore_segments.members.Members`.

        :raises ExpressionError: for an expression that goes wrong.
        :raises NotFound: if there is no such segment.
        """
        return self._members(segment).count(watch)

    def members(self, segment: str, *, limit: int = 50, cursor: str | None = None) -> Page[str]:
        """Give a page of the ids of members, each once, in an order that stays.

        :raises InvalidProfile: for a limit outside 1 to 10,000, or a cursor of another list.
        """
        return self._members(segment).page(limit, cursor)

    def has(self, segment: str, profile_id: str) -> bool:
        """Tell whether a person is a member.

        :raises NotFound: as ``engine.get``.
        """
        return self._members(segment).has(profile_id)

    def explain(self, segment: str) -> explaining.Explanation:
        """Tell which way the members are found, and why not a faster one."""
        node = saved.node_of(self._engine, segment)
        return explaining.explain(Members(self._engine, node), node)

    def _members(self, segment: str) -> Members:
        return Members(self._engine, saved.node_of(self._engine, segment))

    def refresh(self, name: str, watch: Watch = silent) -> movements.Refreshed:
        """Store who joined and who left a saved segment; see :func:`movements.refresh`."""
        return movements.refresh(self._engine, name, watch)

    def changes(
        self, after: int | str = 0, limit: int = 500, segment: str | None = None
    ) -> Page[movements.Movement]:
        """Give who joined and left, from the feed; see :func:`movements.changes`."""
        return movements.changes(self._engine, after, limit, segment)

    # ---- tags and sources

    def tags(self, watch: Watch = silent, *, min_group: int = 1) -> Sequence[tagging.TagCount]:
        """Count the profiles that have each tag; see :func:`tagging.count_tags`."""
        return tagging.count_tags(self._engine, watch, min_group)

    def rename_tag(self, old: str, new: str, watch: Watch = silent) -> tagging.Renamed:
        """Replace a tag on all profiles; see :func:`tagging.rename_tag`."""
        return tagging.rename_tag(self._engine, old, new, watch)

    def merge_tags(self, old: Sequence[str], into: str, watch: Watch = silent) -> tagging.Renamed:
        """Replace several tags by one on all profiles; see :func:`tagging.merge_tags`."""
        return tagging.merge_tags(self._engine, old, into, watch)

    def retagged(self, run: str, limit: int = 1_000) -> Sequence[tuple[str, tagging.Retagged]]:
        """Give whom a run changed, and how; see :func:`tagging.retagged`."""
        return tagging.retagged(self._engine, run, limit)

    def sources(self, profile_id: str) -> Sequence[sources.Touch]:
        """Give how each of a person's bookings came about, by arrival.

        :raises NotFound: as ``engine.get``.
        """
        return sources.history(self._engine, profile_id)

    # ---- statistics and lists

    def statistics(
        self,
        dimension: Dimension | str,
        *,
        since: date | None = None,
        until: date | None = None,
        min_group: int = 1,
        watch: Watch = silent,
        workers: int | None = None,
    ) -> Statistics:
        """Count guests, bookings and nights by one dimension; see :func:`statistics.statistics`."""
        return statistics.statistics(
            self._engine, dimension,
            since=since, until=until, min_group=min_group, watch=watch, workers=workers,
        )  # fmt: skip

    def export(
        self,
        segment: str,
        path: str | Path,
        *,
        channel: Channel | str,
        purpose: str,
        format: str = "csv",
        force: bool = False,
        watch: Watch = silent,
    ) -> Campaign:
        """Write a campaign list of those who agree, and record it; see :func:`campaigns.export`."""
        return campaigns.export(
            self._engine, segment, Path(path),
            channel=channel, purpose=purpose, format=format, force=force, watch=watch,
        )  # fmt: skip

    def campaigns(self) -> Sequence[Campaign]:
        """Give all lists that were made, oldest first."""
        return campaigns.every(self._engine)

    # ---- promotions

    def define_promotion(
        self,
        code: str,
        name: str,
        *,
        terms: str = "",
        starts_on: date | None = None,
        ends_on: date | None = None,
        segment: str | None = None,
        uses: int = 1,
    ) -> Promotion:
        """Save a promotion of the chain, or change it; see :func:`promotions.define`."""
        return promotions.define(
            self._engine, code, name,
            terms=terms, starts_on=starts_on, ends_on=ends_on, segment=segment, uses=uses,
        )  # fmt: skip

    def promotions(self) -> Sequence[Promotion]:
        """Give all promotions, in the order of their codes."""
        return promotions.every(self._engine)

    def give(self, code: str, profile_id: str) -> Gift:
        """Give a promotion to a person, once; see :func:`promotions.give`."""
        return promotions.give(self._engine, code, profile_id)

    def use(self, code: str, profile_id: str, stay_id: str) -> Gift:
        """Note that a promotion was used on a stay, once; see :func:`promotions.use`."""
        return promotions.use(self._engine, code, profile_id, stay_id)

    def gifts(self, profile_id: str) -> Sequence[Gift]:
        """Give a person's promotions, in the order in which they were given."""
        return promotions.gifts(self._engine, profile_id)

    def end_promotion(self, code: str) -> Promotion:
        """Give a promotion to nobody any more; see :func:`promotions.end`."""
        return promotions.end(self._engine, code)

    def take_back(self, code: str, profile_id: str) -> None:
        """Take an unused promotion back from a person; see :func:`promotions.take_back`."""
        promotions.take_back(self._engine, code, profile_id)

    def holders(self, code: str, limit: int = 1_000) -> Sequence[tuple[str, Gift]]:
        """Give who has a promotion and where each used it; see :func:`uptake.holders`."""
        return uptake.holders(self._engine, code, limit)

    def uptake(self, code: str, *, min_group: int = 1) -> Uptake:
        """Count who has a promotion and who used it; see :func:`uptake.stats`."""
        return uptake.stats(self._engine, code, min_group)
