"""The chain's own settings, and the retention rules in force under them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from profilecore.errors import PluginError
from profilecore.model.documents import DocumentKind
from profilecore.model.fields import Sensitivity
from profilecore.plugins import Secret
from profilecore.rules.inactivity import Inactivity
from profilecore.rules.retention import (
    Place,
    Retention,
    RetentionRule,
    Trust,
    faults_of,
    time_zone,
)
from profilecore.values import frozen


@frozen
class RetentionSettings:
    """Which retention rules are in force: all that are verified, but for these changes.

    ``on`` and ``off`` name rules; ``rules`` are the chain's own: one with the name of another
    takes its place.
    """

    on: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    rules: tuple[RetentionRule, ...] = ()


@frozen
class Settings:
    """The chain's own settings, read from ``config["profilecore"]``.

    ``region`` is the country of telephone numbers in national form where nothing else tells it;
    ``custom_fields`` declares the custom fields with their sensitivity; ``trusted_sources`` are
    in falling order of trust; ``scrub`` is ``at-once`` or ``deferred``; ``reimport`` says what
    happens to a cleared external id that comes again: ``refuse`` or ``new``; ``file_limit`` is
    in bytes.

    ``properties`` tells the country and time zone of each property, which decide by which laws
    and clocks its guests' data are kept; ``timezone`` is the chain's own.  ``retention`` changes
    the retention rules, ``inactivity`` is the policy of automatic clears.  ``ledger`` is a file
    outside the store that records each clear.  With a ``suppression_key``, kept apart from the
    store, people who objected are recognised when an import brings them again.
    """

    region: str | None = None
    custom_fields: dict[str, Sensitivity] = attrs.field(factory=dict)
    trusted_sources: tuple[str, ...] = ()
    scrub: str = attrs.field(
        default="at-once", validator=attrs.validators.in_(("at-once", "deferred"))
    )
    reimport: str = attrs.field(default="refuse", validator=attrs.validators.in_(("refuse", "new")))
    file_limit: int = 20 * 2**20
    properties: dict[str, Place] = attrs.field(factory=dict)
    timezone: str = attrs.field(default="UTC", validator=time_zone)
    retention: RetentionSettings = attrs.field(factory=RetentionSettings)
    inactivity: Inactivity = attrs.field(factory=Inactivity)
    ledger: str | None = None
    suppression_key: Secret | None = None

    @property
    def scrubs_at_once(self) -> bool:
        """Tell whether each clear scrubs the store before it is given back."""
        return self.scrub == "at-once"


def retention_of(
    settings: Settings,
    registered: Mapping[str, RetentionRule],
    kinds: Mapping[str, DocumentKind],
) -> Retention:
    """Give the rules in force and the places they apply to.

    :raises PluginError: naming what is wrong with the settings.
    """
    known = known_rules(settings, registered)
    faults = list(_faults(settings, known, kinds))
    if faults:
        raise PluginError("profilecore", "config", "; ".join(faults))
    chosen = settings.retention
    own = {rule.name for rule in chosen.rules}
    in_force = [
        rule
        for rule in known.values()
        if rule.name not in chosen.off
        and (rule.trust is not Trust.UNVERIFIED or rule.name in own or rule.name in chosen.on)
    ]
    off = known.keys() - {rule.name for rule in in_force}
    return Retention(tuple(in_force), settings.properties, frozenset(off))


def known_rules(
    settings: Settings, registered: Mapping[str, RetentionRule]
) -> dict[str, RetentionRule]:
    """Give every rule by name, in order of the names: registered ones, replaced by the chain's."""
    own = {rule.name: rule for rule in settings.retention.rules}
    return dict(sorted({**registered, **own}.items()))


def _faults(
    settings: Settings, known: Mapping[str, RetentionRule], kinds: Mapping[str, DocumentKind]
) -> Iterator[str]:
    for name in (*settings.retention.on, *settings.retention.off):
        if name not in known:
            yield f"retention: there is no rule {name}"
    for rule in settings.retention.rules:
        for fault in faults_of(rule, kinds):
            yield f"retention: {fault}"
