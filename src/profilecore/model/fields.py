"""Rules live on fields: how each field merges, clears, how sensitive it is, how it is searched.

A class made with :func:`record` whose field lacks a rule fails at definition, so neither
merge nor clear can forget a field, and the rule table of the documentation is generated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, dataclass_transform

import attrs

from profilecore.errors import FieldRuleMissing
from profilecore.values import frozen


class Clear(Enum):
    """What clearing does to a field."""

    ERASE = "erase"
    KEEP = "keep"
    GENERALISE = "generalise"


class Sensitivity(Enum):
    """How sensitive a field is; ``SPECIAL`` is GDPR article 9."""

    NONE = "none"
    PERSONAL = "personal"
    CONTACT = "contact"
    IDENTITY = "identity"
    SPECIAL = "special"


class Search(Enum):
    """How a field is found: as words with prefixes, or exactly."""

    NONE = "none"
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    DOCUMENT = "document"
    EXACT = "exact"


class Other(Enum):
    """Whom an attribute names besides the person, who is told no more than this word."""

    STAFF = "staff"
    PERSON = "another person"


@frozen
class FieldRule:
    """The four rules of one field.

    ``merge`` names a survivorship rule (``profilecore.rules.survivorship``, or one that a
    plugin registers); ``generalise`` is the function that coarsens the value where ``clear``
    is ``GENERALISE``.
    """

    merge: str
    clear: Clear
    sensitivity: Sensitivity
    search: Search
    clean: Callable[[str], str] | None = None
    generalise: Callable[[Any], Any] | None = None
    limit: int = 255


_RULE = "profilecore.rule"
_CLEAN = "profilecore.clean"
_LIMIT = "profilecore.limit"
_THIRD = "profilecore.third-party"
C = TypeVar("C", bound=type)
T = TypeVar("T")


def field(
    *,
    merge: str,
    clear: Clear,
    sensitivity: Sensitivity,
    search: Search,
    clean: Callable[[str], str] | None = None,
    generalise: Callable[[Any], Any] | None = None,
    limit: int = 255,
    default: Any = None,
    factory: Callable[[], Any] | None = None,
    third_party: Other | None = None,
) -> Any:
    """Declare a field of a :func:`record` with its rules.

    ``clean`` turns a text into its canonical form (raises ``ValueError`` with a message that
    does not repeat the text); ``limit`` is the longest text in characters.  ``third_party`` says
    that the field names somebody else, whom an answer to an access request leaves out.
    """
    if clear is Clear.GENERALISE and generalise is None:
        raise TypeError("a generalised field needs a generalise function")
    rule = FieldRule(merge, clear, sensitivity, search, clean, generalise, limit)
    metadata = {_RULE: rule, _CLEAN: clean, _LIMIT: limit, _THIRD: third_party}
    if factory is not None:
        return attrs.field(factory=factory, metadata=metadata)
    return attrs.field(default=default, metadata=metadata)


def item(
    default: Any = None,
    *,
    clean: Callable[[str], str] | None = None,
    limit: int = 255,
    third_party: Other | None = None,
) -> Any:
    """Declare an attribute of a :func:`part`; it lives under the rules of the field holding it."""
    metadata = {_CLEAN: clean, _LIMIT: limit, _THIRD: third_party}
    return attrs.field(default=default, metadata=metadata)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: C) -> C:
    """Make an immutable attrs class whose every field has rules.

    :raises FieldRuleMissing: naming the class and the fields without rules.
    """

    def check(owner: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
        bare = [f.name for f in fields if _RULE not in f.metadata]
        if bare:
            raise FieldRuleMissing(owner.__name__, bare)
        return fields

    return _lean(cls, kw_only=True, repr=False, field_transformer=check)


@dataclass_transform(frozen_default=True)
def part(cls: C) -> C:
    """Make an immutable attrs class whose instances live inside a field and never show in repr."""
    made = _lean(cls, repr=False)
    made.__repr__ = _closed_repr  # type: ignore[method-assign, assignment]  # on purpose
    return made


@dataclass_transform(frozen_default=True)
def lean(cls: C) -> C:
    """Make an immutable attrs class whose values :func:`build` can make."""
    return _lean(cls)


def _lean(cls: C, **options: Any) -> C:
    """Put the defaults on the class, so that a value holds only what differs from them.

    What it holds is then what is stored, and encoding need not look at the fields.
    """
    cls.__attrs_post_init__ = _drop_defaults  # type: ignore[attr-defined]  # attrs calls it
    made = frozen(cls, **options)
    for field_ in fields_of(made):
        default: Any = field_.default
        if default is not attrs.NOTHING:
            held = _Fresh(default.factory) if hasattr(default, "factory") else default
            setattr(made, field_.name, held)
    made.__profilecore__ = True  # type: ignore[attr-defined]  # a mark for is_built
    return made


class _Fresh:
    """Stands on a class for a default that is made anew each time it is asked for."""

    def __init__(self, factory: Callable[[], Any]) -> None:
        self._factory = factory

    def __get__(self, value: object, owner: type) -> Any:
        return self._factory()


def evolve(value: T, /, **changes: Any) -> T:
    """Give a copy of an attrs value with some fields changed."""
    cls = type(value)
    if is_built(cls):
        # What a value holds differs from the defaults: only the changes need looking at.
        _required, defaults, made_anew = _needs(cls)  # type: ignore[arg-type]  # a class is hashable
        held = vars(value) | changes
        for name, changed in changes.items():
            default = defaults[name]
            if changed is default or (name in made_anew and changed == default):
                del held[name]
        return restore(cls, held)
    return attrs.evolve(value, **changes)  # type: ignore[misc]  # mypy does not know record()


def build(cls: type[T], values: dict[str, Any]) -> T:
    """Make a :func:`record` or :func:`part` of values known to be good, fast.

    Does what the class's own ``__init__`` does, which checks nothing: millions of values are
    made this way by imports and reads.  Values at their default are not held.
    """
    required, defaults, made_anew = _needs(cls)  # type: ignore[arg-type]  # a class is hashable
    for name in required:
        if name not in values:
            raise TypeError(f"{cls.__name__} needs {name}")
    # Defaults are None, flags, enums, numbers and (), of which there is one each ...
    held = {name: value for name, value in values.items() if value is not defaults[name]}
    for name in made_anew:  # ... and these.
        if name in held and held[name] == defaults[name]:
            del held[name]
    return restore(cls, held)


def _drop_defaults(self: object) -> None:
    made = build(type(self), vars(self))
    object.__setattr__(self, "__dict__", vars(made))


def restore(cls: type[T], held: dict[str, Any]) -> T:
    """Make a value of what one of its class held (``vars``), which is taken over."""
    made = object.__new__(cls)
    object.__setattr__(made, "__dict__", held)
    return made


@lru_cache(maxsize=256)
def _needs(cls: Any) -> tuple[tuple[str, ...], dict[str, Any], tuple[str, ...]]:
    fields = fields_of(cls)
    required = tuple(a.name for a in fields if a.default is attrs.NOTHING)
    defaults = {a.name: default_of(a) for a in fields}
    made_anew = tuple(a.name for a in fields if defaults[a.name] is not a.default)
    return required, defaults, made_anew


def default_of(attribute: attrs.Attribute[Any]) -> Any:
    """Give the default of an attribute, ``NOTHING`` where it is required."""
    default: Any = attribute.default
    return default.factory() if hasattr(default, "factory") else default


def is_built(cls: type) -> bool:
    """Tell whether :func:`build` can make values of a class: it is a record or a part."""
    return "__profilecore__" in vars(cls)


def fields_of(cls: type) -> tuple[attrs.Attribute[Any], ...]:
    """Give the attributes of an attrs class in order of declaration."""
    found: tuple[attrs.Attribute[Any], ...] = attrs.fields(cls)
    return found


def _closed_repr(self: object) -> str:
    return f"<{type(self).__name__}>"


def rule_of(cls: type, name: str) -> FieldRule:
    """Give the rules of one field."""
    rule: FieldRule = getattr(attrs.fields(cls), name).metadata[_RULE]
    return rule


def rules_of(cls: type) -> Mapping[str, FieldRule]:
    """Give the rules of every field in order of declaration."""
    return _rules_of(cls)


@lru_cache(maxsize=256)
def _rules_of(cls: type) -> Mapping[str, FieldRule]:
    return {f.name: f.metadata[_RULE] for f in fields_of(cls)}


def cleared(value: T, keep: Collection[str] = (), /, **changes: Any) -> T:
    """Give a record as clearing leaves it, by the clear rule of each of its fields.

    The fields named in ``keep`` stay as they are; ``changes`` are fields that are set besides.
    """
    cls = type(value)
    kept, coarser = _left_by_clear(cls)  # type: ignore[arg-type]  # a class is hashable
    left: dict[str, Any] = {}
    for name, held in vars(value).items():
        if name in kept or name in keep:
            left[name] = held
        elif name in coarser:
            left[name] = coarser[name](held)
    return build(cls, left | changes)


@lru_cache(maxsize=256)
def _left_by_clear(cls: Any) -> tuple[frozenset[str], Mapping[str, Callable[[Any], Any]]]:
    """Give the fields that a clear keeps, and those that it coarsens with what does it."""
    rules = rules_of(cls)
    kept = frozenset(name for name, rule in rules.items() if rule.clear is Clear.KEEP)
    coarser = {
        name: rule.generalise
        for name, rule in rules.items()
        if rule.clear is Clear.GENERALISE and rule.generalise is not None
    }
    return kept, coarser


def is_record(cls: type) -> bool:
    """Tell whether every field of a class has rules."""
    return all(_RULE in f.metadata for f in fields_of(cls))


def cleaning(attribute: attrs.Attribute[Any]) -> tuple[Callable[[str], str] | None, int]:
    """Give the text cleaner and the length limit declared on an attribute."""
    return attribute.metadata.get(_CLEAN), attribute.metadata.get(_LIMIT, 255)


def third_party_of(attribute: attrs.Attribute[Any]) -> Other | None:
    """Tell whom an attribute names besides the person it is held about."""
    found: Other | None = attribute.metadata.get(_THIRD)
    return found


def rule_table(cls: type) -> Iterator[dict[str, str]]:
    """Yield one row a field: ``field``, ``merge``, ``clear``, ``sensitivity``, ``search``."""
    for name, rule in rules_of(cls).items():
        yield {
            "field": name,
            "merge": rule.merge,
            "clear": rule.clear.value,
            "sensitivity": rule.sensitivity.value,
            "search": rule.search.value,
        }
