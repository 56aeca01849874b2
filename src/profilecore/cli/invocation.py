"""What the commands of one run of the program share: the engine, who acts, how to answer."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from profilecore.engine import Engine
from profilecore.errors import StoreUnavailable
from profilecore.model.fields import cleaning, fields_of
from profilecore.model.parts import ExternalId
from profilecore.rules.visibility import Actor

if TYPE_CHECKING:
    from profilecore.plugins import Plugins

DEFAULT_STORE = "sqlite:///profilecore.db"
DEFAULT_CONFIG = "profilecore.toml"
LONGEST_SOURCE = next(cleaning(a)[1] for a in fields_of(ExternalId) if a.name == "system")
CURSOR = click.IntRange(0, 2**63 - 1)  # stores count no further
_SQLITE = "sqlite:///"


@attrs.define
class Invocation:
    """One run of the program; the context object of every command, plugins' commands too.

    A program that embeds the commands may hand in ``given``, an engine that stays open, and
    ``watch``, which is told how an import, ``clear-due`` or a check of all stays goes: it gets
    what the engine's own ``watch`` of that verb gets first.
    """

    store: str = DEFAULT_STORE
    config_file: Path | None = None
    as_json: bool = False
    actor: str | None = None
    property_id: str | None = None
    purpose: str | None = None
    given: Engine | None = None
    watch: Callable[[Any], None] | None = None
    _settings: dict[str, Any] = attrs.field(factory=dict)
    _config: dict[str, Any] | None = None
    _engine: Engine | None = None
    _plugins: Plugins | None = None
    _stack: ExitStack = attrs.field(factory=ExitStack)

    @property
    def engine(self) -> Engine:
        """The engine on the store, opened at first use; the store must exist.

        :raises StoreUnavailable: saying how to make a store.
        """
        return self.open(create=False)

    def open(self, *, create: bool) -> Engine:
        """Open the engine, acting as the options say."""
        if self._engine is None:
            engine = self.given or self._stack.enter_context(self._opened(create))
            who = (self.actor, self.property_id, self.purpose)
            if any(option is not None for option in who):
                actor = Actor(self.actor or "cli", self.property_id, purpose=self.purpose)
                self._stack.enter_context(engine.acting(actor))
            self._engine = engine
        return self._engine

    def _opened(self, create: bool) -> Engine:
        options: dict[str, Any] = {}
        if not create and (path := self.file) is not None:
            if not path.exists():
                raise StoreUnavailable(
                    f"{path} does not exist. Make a store with: profilecore "
                    f"--store {self.store} init"
                )
            options["store_options"] = {"create": False}
        return Engine.open(self.store, config=self.config, **options)

    @property
    def file(self) -> Path | None:
        """The file of a SQLite store; ``None`` for other stores."""
        if not self.store.startswith(_SQLITE):
            return None
        return Path(self.store.removeprefix(_SQLITE))

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration of the engine and its plugins, read at first use."""
        if self._config is None:
            read = _read(self.config_file)
            own = read.get("profilecore", {})
            self._config = read | {"profilecore": own | self._settings} if self._settings else read
        return self._config

    @property
    def region(self) -> str | None:
        """The country of telephone numbers and states that come without one."""
        region = self.config.get("profilecore", {}).get("region")
        return region if isinstance(region, str) else None

    def set(self, name: str, value: Any) -> None:
        """Set one of the chain's settings for this run, before the engine is opened."""
        self._settings[name] = value
        self._config = None

    @property
    def plugins(self) -> Plugins:
        """The plugins: the engine's if it is open, else found without opening a store."""
        from profilecore.engine.builtin import BUILTIN
        from profilecore.plugins import Plugins

        engine = self._engine or self.given
        if engine is not None:
            return engine.plugins
        if self._plugins is None:
            config = {k: v for k, v in self.config.items() if k != "profilecore"}
            self._plugins = Plugins(BUILTIN, config=config)
        return self._plugins

    def only(self, name: str) -> Plugins | None:
        """The plugin of a name without the others; ``None`` without one, or once all are loaded.

        A command that is named like its plugin begins sooner so.
        """
        from importlib.metadata import entry_points

        from profilecore.engine.builtin import BUILTIN
        from profilecore.plugins import GROUP, Plugins

        if self._engine or self.given or self._plugins is not None:
            return None
        if not entry_points(group=GROUP, name=name):
            return None
        config = {k: v for k, v in self.config.items() if k == name}
        return Plugins(BUILTIN, discover=(name,), config=config)

    def answer(self, value: Any, show: Callable[[], None]) -> None:
        """Print an answer: as one JSON value, or by ``show`` for people."""
        if self.as_json:
            from profilecore.cli.printing import say_json

            say_json(value)
        else:
            show()

    def close(self) -> None:
        """Close what was opened."""
        self._engine = None
        self._stack.close()


def source_name(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    """Check the option that names a source system.

    :raises click.BadParameter: if it is too long, or has a colon, which parts a system from its id.
    """
    if name is not None and ":" in name:
        raise click.BadParameter("must have no colon, which parts a source from its ids")
    if name is not None and len(name) > LONGEST_SOURCE:
        raise click.BadParameter(f"must have at most {LONGEST_SOURCE} characters")
    return name


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        path = Path(DEFAULT_CONFIG)
        if not path.is_file():
            return {}
    try:
        with path.open("rb") as file:
            read = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} is no TOML: {error}") from None
    except RecursionError:
        raise click.UsageError(f"{path} nests too deep.") from None
    loose = [name for name, value in read.items() if not isinstance(value, dict)]
    if loose:
        raise click.UsageError(
            f"{path}: {', '.join(loose)} must stand in a table, as [profilecore]."
        )
    return read
