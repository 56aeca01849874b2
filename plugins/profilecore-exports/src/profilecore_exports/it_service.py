"""Italy: the web service of Alloggiati Web."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from profilecore.values import frozen
from profilecore_exports.faults import NotSent
from profilecore_exports.markup import HEAD, every, leaf, parse, tag
from profilecore_exports.transport import Outgoing, Reply, Service, post, refuse_fault

NAMESPACE = "AlloggiatiService"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


@frozen
class ItalyTransport:
    """Sends cards under a token that the service gives for user, password and key.

    With ``flats`` the cards have the number of an apartment (Gestione Appartamenti, File Unico).
    """

    service: Service
    flats: bool = False

    def send(self, files: Sequence[Outgoing]) -> Iterator[Reply]:
        if not files:
            return
        token = self._token()
        verb = "GestioneAppartamenti_FileUnico_Send" if self.flats else "Send"
        for file in files:
            cards = file.content.decode("ascii").split("\r\n")
            listed = tag("all:ElencoSchedine", *(_card(card) for card in cards))
            who = leaf("all:Utente", self.service.user) + leaf("all:token", token)
            yield Reply(file.name, self._call(verb, who + listed))

    def _token(self) -> str:
        service = self.service
        if service.key is None:
            raise NotSent("no-key", "The service needs the key of the account (WsKey).")
        asked = (
            leaf("all:Utente", service.user)
            + leaf("all:Password", service.password.reveal())
            + leaf("all:WsKey", service.key.reveal())
        )
        found = every(parse(self._call("GenerateToken", asked)), "token")
        token = (found[0].text or "").strip() if found else ""
        if not token:
            raise NotSent("no-token", "The service gave no token; check user, password and key.")
        return token

    def _call(self, verb: str, inner: str) -> bytes:
        request = tag(f"all:{verb}", inner)
        body = (
            f'{HEAD}<soap:Envelope xmlns:soap="{SOAP}" xmlns:all="{NAMESPACE}">'
            f"{tag('soap:Body', request)}</soap:Envelope>\n"
        )
        headers = {
            "Content-Type": "text/xml;charset=UTF-8",
            "SOAPAction": f'"{NAMESPACE}/{verb}"',
        }
        answer = post(self.service, body.encode(), headers)
        refuse_fault(answer)
        return answer


def _card(card: str) -> str:
    # Blanks are part of the record, so they must not be collapsed.
    return f"<all:string>{card.replace('&', '&amp;').replace('<', '&lt;')}</all:string>"
