"""One set of plugins an engine: found, filtered by name, configured, loaded, isolated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import attrs
import pluggy

from profilecore import hooks
from profilecore.errors import Blocker, PluginError, Problem, WrongValue
from profilecore.hooks import (
    PROJECT,
    HeldElsewhere,
    Hooks,
    Matcher,
    ReferenceProvider,
    StaySource,
    Verb,
)

if TYPE_CHECKING:
    import logging
    from importlib.metadata import EntryPoint

    import click

    from profilecore.engine import Engine
    from profilecore.model.documents import DocumentKind
    from profilecore.model.events import Event
    from profilecore.rules.changing import Change
    from profilecore.rules.checks import Check
    from profilecore.rules.clearing import ClearPlan
    from profilecore.rules.merging import MergePlan
    from profilecore.rules.retention import RetentionRule
    from profilecore.rules.survivorship import Rule
    from profilecore.rules.terms import TermSource

GROUP = "profilecore.plugins"
T = TypeVar("T")


class Secret:
    """A configured secret: shows itself only when asked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"


@attrs.define(eq=False, repr=False)
class Contributions:
    """What the plugins registered, by kind; names are unique over all plugins."""

    facets: dict[str, type] = attrs.field(factory=dict)
    kinds: dict[str, DocumentKind] = attrs.field(factory=dict)
    survivorship: dict[str, Rule] = attrs.field(factory=dict)
    checks: dict[str, Check] = attrs.field(factory=dict)
    terms: list[TermSource] = attrs.field(factory=list)
    references: dict[str, ReferenceProvider] = attrs.field(factory=dict)
    stays: list[StaySource] = attrs.field(factory=list)
    elsewhere: dict[str, HeldElsewhere] = attrs.field(factory=dict)
    retention: dict[str, RetentionRule] = attrs.field(factory=dict)
    matchers: dict[str, Matcher] = attrs.field(factory=dict)
    verbs: dict[str, Verb] = attrs.field(factory=dict)


class Plugins:
    """The plugins of one engine.

    :param given: plugin modules, classes or instances the host passes in.
    :param discover: ``True`` loads every installed plugin, ``False`` none, a collection of names
        those alone.  Names are compared before anything is imported.
    :param block: names never to load.
    :param config: plugin name to the mapping its ``Config`` class is made from.
    :param strict: raise the first failure instead of leaving the plugin out and noting it.
    :param taken: names that no verb of a plugin may have.
    """

    def __init__(
        self,
        given: Iterable[object] = (),
        *,
        discover: bool | Iterable[str] = True,
        block: Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
        strict: bool = False,
        taken: Collection[str] = (),
    ) -> None:
        self.failures: list[PluginError] = []
        self._strict = strict
        self._taken = frozenset(taken)
        self._config = dict(config or {})
        self._blocked = frozenset(block)
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hooks)
        self._hooks = cast(Hooks, self._manager.hook)
        for plugin in given:
            self._add(_name_of(plugin), partial(_itself, plugin))
        for name, point in self._found(discover):
            self._add(name, point.load)
        self.contributions = self._contributions()
        for name in self._config.keys() - set(self.names) - {f.plugin for f in self.failures}:
            self._fail(PluginError(name, "config", "is configured but not loaded"))

    @property
    def names(self) -> list[str]:
        """The names of the loaded plugins, sorted."""
        return sorted(name for name, _ in self._manager.list_name_plugin())

    def hooks_of(self, name: str) -> list[str]:
        """Give the names of the hooks that a plugin implements."""
        callers = self._manager.get_hookcallers(self._manager.get_plugin(name)) or []
        return sorted(caller.name for caller in callers)

    def _found(self, discover: bool | Iterable[str]) -> Iterator[tuple[str, EntryPoint]]:
        if discover is False:
            return
        from importlib.metadata import entry_points

        if isinstance(discover, str):
            discover = (discover,)
        wanted = None if discover is True else set(discover)
        points: dict[str, EntryPoint] = {}
        for point in entry_points(group=GROUP):
            if point.name in self._blocked:
                continue
            if points.setdefault(point.name, point).value != point.value:
                self._fail(PluginError(point.name, "discovery", "is the name of two plugins"))
        for name in sorted(points):
            if wanted is None or name in wanted:
                yield name, points[name]
        for name in sorted((wanted or set()) - points.keys() - self._blocked):
            self._fail(PluginError(name, "discovery", "is not installed"))

    def _add(self, name: str, load: Callable[[], object]) -> None:
        try:
            plugin = self._configured(name, load())
            self._manager.register(plugin, name)
        except ConfigFault as fault:
            self._fail(PluginError(name, "config", str(fault)))
            return
        except (Exception, SystemExit) as error:  # noqa: BLE001  # isolates plugins
            self._fail(_plugin_error(name, "loading", error))
            return
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            self._manager.unregister(plugin)
            self._fail(_plugin_error(name, "loading", error, str(error)))

    def _configured(self, name: str, plugin: object) -> object:
        made: Callable[..., object] | None = plugin if isinstance(plugin, type) else None
        config = getattr(made, "Config", None)
        if made is not None and config is not None:
            return made(read_config(config, self._config.get(name, {}), f"config.{name}"))
        if self._config.get(name):
            raise ConfigFault("takes no configuration")
        return plugin if made is None else made()

    def _fail(self, error: PluginError) -> None:
        if self._strict:
            raise error
        _log().warning("%s", error)
        self.failures.append(error)

    def _contributions(self) -> Contributions:
        made = Contributions()
        for name in self.names:
            # All or nothing: a plugin that fails half way through contributes nothing.
            attempt = Contributions(*(copy(kind) for kind in attrs.astuple(made, recurse=False)))
            if self._contributes(name, attempt):
                made = attempt
        return made

    def _contributes(self, plugin: str, made: Contributions) -> bool:
        hooks = self._hooks
        for hook, register in (
            (hooks.profilecore_register_facets, _into(made.facets)),
            (hooks.profilecore_register_survivorship, _into(made.survivorship)),
            (hooks.profilecore_register_kinds, _named_into(made.kinds)),
            (hooks.profilecore_register_checks, _named_into(made.checks)),
            (hooks.profilecore_register_references, _named_into(made.references)),
            (hooks.profilecore_register_elsewhere, _named_into(made.elsewhere)),
            (hooks.profilecore_register_retention, _named_into(made.retention)),
            (hooks.profilecore_register_matchers, _named_into(made.matchers)),
            (hooks.profilecore_register_verbs, _verbs_into(made.verbs, self._taken)),
            (hooks.profilecore_register_terms, made.terms.append),
            (hooks.profilecore_register_stays, made.stays.append),
        ):
            for name, outcome in self._each(hook, plugin, register=register):
                if isinstance(outcome, BaseException):
                    self._manager.unregister(name=name)
                    self._fail(_plugin_error(name, _hook_name(hook), outcome))
                    return False
        return True

    def drop_facets(self, unknown_rules: Callable[[type], set[str]]) -> None:
        """Leave out facets whose fields name survivorship rules that nobody registered."""
        for name, cls in list(self.contributions.facets.items()):
            for rule in sorted(unknown_rules(cls)):
                problem = f"names an unknown survivorship rule, {rule}"
                self.contributions.facets.pop(name, None)
                self._fail(PluginError(name, "profilecore_register_facets", problem))

    def commands(self) -> list[click.Command]:
        """Give the commands that plugins add to the program."""
        made: dict[str, click.Command] = {}
        self._collect(self._hooks.profilecore_register_commands, register=_named_into(made))
        return list(made.values())

    def open(self, engine: Engine) -> None:
        """Tell every plugin which engine it belongs to."""
        self._collect(self._hooks.profilecore_on_open, engine=engine)

    def _collect(self, hook: Callable[..., list[None]], **arguments: object) -> None:
        for name, outcome in self._each(hook, **arguments):
            if isinstance(outcome, BaseException):
                self._fail(_plugin_error(name, _hook_name(hook), outcome))

    def _each(
        self, hook: Callable[..., list[Any]], only: str | None = None, /, **arguments: object
    ) -> Iterator[tuple[str, Any]]:
        """Call one hook plugin by plugin, by name, so that one cannot stop another."""
        caller = cast(pluggy.HookCaller, hook)
        for impl in sorted(caller.get_hookimpls(), key=lambda impl: impl.plugin_name):
            if only is None or impl.plugin_name == only:
                yield impl.plugin_name, _outcome(impl, arguments)

    def check_change(self, change: Change) -> list[Problem]:
        """Ask every plugin about a change."""
        return self._decide(
            self._hooks.profilecore_check_change,
            lambda name: Problem("/", "plugin-failed", f"plugin {name!r} could not decide"),
            change=change,
        )

    def check_merge(self, plan: MergePlan) -> list[Blocker]:
        """Ask every plugin about a merge."""
        return self._decide(self._hooks.profilecore_check_merge, _no_answer, plan=plan)

    def check_clear(self, plan: ClearPlan) -> list[Blocker]:
        """Ask every plugin about a clear; one that should be here and is not blocks it, too."""
        answers = self._decide(self._hooks.profilecore_check_clear, _no_answer, plan=plan)
        if self.failures:
            missing = {failure.plugin for failure in self.failures} - set(self.names)
            answers += map(_not_there, sorted(missing))
        return answers

    @property
    def asks_about_clears(self) -> bool:
        """Whether a clear depends on what a plugin answers at that moment."""
        hook = cast(pluggy.HookCaller, self._hooks.profilecore_check_clear)
        return bool(hook.get_hookimpls() or self.contributions.stays)

    def _decide(
        self,
        hook: Callable[..., list[Iterable[T] | None]],
        refuse: Callable[[str], T],
        **arguments: object,
    ) -> list[T]:
        answers: list[T] = []
        for name, answer in self._each(hook, **arguments):
            outcome = answer
            kind = type(refuse(name))
            if not isinstance(outcome, BaseException | list | None):
                outcome = TypeError(f"must give a list of {kind.__name__}")
            elif isinstance(outcome, list) and not all(isinstance(a, kind) for a in outcome):
                outcome = TypeError(f"must give {kind.__name__} only")
            if isinstance(outcome, BaseException):
                self._report(name, _hook_name(hook), outcome)
                answers.append(refuse(name))
            else:
                answers += outcome or ()
        return answers

    @property
    def judges_changes(self) -> bool:
        """Tell whether any plugin decides about changes."""
        return bool(cast(pluggy.HookCaller, self._hooks.profilecore_check_change).get_hookimpls())

    @property
    def observers(self) -> list[str]:
        """The names of the plugins that observe events, sorted."""
        caller = cast(pluggy.HookCaller, self._hooks.profilecore_on_event)
        return sorted(impl.plugin_name for impl in caller.get_hookimpls())

    def offer(self, event: Event, plugin: str) -> PluginError | None:
        """Offer an event to one observer; give the failure, if it failed."""
        caller = cast(pluggy.HookCaller, self._hooks.profilecore_on_event)
        for impl in caller.get_hookimpls():
            if impl.plugin_name == plugin:
                outcome = _outcome(impl, {"event": event})
                if isinstance(outcome, BaseException):
                    return self._report(plugin, "profilecore_on_event", outcome)
        return None

    def _report(self, plugin: str, hook: str, cause: BaseException) -> PluginError:
        error = _plugin_error(plugin, hook, cause)
        _log().error("%s", error)
        return error


def _outcome(impl: pluggy.HookImpl, arguments: Mapping[str, object]) -> Any:
    """Give what a plugin's function answers, or what it raised."""
    try:
        result = impl.function(*(arguments[name] for name in impl.argnames))
        # Answers may be generators: run them here, where their raise is caught.
        return list(result) if isinstance(result, Iterable) else result
    except (Exception, SystemExit) as error:  # noqa: BLE001  # isolates plugins
        return error


def _itself(plugin: object) -> object:
    return plugin


def _no_answer(name: str) -> Blocker:
    return Blocker("plugin-failed", f"Plugin {name!r} could not answer; its failure is in the log.")


def _not_there(name: str) -> Blocker:
    return Blocker(
        "plugin-not-loaded",
        f"Plugin {name!r} could not be loaded, so that nobody knows what it would say; mend it, "
        "or take it out of the settings.",
    )


def _plugin_error(
    plugin: str, hook: str, cause: BaseException, problem: str | None = None
) -> PluginError:
    # A foreign exception's text may hold a guest's data; its type does not.
    error = PluginError(plugin, hook, problem or type(cause).__name__)
    error.__cause__ = cause
    return error


def _name_of(plugin: object) -> str:
    named = getattr(plugin, "name", None)
    if isinstance(named, str):
        return named
    if isinstance(plugin, type):
        return plugin.__name__
    return str(getattr(plugin, "__name__", type(plugin).__name__))


def _log() -> logging.Logger:
    import logging

    return logging.getLogger("profilecore.plugins")


def _hook_name(hook: object) -> str:
    return str(cast(pluggy.HookCaller, hook).name)


def _into(target: dict[str, T]) -> Callable[[str, T], None]:
    def register(name: str, value: T) -> None:
        if name in target:
            raise ValueError(f"{name} is registered already")
        target[name] = value

    return register


def _named_into(target: dict[str, Any]) -> Callable[[Any], None]:
    put = _into(target)
    return lambda value: put(value.name, value)


def _verbs_into(target: dict[str, Verb], taken: frozenset[str]) -> Callable[[str, Verb], None]:
    put = _into(target)

    def register(name: str, verb: Verb) -> None:
        if not name.isidentifier() or name.startswith("_"):
            raise ValueError("the name of a verb must be a public identifier")
        if name in taken:
            raise ValueError(f"the engine has {name} itself")
        put(name, verb)

    return register


def read_config(cls: type[T], values: Mapping[str, Any], path: str = "config") -> T:
    """Make a configuration of an attrs class; unknown keys are refused.

    :raises ConfigFault: naming every key that is wrong, without its value.
    """
    if not values and not any(a.default is attrs.NOTHING for a in attrs.fields(cls)):  # type: ignore[arg-type]  # an attrs class
        return cls()
    from cattrs import Converter, transform_error
    from cattrs.errors import BaseValidationError

    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(Secret, lambda value, _: Secret(str(value)))
    converter.register_structure_hook(date, lambda value, _: _date(value))
    for kind in _STRICT:
        converter.register_structure_hook(kind, _strict)
    try:
        return converter.structure(values, cls)
    except BaseValidationError as error:
        faults: Sequence[str] = transform_error(error, path, format_exception=_fault)
        raise ConfigFault("; ".join(faults)) from None


def _fault(error: BaseException, cls: type | None) -> str:
    from cattrs.v import format_exception

    return str(error) if isinstance(error, WrongValue) else format_exception(error, cls)


_STRICT = {bool: "must be true or false", int: "must be a whole number", float: "must be a number"}


def _strict(value: Any, kind: type) -> Any:
    """Refuse what Python would take for it: ``true`` for 1, 1.5 for 1, or any text for true."""
    taken = {bool: (bool,), int: (int, str), float: (float, int, str)}
    if type(value) in taken[kind]:
        with suppress(ValueError):  # a number as text that is none
            return kind(value)
    raise WrongValue(_STRICT[kind])


def _date(value: Any) -> date:
    if isinstance(value, datetime):  # a date to Python, but it compares with none
        raise WrongValue("must be a date without a time, as 2027-01-31")
    return value if isinstance(value, date) else date.fromisoformat(value)


class ConfigFault(ValueError):
    """A plugin's configuration is wrong; the text names the keys."""
