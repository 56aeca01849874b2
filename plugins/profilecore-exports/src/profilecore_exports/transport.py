"""The port by which files go out, and the two ways that need no service of one country.

Nothing is sent unless somebody asks for it.  What goes wrong is told without what was sent and
without who sent it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

import attrs

from profilecore.errors import WrongValue
from profilecore.plugins import Secret
from profilecore.values import frozen
from profilecore_exports.faults import NotSent

MOST_BYTES = 32 * 2**20
_NEAR = frozenset({"localhost", "127.0.0.1", "::1"})


@frozen
class Outgoing:
    """A file to be sent; ``kind`` is ``report`` or ``cancellation``."""

    name: str
    content: bytes = attrs.field(repr=False)
    kind: str = "report"


@frozen
class Reply:
    """What came back for a file; nothing yet where the answer comes another way."""

    name: str
    content: bytes | None = attrs.field(default=None, repr=False)


class Transport(Protocol):
    """Takes files where they have to go."""

    def send(self, files: Sequence[Outgoing]) -> Iterator[Reply]:
        """Send files one by one, and give a reply once each is out.

        :raises NotSent: if one could not be handed over; those before it are out.
        """


@runtime_checkable
class Asks(Protocol):
    """A transport that can be asked what became of what was sent."""

    def ask(self, lots: Sequence[str]) -> bytes:
        """Ask about some lots, by the authority's numbers, and give the answer as it came.

        :raises NotSent: if the question could not be handed over.
        """


@frozen
class DirectoryTransport:
    """Lays files into a directory, from where another program takes them."""

    folder: Path

    def send(self, files: Sequence[Outgoing]) -> Iterator[Reply]:
        for file in files:
            target = self.folder / file.name.replace("/", "_")
            part = target.with_name(target.name + ".part")
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(handle, "wb") as opened:
                    opened.write(file.content)
                part.replace(target)
            except OSError as error:
                why = error.strerror or type(error).__name__
                raise NotSent("directory", f"{file.name} was not laid down: {why}.") from None
            yield Reply(file.name)


def _url(_: object, field: attrs.Attribute[str], value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _NEAR):
        raise WrongValue(f"{field.name} must begin with https://")


@frozen
class Service:
    """Where an authority's web service is, and who calls it."""

    url: str = attrs.field(validator=_url)
    user: str = attrs.field(repr=False)
    password: Secret
    key: Secret | None = None
    timeout: int = 60


def post(
    service: Service, body: bytes, headers: Mapping[str, str], *, basic: bool = False
) -> bytes:
    """Post a request and give the answer; a redirection is not followed.

    :raises NotSent: ``unreachable``, ``refused`` with the status, or ``too-large``.
    """
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        """Credentials go to the configured address alone."""

        def redirect_request(self, *_: object) -> None:
            return None

    request = Request(
        service.url, data=body, headers=dict(headers), method="POST"
    )  # the scheme is checked
    if basic:
        import base64

        pair = f"{service.user}:{service.password.reveal()}".encode()
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(pair).decode()}")
    try:
        with build_opener(Stay).open(request, timeout=service.timeout) as answer:
            content: bytes = answer.read(MOST_BYTES + 1)
    except HTTPError as error:
        with error:
            if error.code == 500:
                # A SOAP fault comes with this status, and says why.
                return error.read(MOST_BYTES)
        raise NotSent("refused", f"The service answered with status {error.code}.") from None
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise NotSent(
            "unreachable", f"The service cannot be reached ({type(reason).__name__}); try again."
        ) from None
    if len(content) > MOST_BYTES:
        raise NotSent("too-large", "The answer of the service is too large.")
    return content


SOAP_HEADERS = {"Content-Type": "text/xml;charset=UTF-8", "SOAPAction": '""'}


def refuse_fault(content: bytes) -> None:
    """Raise if an answer is a SOAP fault.

    :raises NotSent: without the text of the fault, which may repeat what was sent.
    """
    from profilecore_exports.markup import every, parse

    if b"Fault" in content and every(parse(content), "Fault"):
        raise NotSent("fault", "The service refused the request with a SOAP fault.")
