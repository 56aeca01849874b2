"""Bring a scanned document into a profile: what would change, what is to be asked, and do it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs

from profilecore.errors import InvalidProfile, Problem, ProfileCleared
from profilecore.model.dates import agrees
from profilecore.model.enums import DocumentType, Sex
from profilecore.model.fields import evolve
from profilecore.normalise.text import compact, fold
from profilecore.values import frozen
from profilecore_scanner.faults import DocumentElsewhere, ScanDoubtful
from profilecore_scanner.reading import Scan, read
from profilecore_scanner.spelling import Likeness, compare

if TYPE_CHECKING:
    from profilecore import Engine, IdentityDocument, Profile

SOURCE = "scanner"
# The facet of profilecore-exports that says who has no nationality, and its words for it.
FACET, _INSTEAD = "registration", "without_nationality"
_WITHOUT = {"XXA": "stateless", "XXB": "refugee", "XXC": "other_refugee"}
# What one guest has one of, so that a document can say something else.
OVERWRITABLE = frozenset({"last_name", "first_name", "birth_date", "sex", "documents"})
# Where more profiles than these have one number, somebody has typed it in as a stopgap.
_MOST_HOLDERS = 100
# What people call by either name.
_BROADER = {
    DocumentType.DNI: DocumentType.IDENTITY_CARD,
    DocumentType.NIE: DocumentType.RESIDENCE_PERMIT,
}


@frozen
class Change:
    """A field that would change: what is stored, what was scanned, and whether a digit checks it.

    ``patch`` is what :meth:`profilecore.Engine.update` is given.
    """

    field: str
    is_checked: bool
    stored: Any = attrs.field(repr=False)
    scanned: Any = attrs.field(repr=False)
    patch: dict[str, Any] = attrs.field(repr=False)


@frozen
class Conflict:
    """A field in which the document says something else than the profile, and why it is asked.

    ``why`` is ``different``, ``unknown script`` (no rule compares the two spellings), or
    ``another profile`` (the document is somebody else's).
    """

    change: Change
    why: str

    @property
    def field(self) -> str:
        return self.change.field


@frozen
class Proposal:
    """What a scan would do to a profile, or, where ``applied``, has done.

    ``profile_id`` is the profile given, or found by the number of the document; ``None`` if one
    would be created.  ``changes`` need no question; ``conflicts`` are written only where they are
    overwritten by name.  ``kept`` names the fields in which the stored spelling is the legal one of
    what was scanned.  ``holders`` are other profiles that have the document.
    """

    scan: Scan
    profile_id: str | None
    version: int | None
    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...]
    kept: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    applied: bool = False
    created: bool = False


def scan(
    engine: Engine,
    lines: str | Iterable[str] | Scan,
    profile_id: str | None = None,
    *,
    apply: bool = True,
    overwrite: Collection[str] = (),
    document_type: DocumentType | None = None,
    today: date | None = None,
) -> Proposal:
    """Read a document, find or create the profile, and fill it; a host calls ``engine.scan``.

    The profile is the one named, or the one that has the document's number, or a new one.  What is
    empty is filled; what differs is a conflict and stays, unless ``overwrite`` names its field.  A
    stored name that is written as on the document (Müller, MUELLER) stays as it is.  Doubtful
    fields are left out.  The provenance is ``scanner``, verified where a check digit holds.  All of
    it is one transaction.  Without ``apply`` nothing is written, and what would be is told.
    ``document_type`` is for what a code does not tell (a residence permit).

    :raises ZoneUnreadable: if there is no zone in ``lines``.
    :raises ScanDoubtful: on applying, if the number is doubtful and no profile is named, or the
        name and one would be created.
    :raises DocumentElsewhere: on applying, if the document is another profile's; to take it all the
        same, overwrite ``documents``.
    :raises InvalidProfile: if ``overwrite`` names what is in conflict never, and as
        :meth:`profilecore.Engine.update`.
    :raises NotFound: as :meth:`profilecore.Engine.get`.
    :raises ProfileCleared: if the person named was cleared.
    """
    found = lines if isinstance(lines, Scan) else read(lines, today=today or engine.now.date())
    if not apply:
        return _proposed(engine, found, profile_id, document_type or found.type)
    with engine.transaction():
        proposal = _proposed(engine, found, profile_id, document_type or found.type)
        return _applied(engine, proposal, frozenset(overwrite))


def _proposed(engine: Engine, found: Scan, profile_id: str | None, kind: DocumentType) -> Proposal:
    holders = list(_holders(engine, found, kind))
    profile: Profile | None
    if profile_id is None:
        profile = _same_person(holders, found)
        holders = [] if profile is not None else holders
    else:
        profile = engine.get(profile_id)
        if profile.state.is_cleared:
            raise ProfileCleared(profile.id)
        given = profile.id
        holders = [holder for holder in holders if holder.id != given]
    has_facet = FACET in engine.plugins.contributions.facets
    fill = _Fill(found, profile, kind, bool(holders), has_facet)
    fill.run()
    return Proposal(
        scan=found,
        profile_id=None if profile is None else profile.id,
        version=None if profile is None else profile.version,
        changes=tuple(fill.changes),
        conflicts=tuple(fill.conflicts),
        kept=tuple(fill.kept),
        holders=tuple(holder.id for holder in holders),
    )


def _holders(engine: Engine, found: Scan, kind: DocumentType) -> Iterator[Profile]:
    """Give the living profiles that have the document, as far as the actor sees them."""
    if not found.number:
        return
    key = ("document", compact(found.number))
    ids = engine.look_up([key], at_most=_MOST_HOLDERS).get(key, [])
    rows = [row["id"] for page in engine.extract(["id"], profile_ids=ids) for row in page]
    for id in rows:
        profile = engine.get(id)
        if _stored_document(profile, found, kind) is not None:
            yield profile


def _stored_document(profile: Profile, found: Scan, kind: DocumentType) -> IdentityDocument | None:
    """Give the stored document that the scanned one is: same number, nothing else against it."""
    number, country = compact(found.number or ""), found.issuer.alpha_2
    for document in profile.documents:
        if (
            number
            and compact(document.number or "") == number
            and _may_be(document.type, kind)
            and country in (None, document.country or country)
        ):
            return document
    return None


def _may_be(stored: DocumentType, kind: DocumentType) -> bool:
    kinds = {_BROADER.get(stored, stored), _BROADER.get(kind, kind)}
    return len(kinds) == 1 or DocumentType.OTHER in kinds


def _same_person(holders: list[Profile], found: Scan) -> Profile | None:
    """Give the one holder of the document, unless both name and birth date say somebody else."""
    if len(holders) != 1:
        return None
    (holder,) = holders
    born = found.birth_date
    other_birth = bool(holder.birth_date and born and not agrees(holder.birth_date, born))
    last = _surname(holder)
    other_name = bool(last and found.last_name) and (
        compare(last, found.last_name or "", may_be_cut=found.may_be_cut) is Likeness.DIFFERENT
    )
    return None if other_birth and other_name else holder


def _surname(profile: Profile) -> str:
    return " ".join(filter(None, (profile.last_name, profile.second_last_name)))


def _given(profile: Profile) -> str:
    return " ".join(filter(None, (profile.first_name, profile.middle_name)))


class _Fill:
    """Works out what a document changes in a profile, field by field."""

    def __init__(
        self,
        found: Scan,
        profile: Profile | None,
        kind: DocumentType,
        is_held: bool,
        has_facet: bool,
    ) -> None:
        self._scan = found
        self._profile = profile
        self._kind = kind
        self._is_held = is_held
        self._has_facet = has_facet
        self.changes: list[Change] = []
        self.conflicts: list[Conflict] = []
        self.kept: list[str] = []

    def run(self) -> None:
        scan, profile = self._scan, self._profile
        if scan.last_name:
            stored = _surname(profile) if profile else ""
            self._name("last_name", stored, scan.last_name, "second_last_name")
        if scan.first_name:
            stored = _given(profile) if profile else ""
            self._name("first_name", stored, scan.first_name, "middle_name")
        self._spelling()
        if scan.birth_date:
            self._birth_date(scan.birth_date)
        if scan.sex:
            self._sex(scan.sex)
        self._nationality()
        self._document()

    def _change(
        self, field: str, zone_field: str, stored: Any, scanned: Any, **patch: Any
    ) -> Change:
        return Change(field, self._scan.is_checked(zone_field), stored, scanned, patch)

    def _name(self, field: str, stored: str, scanned: str, rest: str) -> None:
        """Fill or compare one half of a name; ``rest`` is the field that its end may be in."""
        patch = {field: scanned}
        if self._profile and getattr(self._profile, rest):
            patch[rest] = None  # type: ignore[assignment]  # the scanned words are all of them
        change = self._change(field, "names", stored or None, scanned, **patch)
        if not stored:
            self.changes.append(change)
            return
        likeness = compare(stored, scanned, may_be_cut=self._scan.may_be_cut)
        if likeness in (Likeness.SAME, Likeness.CUT):
            self.kept.append(field)
        else:
            self.conflicts.append(Conflict(change, likeness.value))

    def _spelling(self) -> None:
        """Keep the spelling of the zone as another name, where a search would not find it."""
        scan, profile = self._scan, self._profile
        if profile is None or scan.may_be_cut or "last_name" not in self.kept:
            return
        if scan.first_name and "first_name" not in self.kept:
            return
        scanned = fold(" ".join(filter(None, (scan.first_name, scan.last_name))))
        known = {fold(" ".join(filter(None, name.words))) for name in profile.names}
        if scanned not in known:
            words = {"first_name": scan.first_name, "last_name": scan.last_name}
            name = {key: word for key, word in words.items() if word}
            self.changes.append(
                self._change(
                    "alternate_names", "names", None, name, alternate_names={"add": [name]}
                )
            )

    def _birth_date(self, scanned: str) -> None:
        stored = self._profile and self._profile.birth_date
        change = self._change("birth_date", "birth", stored, scanned, birth_date=scanned)
        if stored and not agrees(stored, scanned):
            self.conflicts.append(Conflict(change, Likeness.DIFFERENT.value))
        elif not stored or len(stored) < len(scanned):
            self.changes.append(change)

    def _sex(self, scanned: Sex) -> None:
        stored = self._profile and self._profile.sex
        change = self._change(
            "sex", "sex", stored and stored.value, scanned.value, sex=scanned.value
        )
        if stored in (None, Sex.NOT_STATED):
            self.changes.append(change)
        elif stored is not scanned:
            self.conflicts.append(Conflict(change, Likeness.DIFFERENT.value))

    def _nationality(self) -> None:
        nationality = self._scan.nationality
        code = nationality and nationality.alpha_2
        stored = self._profile.nationalities if self._profile else ()
        if code and code not in stored:
            self.changes.append(
                self._change(
                    "nationalities",
                    "nationality",
                    list(stored),
                    code,
                    nationalities={"add": [code]},
                )
            )
        word = _WITHOUT.get(nationality.code) if nationality else None
        if word is not None and self._has_facet:
            self._without_nationality(word)

    def _without_nationality(self, word: str) -> None:
        """Note that the person has none, in the facet that guest registration keeps for it."""
        held = self._profile.facets.get(FACET) if self._profile else None
        values = {} if held is None else attrs.asdict(held)
        if values.get(_INSTEAD) is None:
            facet = {FACET: values | {_INSTEAD: word}}
            self.changes.append(
                self._change(f"facets.{FACET}", "nationality", None, word, facets=facet)
            )

    def _document(self) -> None:
        if not self._scan.number:
            return
        stored = self._profile and _stored_document(self._profile, self._scan, self._kind)
        if stored:
            self._known_document(stored)
            return
        made = {
            "type": self._kind.value,
            "number": self._scan.number,
            "support_number": self._scan.support_number,
            "country": self._scan.issuer.alpha_2,
            "expires_on": self._scan.expires_on,
            "verified": self._scan.is_checked("number"),
        }
        values = {key: value for key, value in made.items() if value is not None}
        change = self._change("documents", "number", None, values, documents={"add": [values]})
        if self._is_held:
            self.conflicts.append(Conflict(change, "another profile"))
        else:
            self.changes.append(change)

    def _known_document(self, stored: IdentityDocument) -> None:
        """Fill what the stored document lacks; another day of expiry is asked."""
        expires = self._scan.expires_on
        more: dict[str, Any] = {}
        if stored.country is None and self._scan.issuer.alpha_2:
            more["country"] = self._scan.issuer.alpha_2
        if stored.support_number is None and self._scan.support_number:
            more["support_number"] = self._scan.support_number
        if stored.expires_on is None and expires:
            more["expires_on"] = expires
        if self._scan.is_checked("number") and not stored.verified:
            more["verified"] = True
        differs = stored.expires_on is not None and expires not in (None, stored.expires_on)
        asked = more | ({"expires_on": expires} if differs else {})
        if asked:
            before = {key: getattr(stored, key) for key in asked}
            patch = {"change": {stored.key: asked}}
            change = self._change("documents", "expiry", before, asked, documents=patch)
            if differs:
                self.conflicts.append(Conflict(change, Likeness.DIFFERENT.value))
            else:
                self.changes.append(change)


def _applied(engine: Engine, proposal: Proposal, overwrite: frozenset[str]) -> Proposal:
    strange = sorted(overwrite - OVERWRITABLE)
    if strange:
        message = f"must be one of {', '.join(sorted(OVERWRITABLE))}"
        raise InvalidProfile(
            [Problem(f"/overwrite/{f}", "unknown-field", message) for f in strange]
        )
    if proposal.holders and "documents" not in overwrite:
        raise DocumentElsewhere(proposal.holders)
    _require_sure(proposal)
    changes = [*proposal.changes, *(c.change for c in proposal.conflicts if c.field in overwrite)]
    conflicts = tuple(c for c in proposal.conflicts if c.field not in overwrite)
    profile = _written(engine, proposal, changes)
    return evolve(
        proposal,
        profile_id=profile.id,
        version=profile.version,
        changes=tuple(changes),
        conflicts=conflicts,
        applied=True,
        created=proposal.profile_id is None,
    )


def _require_sure(proposal: Proposal) -> None:
    if proposal.profile_id is not None:
        return
    needed = [name for name in ("number", "names") if name in proposal.scan.doubtful]
    if needed:
        raise ScanDoubtful(needed)


def _written(engine: Engine, proposal: Proposal, changes: list[Change]) -> Profile:
    """Write the changes: those that a check digit holds over as verified, the others not."""
    plain, checked = (_patch(changes, is_checked) for is_checked in (False, True))
    if proposal.profile_id is None:
        profile = engine.create(_as_new(plain), source=SOURCE)
    else:
        profile = engine.update(
            proposal.profile_id, plain, if_version=proposal.version, source=SOURCE
        )
    return engine.update(profile.id, checked, source=SOURCE, verified=True)


def _patch(changes: list[Change], is_checked: bool) -> dict[str, Any]:
    return {k: v for c in changes if c.is_checked is is_checked for k, v in c.patch.items()}


def _as_new(patch: dict[str, Any]) -> dict[str, Any]:
    """Give the patch of a profile that is not there yet as its values."""
    return {k: v["add"] if isinstance(v, dict) and k != "facets" else v for k, v in patch.items()}
