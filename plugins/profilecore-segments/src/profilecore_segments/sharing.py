"""Addresses that several people have: each is written to once, and never where anybody denied it.

A couple or a company may share an e-mail address or a telephone, and one person may be there
twice.  Whoever of them denied a channel and purpose would be reached all the same through the
others.  A postal address is no such thing: a letter bears a name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from profilecore.model.enums import Channel
from profilecore_segments.addresses import FIELDS, usable
from profilecore_segments.consents import denies

if TYPE_CHECKING:
    from profilecore import Engine
    from profilecore_segments.judging import Moment

MOST = 10_000
"""So many people with one address are asked whether they denied."""
_SORTS = {Channel.EMAIL: "email", Channel.SMS: "phone", Channel.PHONE: "phone"}


class Shared:
    """The addresses of one list: which are on it, and which anybody denied."""

    def __init__(self, engine: Engine, channel: Channel, purpose: str, moment: Moment) -> None:
        self._engine, self._channel = engine, channel
        self._purpose, self._moment = purpose, moment
        self._sort = _SORTS.get(channel)
        self._taken: set[str] = set()

    def ask(self, rows: Iterable[dict[str, str]]) -> None:
        """Take the addresses of rows that anybody in the store denied for taken."""
        if self._sort is None:
            return
        wanted = {row[self._sort] for row in rows}
        found = self._engine.look_up([(self._sort, each) for each in wanted], at_most=MOST)
        ids = dict.fromkeys(id for some in found.values() if len(some) > 1 for id in some)
        fields = ["id", "consents", FIELDS[self._channel]]
        for page in self._engine.extract(fields, profile_ids=list(ids)) if ids else ():
            for facts in page:
                if denies(
                    facts["consents"] or (), self._channel.value, self._purpose, self._moment.now
                ):
                    own = usable(self._channel, facts[FIELDS[self._channel]])
                    self._taken.update(item["value"] for item in own)

    def takes(self, row: dict[str, str]) -> bool:
        """Tell whether a row may be on the list, and take its address if so."""
        if self._sort is None:
            return True
        if row[self._sort] in self._taken:
            return False
        self._taken.add(row[self._sort])
        return True
