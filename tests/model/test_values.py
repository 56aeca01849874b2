"""Values are equal, hashed and shown as if attrs had written it for each class."""

from __future__ import annotations

import copy
from multiprocessing.reduction import ForkingPickler

import attrs
import pytest

from profilecore.model.fields import evolve
from profilecore.values import frozen


class Plain:
    name: str
    secret: str = attrs.field(default="s", repr=False)
    noted: str = attrs.field(default="n", eq=False)
    held: list[int] = attrs.field(factory=list)


Written = attrs.frozen(type("Value", (Plain,), dict(vars(Plain))))
Shared = frozen(type("Value", (Plain,), dict(vars(Plain))))


@frozen
class Point:
    x: int
    y: int = 0


@frozen
class Twin:
    x: int
    y: int = 0


@frozen
class Nothing:
    pass


@frozen
class Own:
    x: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own)

    def __hash__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return "own"


def test_values_of_one_class_with_equal_fields_are_equal() -> None:
    assert Point(1, 2) == Point(1, 2)
    assert hash(Point(1, 2)) == hash(Point(1, 2))
    assert Point(1, 2) != Point(2, 1)
    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())


def test_values_of_two_classes_are_never_equal() -> None:
    point: object = Point(1)
    assert point != Twin(1)
    assert point != (1, 0)
    assert len({Point(1), Twin(1), Point(1)}) == 2


def test_a_subclass_is_another_class() -> None:
    class Further(Point):
        pass

    assert Further(1) != Point(1)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"name": "a"}, {"name": "a"}),
        ({"name": "a"}, {"name": "b"}),
        ({"name": "a"}, {"name": "a", "secret": "t"}),
        ({"name": "a"}, {"name": "a", "noted": "m"}),
        ({"name": "a"}, {"name": "a", "held": [1]}),
    ],
)
def test_the_shared_methods_answer_as_the_written_ones(
    left: dict[str, object], right: dict[str, object]
) -> None:
    assert (Shared(**left) == Shared(**right)) == (Written(**left) == Written(**right))
    assert repr(Shared(**left)) == repr(Written(**left))
    assert repr(Shared(**right)) == repr(Written(**right))


def test_a_value_that_holds_something_unhashable_has_no_hash() -> None:
    for kind in (Shared, Written):
        with pytest.raises(TypeError, match="unhashable"):
            hash(kind(name="a"))


def test_a_value_does_not_change() -> None:
    point = Point(1)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del point.x


def test_a_value_is_an_attrs_value() -> None:
    assert [f.name for f in attrs.fields(Point)] == ["x", "y"]  # type: ignore[arg-type]
    assert attrs.asdict(Point(1)) == {"x": 1, "y": 0}  # type: ignore[arg-type]
    assert evolve(Point(1), y=3) == Point(1, 3)


def test_a_value_travels_between_processes() -> None:
    value = Point(1, 2)
    assert ForkingPickler.loads(ForkingPickler.dumps(value)) == value
    assert copy.deepcopy(value) == value


def test_a_class_keeps_its_own_methods() -> None:
    assert Own(1) == Own(2)
    assert hash(Own(1)) == 1
    assert repr(Own(1)) == "own"
