"""Finding, choosing, configuring and isolating plugins."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from kit import open_engine

from profilecore import Blocker, Engine, PluginError, Secret, hookimpl
from profilecore.model.fields import Clear, Search, Sensitivity, field, record
from profilecore.plugins import GROUP, Plugins
from profilecore.rules.checks import Check

GUEST = {"last_name": "García"}


class Sound:
    name = "sound"

    @hookimpl
    def profilecore_register_checks(self, register: Callable[[Check], None]) -> None:
        register(Check("sound", "Sound", lambda profile, on: []))


def failure(engine: Engine) -> PluginError:
    (only,) = engine.plugins.failures
    return only


def works(engine: Engine) -> bool:
    """Tell whether the sound plugin is there, whatever befell another."""
    return engine.check(engine.create(GUEST).id, "sound") == []


# ---- plugins that cannot be loaded


def broken(what: str) -> Any:
    """Make a plugin that is broken in one way."""

    def register(self: Any, register: Any) -> None:
        register(Check("first", "First", lambda profile, on: []))
        if what == "raises":
            raise ValueError("Ana García")
        raise SystemExit(3)

    class Broken:
        name = "broken"

        def __init__(self) -> None:
            if what == "making":
                raise OSError("Ana García")

    if what in ("raises", "exits"):
        Broken.profilecore_register_checks = hookimpl(register)  # type: ignore[attr-defined]
    if what == "misspelt":
        Broken.profilecore_on_evnt = hookimpl(lambda self, event: None)  # type: ignore[attr-defined]
    if what == "wrong parameter":
        Broken.profilecore_on_event = hookimpl(lambda self, happening: None)  # type: ignore[attr-defined]
    return Broken


@pytest.mark.parametrize(
    ("what", "hook", "said"),
    [
        ("making", "loading", "OSError"),
        ("raises", "profilecore_register_checks", "ValueError"),
        ("exits", "profilecore_register_checks", "SystemExit"),
        ("misspelt", "loading", "profilecore_on_evnt"),
        ("wrong parameter", "loading", "PluginValidationError"),
    ],
)
def test_a_broken_plugin_is_left_out_and_named(what: str, hook: str, said: str) -> None:
    engine = open_engine(plugins=[broken(what), Sound()])
    named = failure(engine)
    assert (named.plugin, named.hook) == ("broken", hook)
    assert said in str(named)
    assert "Ana" not in str(named)
    assert "broken" not in engine.plugins.names
    assert "first" not in engine.plugins.contributions.checks
    assert works(engine)


@pytest.mark.parametrize("what", ["making", "raises", "exits", "misspelt", "wrong parameter"])
def test_in_strict_mode_a_broken_plugin_is_fatal(what: str) -> None:
    with pytest.raises(PluginError) as raised:
        open_engine(plugins=[broken(what)], strict=True)
    assert raised.value.plugin == "broken"


def test_a_plugin_that_fails_half_way_contributes_nothing() -> None:
    class Half:
        name = "half"

        @hookimpl
        def profilecore_register_checks(self, register: Any) -> None:
            register(Check("half", "Half", lambda profile, on: []))

        @hookimpl
        def profilecore_register_terms(self, register: Any) -> None:
            raise ValueError

        @hookimpl
        def profilecore_check_clear(self, plan: Any) -> list[Blocker]:
            return [Blocker("half", "Half.")]

    engine = open_engine(plugins=[Half(), Sound()])
    assert "half" not in engine.plugins.contributions.checks
    # Nobody knows what it would say of a clear.
    blockers = engine.plan_clear(engine.create(GUEST).id).blockers
    assert [blocker.code for blocker in blockers] == ["plugin-not-loaded"]
    assert works(engine)


def test_a_name_is_taken_once() -> None:
    engine = open_engine(plugins=[Sound(), Sound()])
    assert (failure(engine).plugin, failure(engine).hook) == ("sound", "loading")
    assert works(engine)


def test_two_plugins_cannot_register_the_same_name() -> None:
    class Other(Sound):
        name = "z-other"

    engine = open_engine(plugins=[Other(), Sound()])
    assert failure(engine).plugin == "z-other"
    assert works(engine)


def test_the_order_of_plugins_changes_nothing() -> None:
    class Other(Sound):
        name = "a-other"

    for plugins in ([Other(), Sound()], [Sound(), Other()]):
        assert failure(open_engine(plugins=plugins)).plugin == "sound"


def test_two_engines_share_no_plugin_state() -> None:
    engines = [open_engine(plugins=[Sound]), open_engine()]
    assert [e.plugins.names for e in engines] == [
        ["checklist", "laws", "sound"],
        ["checklist", "laws"],
    ]
    assert all(e.plugins.failures == [] for e in engines)


def test_a_module_is_a_plugin_too() -> None:
    import types

    module = types.ModuleType("pluginmodule")
    module.profilecore_on_event = hookimpl(lambda event: None)  # type: ignore[attr-defined]
    engine = open_engine(plugins=[module])
    assert "pluginmodule" in engine.plugins.names
    assert engine.plugins.hooks_of("pluginmodule") == ["profilecore_on_event"]


# ---- deciders that fail


@pytest.mark.parametrize(
    "answer", [lambda: 7, lambda: ["no"], lambda: Blocker("x", "X."), lambda: 1 / 0]
)
def test_a_decider_that_gives_nonsense_refuses(answer: Callable[[], Any]) -> None:
    class Nonsense:
        name = "nonsense"

        @hookimpl
        def profilecore_check_change(self, change: Any) -> Any:
            return answer()

        @hookimpl
        def profilecore_check_merge(self, plan: Any) -> Any:
            return answer()

    plugin = Nonsense()
    engine = open_engine(plugins=[plugin])
    with pytest.raises(ValueError, match="nonsense"):
        engine.create(GUEST)
    assert engine.search().items == ()


# ---- configuration


@attrs.frozen
class BillingConfig:
    url: str
    token: Secret = Secret("none")  # noqa: RUF009  # immutable
    tries: int = 3


class Billing:
    name = "billing"
    Config = BillingConfig

    def __init__(self, config: BillingConfig) -> None:
        self.config = config
        MADE.append(self)


MADE: list[Billing] = []


def configured(**values: Any) -> Engine:
    MADE.clear()
    return open_engine(plugins=[Billing], config={"billing": values})


def test_a_plugin_is_made_with_its_configuration() -> None:
    engine = configured(url="https://billing.example", token="hush", tries="5")
    assert engine.plugins.failures == []
    config = MADE[0].config
    assert (config.url, config.tries, config.token.reveal()) == (
        "https://billing.example", 5, "hush",
    )  # fmt: skip
    assert "hush" not in f"{config!r} {config}"


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"url": "x", "tokn": "hush"}, "tokn"),
        ({"url": "x", "tries": "many"}, "tries"),
        ({"token": "hush"}, "url"),
    ],
)
def test_a_wrong_configuration_names_the_key_and_no_value(values: Any, key: str) -> None:
    engine = configured(**values)
    assert (failure(engine).plugin, failure(engine).hook) == ("billing", "config")
    assert key in str(failure(engine))
    assert "hush" not in str(failure(engine))
    assert "billing" not in engine.plugins.names


def test_a_required_key_is_named_also_where_nothing_is_configured() -> None:
    engine = configured()
    assert failure(engine).plugin == "billing"
    assert "url" in str(failure(engine))


def test_a_configuration_that_nobody_reads_is_named() -> None:
    engine = open_engine(plugins=[Sound()], config={"sund": {"x": 1}})
    assert (failure(engine).plugin, failure(engine).hook) == ("sund", "config")
    engine = open_engine(plugins=[Sound()], config={"sound": {"x": 1}})
    assert (failure(engine).plugin, failure(engine).hook) == ("sound", "config")


@pytest.mark.parametrize(
    "values", [{"country": "ES"}, {"scrub": "never"}, {"custom_fields": {"pet": "secretish"}}]
)
def test_wrong_settings_of_the_chain_are_always_fatal(values: Any) -> None:
    with pytest.raises(PluginError) as raised:
        open_engine(config={"profilecore": values})
    assert raised.value.plugin == "profilecore"
    assert next(iter(values)) in str(raised.value) or "never" not in str(raised.value)


# ---- discovery


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install plugins for a test: modules, and a distribution that announces them."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(distribution: str = "fake", **modules: str) -> None:
        info = tmp_path / f"{distribution}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
        )
        points = [f"[{GROUP}]"]
        for name, text in modules.items():
            module = f"{distribution}_{name}_module"
            (tmp_path / f"{module}.py").write_text(text)
            points.append(f"{name} = {module}")
        (info / "entry_points.txt").write_text("\n".join(points) + "\n")

    yield install
    for module in [m for m in sys.modules if m.endswith("_module") and m.startswith("fake")]:
        del sys.modules[module]


GOOD = """
from profilecore import hookimpl
from profilecore.rules.checks import Check

@hookimpl
def profilecore_register_checks(register):
    register(Check(__name__, "Good", lambda profile, on: []))
"""


def found(**options: Any) -> Plugins:
    return Plugins(**options)


def test_an_installed_plugin_is_found(installed: Any) -> None:
    installed(good=GOOD)
    assert "good" in found().names
    assert "fake_good_module" in found().contributions.checks


def test_discovery_can_be_off(installed: Any) -> None:
    installed(good=GOOD)
    assert found(discover=False).names == []


def test_a_blocked_or_unnamed_plugin_is_not_even_imported(installed: Any) -> None:
    installed(good=GOOD, bomb="raise SystemExit('imported')")
    for options in ({"block": ["bomb"]}, {"discover": ["good"]}, {"discover": ("good",)}):
        plugins = found(**options)
        assert "good" in plugins.names
        assert "fake_bomb_module" not in sys.modules
        assert [f for f in plugins.failures if f.plugin == "bomb"] == []


@pytest.mark.parametrize("text", ["raise ValueError('x')", "raise SystemExit(2)", "import nowhere"])
def test_a_plugin_that_raises_at_import_is_left_out_and_named(installed: Any, text: str) -> None:
    installed(good=GOOD, bomb=text)
    plugins = found(discover=["good", "bomb"])
    assert [(f.plugin, f.hook) for f in plugins.failures] == [("bomb", "loading")]
    assert plugins.names == ["good"]
    with pytest.raises(PluginError) as raised:
        found(discover=["good", "bomb"], strict=True)
    assert raised.value.plugin == "bomb"


def test_a_plugin_that_is_wanted_and_not_installed_is_named(installed: Any) -> None:
    installed(good=GOOD)
    plugins = found(discover=("good", "missing"))
    assert [(f.plugin, f.hook) for f in plugins.failures] == [("missing", "discovery")]
    assert plugins.names == ["good"]


def test_a_plugin_that_is_wanted_and_blocked_is_blocked(installed: Any) -> None:
    installed(good=GOOD)
    plugins = found(discover=("good",), block=("good",))
    assert (plugins.names, plugins.failures) == ([], [])


def test_a_given_plugin_and_an_installed_one_of_its_name_are_told_apart(installed: Any) -> None:
    installed(sound=GOOD)
    plugins = found(given=[Sound()], discover=["sound"])
    assert plugins.names == ["sound"]
    assert "sound" in plugins.contributions.checks
    assert [f.plugin for f in plugins.failures] == ["sound"]


# ---- what the core and plugins bring


_fact = {"clear": Clear.ERASE, "sensitivity": Sensitivity.NONE, "search": Search.NONE}


def test_the_checklist_comes_through_the_same_hooks() -> None:
    engine = open_engine()
    assert engine.plugins.names == ["checklist", "laws"]
    assert engine.plugins.hooks_of("laws") == ["profilecore_register_retention"]
    assert engine.plugins.hooks_of("checklist") == ["profilecore_register_checks"]
    assert engine.check(engine.create(GUEST).id)


def test_a_check_that_raises_names_its_plugin() -> None:
    class Failing:
        name = "failing"

        @hookimpl
        def profilecore_register_checks(self, register: Any) -> None:
            register(Check("failing", "Failing", lambda profile, on: 1 / 0))

    engine = open_engine(plugins=[Failing()])
    with pytest.raises(PluginError) as raised:
        engine.check(engine.create(GUEST).id, "failing")
    assert (raised.value.plugin, raised.value.hook) == ("failing", "check")


def test_a_facet_class_needs_its_rules() -> None:
    @record
    class Good:
        x: str | None = field(merge="best", **_fact)

    assert Good(x="1").x == "1"
    with pytest.raises(TypeError, match="Bad"):

        @record
        class Bad:
            x: str | None = None


@pytest.mark.parametrize("tries", [True, 1.5, "1.5", "many", None])
def test_a_number_in_a_configuration_is_meant_as_one(tries: Any) -> None:
    engine = configured(url="https://billing.example", token="hush", tries=tries)
    (failure,) = engine.plugins.failures
    assert "tries" in str(failure)
    assert "hush" not in str(failure)
