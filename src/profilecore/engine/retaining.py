"""Which retention rules are known, and whether the settings let them do their work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from enum import Enum

from profilecore.engine.kernel import Kernel
from profilecore.engine.persons import hosts_stays
from profilecore.engine.settings import Settings, known_rules
from profilecore.engine.unit import PROFILE
from profilecore.errors import ScopeDenied
from profilecore.model.enums import State
from profilecore.model.profile import Profile
from profilecore.model.stay import Stay
from profilecore.rules.periods import last_day
from profilecore.rules.retention import RetentionRule, Trust, faults_of
from profilecore.values import frozen

READ = 500
# Four years have every month and every leap day that a period can meet.
_DAYS = 4 * 366

Watch = Callable[[int, int], object]


class Standing(Enum):
    """Why a rule is in force (the first three) or off."""

    REGISTERED = "registered"
    SWITCHED_ON = "switched-on"
    OWN = "own"
    SWITCHED_OFF = "switched-off"
    UNVERIFIED = "unverified"


@frozen
class KnownRule:
    """A retention rule that the engine knows, and how the chain's settings take it.

    ``properties`` are those that are in its country, by the settings; of a rule that goes by the
    guest's residence there are none.
    """

    rule: RetentionRule
    standing: Standing
    properties: tuple[str, ...] = ()

    @property
    def in_force(self) -> bool:
        """Tell whether it holds anything or ends anything at all."""
        return self.standing not in (Standing.SWITCHED_OFF, Standing.UNVERIFIED)

    @property
    def needs_property(self) -> bool:
        """Tell whether it is about a country's properties alone."""
        return self.rule.country is not None and not self.rule.clock.is_of_person


@frozen
class Finding:
    """Something in the settings of retention that is wrong, or open: for somebody to decide.

    What ``is_wrong`` lets data go that a law may want kept, or leaves a setting without effect.
    ``rules`` are the names of those concerned, ``property_id`` the property, and ``stays``
    counts its stays.
    """

    code: str
    message: str
    is_wrong: bool = False
    rules: tuple[str, ...] = ()
    property_id: str | None = None
    stays: int = 0


def retention_rules(kernel: Kernel) -> list[KnownRule]:
    registered = kernel.plugins.contributions.retention
    known = known_rules(kernel.settings, registered).values()
    return [
        KnownRule(rule, _standing(rule, kernel), _properties(rule, kernel.settings))
        for rule in known
    ]


def is_about_something(kernel: Kernel, rule: RetentionRule) -> bool:
    """Tell whether anything here keeps records of the kind that a rule is about."""
    return rule.record_kind == PROFILE or rule.record_kind in kernel.kinds


def _standing(rule: RetentionRule, kernel: Kernel) -> Standing:
    chosen = kernel.settings.retention
    if rule.name not in kernel.retention.names:
        return Standing.SWITCHED_OFF if rule.name in chosen.off else Standing.UNVERIFIED
    if any(own.name == rule.name for own in chosen.rules):
        return Standing.OWN
    return Standing.REGISTERED if rule.trust is not Trust.UNVERIFIED else Standing.SWITCHED_ON


def _properties(rule: RetentionRule, settings: Settings) -> tuple[str, ...]:
    if rule.clock.is_of_person:
        return ()
    places = sorted(settings.properties.items())
    return tuple(id for id, place in places if rule.country in (None, place.country))


def check_retention(kernel: Kernel, watch: Watch | None) -> list[Finding]:
    if kernel.actor.property_id is not None:
        raise ScopeDenied("check the retention of the chain")
    known = [each for each in retention_rules(kernel) if each.in_force]
    found = [*_of_properties(kernel, watch), *_of_settings(kernel, known)]
    for each in known:
        found += _of_rule(each, kernel)
    return sorted(found, key=lambda finding: not finding.is_wrong)


# ---- properties


def _of_properties(kernel: Kernel, watch: Watch | None) -> Iterator[Finding]:
    places = kernel.settings.properties
    for property_id, count in sorted(_stays_by_property(kernel, watch).items()):
        place = places.get(property_id)
        if place is None or place.country is None:
            message = (
                f"{property_id} has no country in the settings, so that no country's law holds "
                f"anything of its stays ({count}). Set its country."
            )
            yield Finding(
                "no-country", message, is_wrong=True, property_id=property_id, stays=count
            )


def _stays_by_property(kernel: Kernel, watch: Watch | None) -> Mapping[str, int]:
    """Count the stays of people who were not cleared, the host's own included.

    It goes by profiles, which are never deleted as stays may be.
    """
    counts: dict[str, int] = {}
    seen = 0
    for page in kernel.pages(PROFILE, READ):
        profiles = [kernel.codec.load(Profile, document.body) for document in page]
        ids = [p.id for p in profiles if p.state in (State.ACTIVE, State.MERGED)]
        with kernel.reading() as reader:
            stored = [kernel.codec.load(Stay, d.body) for d in reader.owned(ids, "stay")]
            everybody = reader.count(PROFILE)
        for stay in (*stored, *(hosts_stays(kernel, ids) if ids else ())):
            counts[stay.property_id] = counts.get(stay.property_id, 0) + 1
        seen += len(page)
        if watch is not None:
            watch(seen, everybody)
    return counts


# ---- rules and settings


def _of_settings(kernel: Kernel, known: list[KnownRule]) -> Iterator[Finding]:
    if kernel.settings.timezone == "UTC":
        message = (
            "No time zone of the chain is set, so that its days end by UTC. Set timezone, and "
            "that of each property that has another."
        )
        yield Finding("no-time-zone", message)
    abroad = tuple(k.rule.name for k in known if k.needs_property and not k.properties)
    if abroad:
        countries = sorted({str(k.rule.country) for k in known if k.rule.name in abroad})
        message = (
            f"No property is in {', '.join(countries)}, so that the rules of these countries hold "
            f"nothing. That is as it should be, unless a property's country is missing."
        )
        yield Finding("no-property", message, rules=abroad)


def _of_rule(known: KnownRule, kernel: Kernel) -> Iterator[Finding]:
    rule = known.rule
    for fault in faults_of(rule, kernel.kinds):
        yield Finding("faulty-rule", f"{fault}.", is_wrong=True, rules=(rule.name,))
    yield from _of_kind(known, kernel)
    if rule.minimum and rule.maximum and _is_shorter(rule.maximum, rule.minimum):
        message = (
            f"{rule.name}: the maximum {rule.maximum} is shorter than the minimum {rule.minimum}; "
            f"what must go would still be held."
        )
        yield Finding("maximum-before-minimum", message, is_wrong=True, rules=(rule.name,))
    if rule.trust is Trust.UNVERIFIED:
        message = (
            f"{rule.name} is in force, but nobody has read the law for it. Have a lawyer confirm "
            f"it before you rely on it."
        )
        yield Finding("unverified-rule", message, rules=(rule.name,))


def _of_kind(known: KnownRule, kernel: Kernel) -> Iterator[Finding]:
    """Tell of a rule about records that nothing here keeps."""
    rule = known.rule
    if is_about_something(kernel, rule):
        return
    keeps_fields = bool(rule.minimum and rule.fields)
    if keeps_fields and rule.maximum is None:
        return
    asked_for = known.standing in (Standing.OWN, Standing.SWITCHED_ON)
    if known.needs_property and not known.properties and not asked_for:
        return
    nothing = "its maximum ends nothing" if keeps_fields else "it does nothing"
    message = f"{rule.name}: no plugin keeps records of the kind {rule.record_kind}, so {nothing}."
    wrong = asked_for and not keeps_fields
    yield Finding("unknown-kind", message, is_wrong=wrong, rules=(rule.name,))


def _is_shorter(one: str, other: str) -> bool:
    """Tell whether a period is shorter than another from any day on."""
    days = (date(2024, 1, 1) + timedelta(days=number) for number in range(_DAYS))
    return one != other and any(last_day(day, one) < last_day(day, other) for day in days)
