"""What a profile owns: holds, stays, files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from profilecore.engine.kernel import Kernel
from profilecore.engine.persons import hosts_stays
from profilecore.engine.profiles import stay_key, stay_terms
from profilecore.engine.unit import PROFILE, Unit
from profilecore.errors import InvalidProfile, NotFound, Problem, ProfileCleared, ScopeDenied
from profilecore.model.documents import Activity, FileRecord, Hold
from profilecore.model.enums import State
from profilecore.model.events import (
    ACTIVITY_RECORDED,
    FILE_ATTACHED,
    FILE_DETACHED,
    HOLD_PLACED,
    HOLD_RELEASED,
    STAY_RECORDED,
)
from profilecore.model.fields import evolve, fields_of
from profilecore.model.profile import Profile
from profilecore.model.reading import Reading
from profilecore.model.stay import Stay
from profilecore.normalise.text import clean
from profilecore.rules.changing import UNSET, Unset
from profilecore.rules.retention import names_something
from profilecore.rules.visibility import Actor, may_see
from profilecore.store.port import Reader

STAY_FIELDS = frozenset(
    a.name for a in fields_of(Stay) if a.name not in ("id", "version", "profile_id", "stamp")
)
# Content is told by its first bytes, never by its name.
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


def place_hold(
    kernel: Kernel,
    profile_id: str,
    kind: str,
    property_id: str | None,
    ref: str | None,
    expected_on: date | None,
    keeps: Iterable[str],
) -> Hold:
    actor = kernel.actor
    property_id = property_id if property_id is not None else actor.property_id
    if not may_see(property_id, actor):
        raise ScopeDenied("place a hold for another property")
    given = {"kind": kind, "property_id": property_id, "ref": ref, "expected_on": expected_on}
    reading = Reading()
    good = reading.fields(Hold, given)
    good["keeps"] = _kept_paths(kernel, keeps, reading)
    if good.get("kind") is None and not reading.problems:
        reading.problems.append(Problem("/kind", "missing", "is required"))
    if reading.problems:
        raise InvalidProfile(reading.problems)
    with kernel.writing() as unit:
        profile = _to_hold(kernel, unit.writer, profile_id, good["keeps"])
        _check_ids(kernel, unit.writer, profile, good["keeps"])
        hold = Hold(
            id=kernel.new_id(),
            profile_id=profile_id,
            placed=kernel.occasion().stamp,
            **good,
        )
        unit.put("hold", hold.id, profile_id, hold, expect=0, property_id=hold.property_id)
        unit.emit(HOLD_PLACED, profile.id, subject=hold.id, scope=hold.property_id)
        if profile.state is State.RESTRICTED:
            _keep_on(unit, profile.id)
    return hold


def _keep_on(unit: Unit, id: str) -> None:
    """Note anew what is kept of a restricted person, which the chain knows as a whole."""
    from profilecore.engine.clearing import finish

    with unit.kernel.acting(Actor(unit.kernel.actor.id)):
        finish(unit, id)


def _kept_paths(kernel: Kernel, keeps: Iterable[str], reading: Reading) -> tuple[str, ...]:
    paths = (keeps,) if isinstance(keeps, str) else tuple(keeps)
    for number, path in enumerate(paths):
        what, _, name = path.partition(".")
        kind = what.partition("/")[0]
        if not names_something(f"{kind}.{name}" if name else kind, kernel.kinds):
            message = "must name profile.<field>, a kind, kind.<field> or kind/<id>"
            reading.problems.append(Problem(f"/keeps/{number}", "unknown-value", message))
    return paths


def _to_hold(kernel: Kernel, reader: Reader, id: str, keeps: tuple[str, ...]) -> Profile:
    """Give whom a hold may be placed on: the living, and to keep what is still there."""
    root = kernel.root(reader, id)
    return root if keeps and root.state is State.RESTRICTED else kernel.living(reader, id)


def _check_ids(kernel: Kernel, reader: Reader, root: Profile, keeps: tuple[str, ...]) -> None:
    """Refuse to keep a document that the person does not have: nothing would be kept."""
    named = {path: path.partition(".")[0] for path in keeps if "/" in path}
    owned = reader.owned(root.family) if named else []
    there = {f"{d.kind}/{d.id}" for d in owned if may_see(d.property_id, kernel.actor)}
    problems = [
        Problem(f"/keeps/{number}", "unknown-value", "must name a document of this person")
        for number, path in enumerate(keeps)
        if path in named and named[path] not in there
    ]
    if problems:
        raise InvalidProfile(problems)


def release_hold(kernel: Kernel, hold_id: str) -> Hold:
    with kernel.writing() as unit:
        document, hold = kernel.stored(unit.writer, "hold", hold_id, Hold, whatever_state=True)
        if hold.released is not None:
            return hold
        released = evolve(hold, released=kernel.occasion().stamp)
        unit.put(
            "hold",
            hold.id,
            document.owner,
            released,
            expect=document.version,
            property_id=document.property_id,
        )
        owner = kernel.root(unit.writer, document.owner)
        unit.emit(HOLD_RELEASED, owner.id, subject=hold.id, scope=document.property_id)
        if owner.state is State.RESTRICTED:
            _keep_on(unit, owner.id)
        elif hold.keeps and owner.state is State.ACTIVE:
            # Something it kept may be past its longest time.
            from profilecore.engine.agenda import schedule

            schedule(unit, kernel.now(), [owner.id])
    return released


def holds(kernel: Kernel, profile_id: str) -> list[Hold]:
    with kernel.reading() as reader:
        return kernel.owned(reader, kernel.root(reader, profile_id), "hold", Hold)


def record_activity(kernel: Kernel, profile_id: str, given: date | None) -> None:
    today = kernel.today(kernel.now())(None)
    day = _active_day(given, today)
    with kernel.writing() as unit:
        profile = kernel.living(unit.writer, profile_id)
        for document in unit.writer.owned(profile.family, "activity"):
            known = kernel.codec.load(Activity, document.body)
            if known.active_on >= day:
                return
            newer = evolve(known, active_on=day)
            unit.put("activity", known.id, document.owner, newer, expect=document.version)
            break
        else:
            made = Activity(kernel.new_id(), profile_id, day)
            unit.put("activity", made.id, profile_id, made, expect=0)
        unit.emit(ACTIVITY_RECORDED, profile.id)


def _active_day(given: date | None, today: date) -> date:
    """Read the day of an activity; at a property it may be tomorrow already, but not later."""
    if given is None:
        return today
    reading = Reading()
    day: date | None = reading.fields(Activity, {"active_on": given}).get("active_on")
    if day is not None and day <= today + timedelta(days=1):
        return day
    if day is not None:
        reading.problems.append(Problem("/active_on", "out-of-range", "must not lie ahead"))
    raise InvalidProfile([evolve(problem, path="/day") for problem in reading.problems])


def record_stay(kernel: Kernel, profile_id: str, given: Stay | Mapping[str, Any]) -> Stay:
    values = _stay_values(given)
    if not may_see(values["property_id"], kernel.actor):
        raise ScopeDenied("record a stay of another property")
    place = kernel.settings.properties.get(values["property_id"])
    if place is not None and place.country is not None:
        values["country"] = place.country
    with kernel.writing() as unit:
        profile = kernel.living(unit.writer, profile_id)
        key = _stay_key(kernel, values)
        known = unit.writer.find(key, 1) if key is not None else []
        document = unit.writer.get("stay", known[0]) if known else None
        if document is not None and document.owner not in profile.family:
            problem = Problem("/reference", "taken", "is the number of another guest's stay")
            raise InvalidProfile([problem])
        old = Stay() if document is None else kernel.codec.load(Stay, document.body)
        if "companions" in values:
            values["companions"] = _company(kernel, unit.writer, values["companions"], old)
        if document is not None:
            stay = evolve(old, **_with_nights(values, old))
            if stay == old:
                return stay
            stay = evolve(stay, version=old.version + 1, stamp=kernel.occasion().stamp)
            owner, expect = document.owner, document.version
        else:
            stay = Stay(
                id=kernel.new_id(),
                profile_id=profile_id,
                version=1,
                stamp=kernel.occasion().stamp,
                **_with_nights(values, old),
            )
            owner, expect = profile_id, 0
        terms = stay_terms(kernel, stay)
        unit.put("stay", stay.id, owner, stay, expect=expect, terms=terms)
        unit.emit(STAY_RECORDED, profile.id, subject=stay.id)
    return stay


def _company(kernel: Kernel, reader: Reader, ids: tuple[str, ...], old: Stay) -> tuple[str, ...]:
    """Leave out those who were cleared: the system that tells of the stay may name them still.

    Who is kept for the sake of this stay stays in it, whoever tells of it.
    """
    stored = reader.get_many(PROFILE, list(dict.fromkeys((*ids, *old.companions))))
    states = {p.id: p.state for p in (kernel.codec.load(Profile, d.body) for d in stored)}
    kept = [id for id in old.companions if states.get(id) is State.RESTRICTED]
    living = [id for id in ids if id not in states or not states[id].is_cleared]
    return tuple(dict.fromkeys((*living, *kept)))


def _stay_values(given: Stay | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(given, Mapping):
        plain = {k: v for k, v in given.items() if v is not UNSET}
    else:
        blank = Stay()
        plain = {
            name: value
            for name in STAY_FIELDS
            if (value := getattr(given, name)) != getattr(blank, name)
        }
    reading = Reading()
    good = reading.fields(Stay, plain, only=STAY_FIELDS)
    good = {name: value for name, value in good.items() if value is not None}
    if not good.get("property_id") and "property_id" not in {p.path[1:] for p in reading.problems}:
        reading.problems.append(Problem("/property_id", "missing", "is required"))
    _check_dates(good.get("arrival"), good.get("departure"), reading)
    if reading.problems:
        raise InvalidProfile(reading.problems)
    return good


def _check_dates(arrival: date | None, departure: date | None, reading: Reading) -> None:
    if arrival and departure and departure < arrival:
        message = "must not lie before the arrival"
        reading.problems.append(Problem("/departure", "invalid-value", message))


def _with_nights(given: Mapping[str, Any], old: Stay) -> dict[str, Any]:
    """Check the dates of a stay as a whole, and count its nights where nobody else did."""
    values = dict(given)
    arrival, departure = (values.get(n, getattr(old, n)) for n in ("arrival", "departure"))
    reading = Reading()
    _check_dates(arrival, departure, reading)
    if reading.problems:
        raise InvalidProfile(reading.problems)
    if arrival and departure and (values.keys() & {"arrival", "departure"}):
        values.setdefault("nights", (departure - arrival).days)
    return values


def _stay_key(kernel: Kernel, values: Mapping[str, Any]) -> int | None:
    reference = values.get("reference")
    if reference is None:
        return None
    return stay_key(kernel, values["property_id"], reference)


def stays(kernel: Kernel, profile_id: str) -> list[Stay]:
    with kernel.reading() as reader:
        profile = kernel.root(reader, profile_id)
        own = _in_company(kernel, reader, kernel.owned(reader, profile, "stay", Stay))
    kernel.note_reading(profile)
    own += hosts_stays(kernel, profile.family)
    return sorted(own, key=lambda s: (s.arrival is None, s.arrival, s.property_id, s.id))


def _in_company(kernel: Kernel, reader: Reader, stays: list[Stay]) -> list[Stay]:
    """Give stays without those companions who are kept for a purpose that is not the actor's."""
    ids = list(dict.fromkeys(id for stay in stays for id in stay.companions))
    stored = (kernel.codec.load(Profile, d.body) for d in reader.get_many(PROFILE, ids))
    hidden = {
        profile.id
        for profile in stored
        if profile.state is State.RESTRICTED
        and all(held.rule != kernel.actor.purpose for held in profile.held)
    }
    if not hidden:
        return stays
    return [
        evolve(stay, companions=tuple(id for id in stay.companions if id not in hidden))
        for stay in stays
    ]


def attach(
    kernel: Kernel,
    profile_id: str,
    name: str,
    content: bytes,
    given_property: str | Unset | None,
) -> FileRecord:
    actor = kernel.actor
    property_id = actor.property_id if isinstance(given_property, Unset) else given_property
    if not may_see(property_id, actor):
        raise ScopeDenied("attach a file for another property")
    found = next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)
    limit = kernel.settings.file_limit
    if found is None or len(content) > limit:
        message = "must be PDF, BMP, GIF, JPEG, PNG or TIFF by its content"
        if found is not None:
            message = f"must have at most {limit} bytes"
        raise InvalidProfile([Problem("/content", "invalid-file", message)])
    try:
        # The name is what a person called it; it never becomes a path.
        name = clean(name.replace("\\", "/").rpartition("/")[2], 255)
    except ValueError as error:
        raise InvalidProfile([Problem("/name", "invalid-value", str(error))]) from None
    if not name.strip("."):
        raise InvalidProfile([Problem("/name", "missing", "must name a file")])
    with kernel.writing() as unit:
        profile = kernel.living(unit.writer, profile_id)
        record = FileRecord(
            id=kernel.new_id(),
            profile_id=profile_id,
            name=name,
            content_type=found,
            size=len(content),
            property_id=property_id,
            attached=kernel.occasion().stamp,
        )
        unit.put("file", record.id, profile_id, record, expect=0, property_id=property_id)
        unit.writer.put_blob(record.id, content)
        unit.emit(FILE_ATTACHED, profile.id, subject=record.id, scope=property_id)
    return record


def files(kernel: Kernel, profile_id: str) -> list[FileRecord]:
    with kernel.reading() as reader:
        root = kernel.root(reader, profile_id)
        found = kernel.owned(reader, root, "file", FileRecord)
    kernel.note_reading(root)
    return found


def read_file(kernel: Kernel, file_id: str) -> bytes:
    with kernel.reading() as reader:
        document, _ = kernel.stored(reader, "file", file_id, FileRecord)
        content = reader.blob(file_id)
        root = kernel.owner_of(reader, document)
    kernel.note_reading(root)
    if content is None:
        raise NotFound("file", file_id)
    return content


def detach(kernel: Kernel, file_id: str) -> None:
    with kernel.writing() as unit:
        document, _ = kernel.stored(unit.writer, "file", file_id, FileRecord)
        owner = kernel.owner_of(unit.writer, document)
        if owner.state.is_cleared:
            raise ProfileCleared(owner.id)
        unit.writer.delete("file", file_id)
        unit.writer.delete_blob(file_id)
        unit.emit(FILE_DETACHED, owner.id, subject=file_id, scope=document.property_id)
