"""A person as a clear sees one: all the ids, everything owned, and what the clocks run from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from profilecore.engine.documents import told_of
from profilecore.engine.kernel import Kernel
from profilecore.engine.profiles import naming
from profilecore.engine.unit import PROFILE
from profilecore.errors import PluginError, ProfilecoreError
from profilecore.model.documents import Activity, Document, Held, Hold, Notice
from profilecore.model.fields import evolve
from profilecore.model.profile import Profile
from profilecore.model.stay import Stay
from profilecore.rules.holding import held_by_holds
from profilecore.rules.inactivity import last_sign
from profilecore.rules.retention import Dated, LastSign, Record
from profilecore.store.port import Reader
from profilecore.values import frozen


@frozen
class Person:
    """A root, the profiles that were merged into it, and every document they own.

    ``stays`` are those that are stored; :func:`all_stays` adds the host's.  ``joined`` are other
    people's in which this one is a companion.  ``is_named`` tells whether a profile or a stay of
    somebody else's names one of the ids, ``is_told_of`` whether a document may be about one.
    """

    family: tuple[Profile, ...]
    documents: tuple[Document, ...] = ()
    stays: tuple[Stay, ...] = ()
    holds: tuple[Hold, ...] = ()
    notice: Notice | None = None
    joined: tuple[Stay, ...] = ()
    is_named: bool = False
    is_told_of: bool = False

    @property
    def root(self) -> Profile:
        """The profile that all the ids stand for."""
        return self.family[0]

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id of the person, the root's first."""
        return tuple(profile.id for profile in self.family)


def person(kernel: Kernel, reader: Reader, id: str) -> Person:
    """Read the person that an id stands for.

    :raises NotFound: as :meth:`Kernel.load`.
    """
    return people(kernel, reader, [kernel.root(reader, id)])[0]


def people(kernel: Kernel, reader: Reader, roots: Sequence[Profile]) -> list[Person]:
    """Read many people at once, in the order of their roots.

    Of an absorbed profile that cannot be read any more, as of a sealed store, nothing is left.
    """
    absorbed = [id for root in roots for id in root.absorbed]
    merged = {d.id: d for d in reader.get_many(PROFILE, absorbed)} if absorbed else {}
    owned: dict[str, list[Document]] = {}
    for document in reader.owned([id for root in roots for id in root.family]):
        owned.setdefault(document.owner, []).append(document)
    naming = _naming(kernel, reader, roots)
    told = told_of(kernel, reader, [id for root in roots for id in root.family])
    load = kernel.codec.load
    return [
        _made(
            kernel,
            (root, *(load(Profile, merged[id].body) for id in root.absorbed if id in merged)),
            [document for id in root.family for document in owned.get(id, ())],
            naming.get(root.id),
            not told.isdisjoint(root.family),
        )
        for root in roots
    ]


def _naming(
    kernel: Kernel, reader: Reader, roots: Sequence[Profile]
) -> dict[str, tuple[Stay, ...]]:
    """Give by root, for those whom others' profiles or stays name, the stays that do."""
    ids = {id: root.id for root in roots for id in root.family}
    named = naming(kernel, reader, ids)
    found = reader.get_many("stay", list({id for by in named.values() for id in by}))
    stays = {d.id: kernel.codec.load(Stay, d.body) for d in found}
    joined: dict[str, tuple[Stay, ...]] = {}
    for id, by in named.items():
        others = (stays[n] for n in by if n in stays and ids.get(stays[n].profile_id) != ids[id])
        joined[ids[id]] = (*joined.get(ids[id], ()), *others)
    return joined


def _made(
    kernel: Kernel,
    family: tuple[Profile, ...],
    documents: Iterable[Document],
    joined: tuple[Stay, ...] | None,
    is_told_of: bool,
) -> Person:
    load = kernel.codec.load
    listed = tuple(documents)
    notices = [load(Notice, d.body) for d in listed if d.kind == "notice"]
    return Person(
        family,
        listed,
        tuple(load(Stay, d.body) for d in listed if d.kind == "stay"),
        tuple(load(Hold, d.body) for d in listed if d.kind == "hold"),
        notices[0] if notices else None,
        joined or (),
        joined is not None,
        is_told_of,
    )


def all_stays(kernel: Kernel, person: Person) -> tuple[Stay, ...]:
    """Give a person's stays: the stored ones, those as a companion, and those of the host.

    Only the first are documents of this person, and have an id here.

    :raises PluginError: as :func:`hosts_stays`.
    """
    joined = (evolve(stay, id="") for stay in person.joined)
    return (*person.stays, *joined, *hosts_stays(kernel, person.ids))


def hosts_stays(kernel: Kernel, ids: Sequence[str]) -> list[Stay]:
    """Give the stays of people that the host keeps itself.

    :raises PluginError: if a source of stays fails: who does not know may not clear.
    """
    found: list[Stay] = []
    for source in kernel.plugins.contributions.stays:
        try:
            found += source(ids)
        except ProfilecoreError:
            raise
        except Exception as error:
            name = getattr(source, "__module__", type(source).__name__)
            raise PluginError(name, "a source of stays", type(error).__name__) from error
    return found


def sign_of(kernel: Kernel, person: Person, stays: Iterable[Stay]) -> LastSign | None:
    """Give the newest sign of the guest over the whole chain."""
    others = []
    for document in person.documents:
        kind = kernel.kinds.get(document.kind)
        if document.kind == "activity":
            others.append(LastSign(kernel.codec.load(Activity, document.body).active_on))
        elif kind is not None and kind.is_activity:
            day = _day_of(kernel, document)
            if day is not None:
                others.append(LastSign(day, document.property_id))

    def local(at: datetime, property_id: str | None) -> date:
        return kernel.today(at)(property_id)

    return last_sign(person.family, stays, person.holds, others, local)


def record_of(kernel: Kernel, person: Person, stays: tuple[Stay, ...]) -> Record:
    """Give what the retention rules and the policy ask about a person."""
    sign = sign_of(kernel, person, stays)
    return Record(person.root, stays, tuple(_dated(kernel, person)), sign, kernel.zone(None))


def holding(person: Person) -> list[Held]:
    """Give what open legal holds keep of a person."""
    return list(held_by_holds(person.holds, [(d.kind, d.id) for d in person.documents]))


def _dated(kernel: Kernel, person: Person) -> Iterable[Dated]:
    for document in person.documents:
        if document.kind not in kernel.retention.kinds or document.kind == "stay":
            continue
        day = _day_of(kernel, document)
        yield Dated(document.kind, document.id, document.property_id, day)


def _day_of(kernel: Kernel, document: Document) -> date | None:
    """Give the day that a document's kind says it has.

    :raises PluginError: if the kind fails: who does not know may not clear.
    """
    kind = kernel.kinds.get(document.kind)
    if kind is None or kind.dated is None:
        return None
    try:
        day = kind.dated(kernel.codec.load(kind.cls, document.body))
    except Exception as error:
        raise PluginError(kind.name, "the day of a document", type(error).__name__) from error
    return day.date() if isinstance(day, datetime) else day
