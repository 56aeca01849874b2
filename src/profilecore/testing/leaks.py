"""A pytest plugin under which a test fails that shows a person's value where it must not.

Named in the settings of pytest, it watches every test of a suite::

    [tool.pytest.ini_options]
    addopts = ["-p", "profilecore.testing.leaks"]

Every text that a test gives to an engine, or has it store, in a personal field is a mark for the
time of that test, so that any suite is a search with marked data.  Looked at are:

- every log record, of any logger and level, with the exceptions that it carries;
- every warning;
- every error of profilecore when it is made, its ``details`` and, where it leaves a verb of an
  engine or is caught by ``pytest.raises``, its notes and all the errors that are chained to it;
- the ``repr`` of every value that a verb of an engine gives, or stores.

Not looked at are the lines of source in a traceback, as those of a test hold what the test gives;
errors that the code of a test raises itself, in the place of a plugin or a driver; what other
processes write; and what a command prints, whose purpose is to show a profile.

A mark has at least four characters; what may show is listed in ``profilecore.testing._marks``.
A test that has a reason to show values says it: ``@pytest.mark.shows_values("reason")``.
The failure names the place, the field and the text with stars for what it should not show.
"""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import attrs
import pytest

from profilecore.codec import Codec
from profilecore.engine import Engine
from profilecore.errors import ProfilecoreError
from profilecore.model.reading import Reading
from profilecore.testing._marks import MOST, Marks, masked

# As long as any text of ours; of a longer one, what it shows is shown at its beginning.
LONGEST_TEXT = 10_000
EXEMPT = "shows_values"


class Watcher:
    """Gathers marks and texts while a test runs, and compares them at its end."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget what was gathered so far."""
        self.marks = Marks()
        self._shown: dict[tuple[str, str], None] = {}

    def note(self, where: str, text: str) -> None:
        """Gather a text that somebody may read."""
        if len(self._shown) < MOST:
            self._shown.setdefault((where, text[:LONGEST_TEXT]))

    def note_error(self, error: BaseException, where: str = "") -> None:
        """Gather all that an error tells, and the errors chained to it."""
        for each in _chain(error, set()):
            if _is_of_test(each):
                continue
            name = f"{where}the error {type(each).__name__}"
            self.note(name, f"{each} {each!r}")
            for note in getattr(each, "__notes__", ()):
                self.note(f"a note of {name}", str(note))
            if isinstance(each, ProfilecoreError):
                self.note(f"details of {name}", str(dict(each.details())))

    def note_value(self, value: object) -> None:
        """Gather how a value shows itself, if it is one of the model or several of them."""
        inner = value[0] if isinstance(value, list | tuple) and value else value
        if attrs.has(type(inner)):
            self.note(f"the repr of {type(inner).__name__}", repr(value))

    def leaks(self) -> list[str]:
        """Say which texts show which fields, without the values."""
        # Nearly always nothing shows, which one look at all texts together tells.
        if not self._shown or not self.marks.shown("\0".join(text for _, text in self._shown)):
            return []
        found = []
        for where, text in self._shown:
            marks = self.marks.shown(text)
            if marks:
                fields = ", ".join(sorted(set(marks.values())))
                found.append(f"{where} shows {fields}: {masked(text, marks)}")
        return found


def _chain(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """Yield an error and all that are chained to it or grouped in it, each once."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for each in (error.__cause__, error.__context__, *inner):
        yield from _chain(each, seen)


def _is_of_test(error: BaseException) -> bool:
    """Tell whether the code of a test raised an error, as that of a plugin that is made to fail."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and "tests" in Path(trace.tb_frame.f_code.co_filename).parts


class _Handler(logging.Handler):
    def __init__(self, watcher: Watcher) -> None:
        super().__init__(logging.NOTSET)
        self._watcher = watcher

    def emit(self, record: logging.LogRecord) -> None:
        where = f"a log record of {record.name}"
        self._watcher.note(where, record.getMessage())
        if record.exc_info and record.exc_info[1] is not None:
            self._watcher.note_error(record.exc_info[1], f"{where} with ")


class _Watch:
    """Puts a watcher in the way of whatever may show a value, and takes it away again."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._undo: list[Callable[[], object]] = []

    def start(self) -> None:
        self._listen()
        self._watch_input()
        self._watch_warnings()
        self._watch_errors()
        for cls in inspect.getmro(Engine)[:-1]:
            for name, verb in list(vars(cls).items()):
                if inspect.isfunction(verb) and not name.startswith("_"):
                    self._put(cls, name, self._watched(verb))

    def stop(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _put(self, owner: Any, name: str, value: object) -> None:
        if name in vars(owner):
            before = vars(owner)[name]
            self._undo.append(lambda: setattr(owner, name, before))
        else:
            self._undo.append(lambda: delattr(owner, name))
        setattr(owner, name, value)

    def _listen(self) -> None:
        root, handler = logging.getLogger(), _Handler(self._watcher)
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        self._undo += [lambda: root.setLevel(level), lambda: root.removeHandler(handler)]

    def _watch_input(self) -> None:
        watcher, fields, item, dump = self._watcher, Reading.fields, Reading.item, Codec.dump

        @wraps(fields)
        def watched_fields(self: Reading, cls: type, values: Any, *a: Any, **k: Any) -> Any:
            watcher.marks.take(cls, values)
            return fields(self, cls, values, *a, **k)

        @wraps(item)
        def watched_item(self: Reading, cls: type, name: str, value: Any) -> Any:
            watcher.marks.take(cls, {name: value})
            return item(self, cls, name, value)

        @wraps(dump)
        def watched_dump(self: Codec, value: Any) -> bytes:
            body = dump(self, value)
            watcher.marks.take(type(value), _held(value))
            watcher.note_value(value)
            return body

        self._put(Reading, "fields", watched_fields)
        self._put(Reading, "item", watched_item)
        self._put(Codec, "dump", watched_dump)

    def _watch_warnings(self) -> None:
        watcher, warn = self._watcher, warnings.warn

        @wraps(warn)
        def watched_warn(
            message: Any, category: Any = None, stacklevel: int = 1, *more: Any, **named: Any
        ) -> None:
            kind = type(message) if isinstance(message, Warning) else category or UserWarning
            watcher.note(f"the warning {kind.__name__}", str(message))
            warn(message, category, stacklevel + 1, *more, **named)

        self._put(warnings, "warn", watched_warn)

    def _watch_errors(self) -> None:
        watcher = self._watcher

        def watched_init(self: ProfilecoreError, *args: object) -> None:
            super(ProfilecoreError, self).__init__(*args)
            watcher.note(f"the error {type(self).__name__}", " ".join(map(str, args)))

        self._put(ProfilecoreError, "__init__", watched_init)
        for cls in (pytest.RaisesExc, pytest.RaisesGroup):
            self._put(cls, "__exit__", self._watched_exit(cls.__exit__))

    def _watched_exit(self, leave: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(leave)
        def watched(raises: Any, kind: Any, error: BaseException | None, trace: Any) -> Any:
            if error is not None:
                self._watcher.note_error(error)
            return leave(raises, kind, error, trace)

        return watched

    def _watched(self, verb: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(verb)
        def watched(*args: Any, **named: Any) -> Any:
            try:
                given = verb(*args, **named)
            except Exception as error:
                self._watcher.note_error(error)
                raise
            self._watcher.note_value(given)
            return given

        return watched


def _held(value: Any) -> dict[str, Any]:
    if hasattr(value, "__dict__"):
        return dict(vars(value))
    return {a.name: getattr(value, a.name) for a in attrs.fields(type(value))}


_WATCHER = pytest.StashKey[Watcher]()
_WATCH = pytest.StashKey[_Watch]()


def pytest_configure(config: pytest.Config) -> None:
    """Start to watch, and make the mark known with which a test says why it may show values."""
    config.addinivalue_line("markers", f"{EXEMPT}(reason): shows what looks like people's values")
    watcher = config.stash[_WATCHER] = Watcher()
    watch = config.stash[_WATCH] = _Watch(watcher)
    watch.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_WATCH].stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Begin anew before the fixtures of a test do anything."""
    item.config.stash[_WATCHER].begin()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Look at all that showed, once the fixtures have ended too."""
    given = yield
    is_exempt = item.get_closest_marker(EXEMPT) is not None
    if not is_exempt and (found := item.config.stash[_WATCHER].leaks()):
        _fail(found)
    return given


def _fail(found: list[str]) -> NoReturn:
    more = f"\n... and {len(found) - 10} more" if len(found) > 10 else ""
    shown = "\n".join(found[:10])
    pytest.fail(f"A person's values show in {len(found)} places.\n{shown}{more}", pytrace=False)
