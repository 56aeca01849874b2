"""Facts about people, page by page: only what an expression asks for is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from profilecore.values import frozen
from profilecore_segments import loyalty, visits
from profilecore_segments.judging import MEMBERSHIPS, STAYS, Facts, known
from profilecore_segments.names import Origin
from profilecore_segments.nodes import Consent, Node, leaves

if TYPE_CHECKING:
    from profilecore import Engine

FACETS = "facets"


@frozen
class Wanted:
    """What has to be read of each person: fields, and whether stays and memberships too."""

    fields: tuple[str, ...] = ("id",)
    stays: bool = False
    memberships: bool = False

    def with_fields(self, fields: Iterable[str]) -> Wanted:
        """Give the same with some fields more."""
        together = tuple(dict.fromkeys((*self.fields, *fields)))
        return Wanted(together, self.stays, self.memberships)


def wanted_by(node: Node) -> Wanted:
    """Tell what has to be read to judge people by a tree."""
    fields, origins = {"id": None}, set()
    for leaf in leaves(node):
        if isinstance(leaf, Consent):
            fields["consents"] = None
            continue
        name = known(leaf.name)
        origins.add(name.origin)
        if name.field is not None:
            fields[name.field] = None
    return Wanted(tuple(fields), Origin.STAYS in origins, Origin.LOYALTY in origins)


def facts_of(
    engine: Engine,
    wanted: Wanted,
    today: str,
    *,
    ids: Sequence[str] | None = None,
    after: str | None = None,
) -> Iterator[list[Facts]]:
    """Yield the facts of the living that the actor may see: of all, or of those named."""
    fields = list(wanted.fields)
    source = loyalty.source_of(engine) if wanted.memberships else None
    if wanted.memberships and source is None and FACETS not in fields:
        fields.append(FACETS)
    for page in engine.extract(fields, profile_ids=ids, after=after):
        people = [facts["id"] for facts in page]
        if wanted.stays and page:
            stays = _stays(engine, people, today)
            for facts in page:
                facts[STAYS] = stays.get(facts["id"], visits.NONE)
        if source is not None and page:
            found = source(engine, people)
            for facts in page:
                facts[MEMBERSHIPS] = list(found.get(facts["id"], ()))
        elif wanted.memberships:
            for facts in page:
                facts[MEMBERSHIPS] = loyalty.of_facet(facts[FACETS])
        yield page


def _stays(engine: Engine, ids: Sequence[str], today: str) -> dict[str, visits.Visits]:
    of: dict[str, list[dict[str, object]]] = {}
    for rows in engine.extract(visits.FIELDS, profile_ids=ids, kind="stay"):
        for row in rows:
            of.setdefault(row["owner"], []).append(row)
    return {id: visits.visits_of(rows, today) for id, rows in of.items()}
