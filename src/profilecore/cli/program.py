"""The program: its options, its commands and those of plugins, and how it ends."""

from __future__ import annotations

import copy
import errno
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from profilecore.cli.invocation import DEFAULT_CONFIG, DEFAULT_STORE, Invocation
from profilecore.errors import ProfilecoreError

if TYPE_CHECKING:
    from profilecore.plugins import Plugins

OK, REFUSED, USAGE, INTERRUPTED = 0, 1, 2, 130


class Interrupted(Exception):
    """The user stopped a long command; ``answer`` says how far it came."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        super().__init__(answer["message"])


def _keep(context: click.Context, option: click.Parameter, value: Any) -> None:
    invocation = context.ensure_object(Invocation)
    if isinstance(value, str) and not _is_text(value):  # of a variable
        raise click.BadParameter("is not UTF-8")
    if value is not None and value is not False:
        setattr(invocation, _ATTRIBUTES[str(option.name)], value)


_ATTRIBUTES = {
    "store": "store",
    "json": "as_json",
    "config": "config_file",
    "actor": "actor",
    "property": "property_id",
    "purpose": "purpose",
}


def shared_options(*, outer: bool) -> list[click.Parameter]:
    """Make the options that stand before or after the name of a command."""

    def option(name: str, **more: Any) -> click.Option:
        env = f"PROFILECORE_{name.upper()}" if outer and name != "json" else None
        return click.Option(
            [f"--{name}"],
            expose_value=False,
            is_eager=outer,
            callback=_keep,
            envvar=env,
            show_envvar=outer,
            **more,
        )

    hidden = not outer
    return [
        option("store", metavar="URL", help=f"The store; {DEFAULT_STORE} if not given."),
        option("json", is_flag=True, default=None, help="Print one JSON value."),
        option("actor", metavar="NAME", help="Who acts; recorded on events.", hidden=hidden),
        option("property", metavar="P", help="Act as this property.", hidden=hidden),
        option(
            "purpose",
            metavar="RULE",
            help="Read what this retention rule or kind of hold keeps of cleared people.",
            hidden=hidden,
        ),
        option(
            "config",
            metavar="FILE",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help=f"Settings as TOML; {DEFAULT_CONFIG} if it is there.",
            hidden=hidden,
        ),
    ]


def with_shared_options(command: click.Command) -> click.Command:
    """Give a copy of a command, and of its commands, that takes the shared options too.

    An option of the command's own goes before a shared one of the same name.
    """
    made = copy.copy(command)
    if isinstance(made, click.Group):
        made.commands = {n: with_shared_options(c) for n, c in made.commands.items()}
        return made
    taken = {word for p in command.params for word in (*p.opts, *p.secondary_opts)}
    made.params = [
        *command.params,
        *(o for o in shared_options(outer=False) if not taken.intersection(o.opts)),
    ]
    return made


def _commands_of(plugins: Plugins) -> dict[str, click.Command]:
    return {str(c.name): c for c in sorted(plugins.commands(), key=lambda c: str(c.name))}


class Program(click.Group):
    """The group of all commands; plugins are asked for theirs only where ours do not answer."""

    def __init__(self, **more: Any) -> None:
        super().__init__(params=shared_options(outer=True), callback=_start, **more)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        super().add_command(with_shared_options(cmd), name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.commands, *(c for c in self._of_plugins(ctx) if c not in self.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = self.commands.get(cmd_name)
        if own is not None:
            return own
        named_alike = ctx.ensure_object(Invocation).only(cmd_name)
        found = _commands_of(named_alike).get(cmd_name) if named_alike else None
        if found is None:
            found = self._of_plugins(ctx).get(cmd_name)
        return with_shared_options(found) if found is not None else None

    def _of_plugins(self, ctx: click.Context) -> dict[str, click.Command]:
        return _commands_of(ctx.ensure_object(Invocation).plugins)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the program and end the process: 0 done, 1 refused or problems found, 2 usage."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # no answer is lost to a character
                stream.reconfigure(errors="backslashreplace")
        given = list(sys.argv[1:] if args is None else args)
        try:
            self._run(given, prog_name, complete_var, **extra)
        except OSError as error:  # of the output: nothing can be answered
            _leave(None if error.errno == errno.EPIPE else _fault(error))

    def _run(
        self, given: list[str], prog_name: str | None, complete_var: str | None, **extra: Any
    ) -> NoReturn:
        wants_json = "--json" in given[: given.index("--") if "--" in given else None]
        try:
            for number, text in enumerate(given, 1):
                if not _is_text(text):
                    raise click.UsageError(f"Argument {number} is not UTF-8.")
            code = super().main(given, prog_name, complete_var, standalone_mode=False, **extra)
        except ProfilecoreError as error:
            _refuse(error, wants_json)
        except Interrupted as stop:
            _end(stop.answer, wants_json, INTERRUPTED)
        except click.Abort:
            _end({"error": "aborted", "message": "Aborted."}, wants_json, REFUSED)
        except click.ClickException as error:
            if wants_json:
                from profilecore.cli.printing import say_json

                say_json({"error": "usage", "message": error.format_message(), "blockers": []})
            error.show()
            sys.exit(error.exit_code)
        except OSError as error:
            if error.errno == errno.EPIPE or not _can_write():
                raise
            _end({"error": "file-error", "message": _fault(error)}, wants_json, REFUSED)
        sys.exit(code if isinstance(code, int) else OK)


def _start() -> None:
    context = click.get_current_context()
    context.call_on_close(context.ensure_object(Invocation).close)


def _refuse(error: ProfilecoreError, wants_json: bool) -> NoReturn:
    from profilecore.cli.printing import complain, refusal, say_json

    if wants_json:
        say_json(refusal(error))
    else:
        complain(error)
    sys.exit(REFUSED)


def _end(answer: dict[str, Any], wants_json: bool, code: int) -> NoReturn:
    if wants_json:
        from profilecore.cli.printing import say_json

        say_json({"blockers": [], **answer})
    else:
        click.echo(answer["message"], err=True)
    sys.exit(code)


def _is_text(given: str) -> bool:
    """Tell whether an argument was UTF-8; of one that was not Python keeps the bytes."""
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fault(error: OSError) -> str:
    said = error.strerror or type(error).__name__
    if error.filename:
        return f"{error.filename}: {said}"
    return f"The output or a file: {said}. What the command did stays done."


def _can_write() -> bool:
    try:
        sys.stdout.flush()
    except OSError:
        return False
    return True


def _leave(fault: str | None) -> NoReturn:
    """End without an answer: whoever read it has left, or there is a fault to tell."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    if fault is not None:
        try:
            click.echo(fault, err=True)
        except OSError:
            os.dup2(nowhere, sys.stderr.fileno())
    sys.exit(REFUSED)
