"""What the plugin of a country is: settings of its properties, and formats made from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from profilecore import hookimpl
from profilecore.rules.checks import Check
from profilecore.rules.retention import RetentionRule
from profilecore_exports.contract import Format, Readiness


class CountryPlugin(ABC):
    """Registers the formats of one country; a country's module names itself and its ``Config``.

    :param config: an instance of ``Config``, read from the engine's ``config[name]``.
    """

    name: ClassVar[str]
    Config: ClassVar[type]

    def __init__(self, config: Any = None) -> None:
        self.config = self.Config() if config is None else config

    @abstractmethod
    def formats(self) -> tuple[Format, ...]:
        """Give the country's formats, made from the settings."""

    @hookimpl
    def profilecore_register_checks(self, register: Callable[[Check], None]) -> None:
        for format in self.formats():
            register(Readiness.of(format))

    @hookimpl
    def profilecore_register_retention(self, register: Callable[[RetentionRule], None]) -> None:
        for format in self.formats():
            for rule in format.retention:
                register(rule)
