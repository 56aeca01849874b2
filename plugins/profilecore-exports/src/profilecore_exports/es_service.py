"""Spain: the web service of SES.HOSPEDAJES."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from profilecore.values import frozen
from profilecore_exports.es_answers import MOST_LOTS, SOAP, envelope
from profilecore_exports.faults import ExportRefused
from profilecore_exports.markup import HEAD, leaf, tag
from profilecore_exports.transport import (
    SOAP_HEADERS,
    Outgoing,
    Reply,
    Service,
    post,
    refuse_fault,
)

APPLICATION = "profilecore"


@frozen
class SpainTransport:
    """Sends travellers (``PV``) or bookings (``RH``), and takes back what was sent."""

    service: Service
    landlord: str
    kind: str

    def send(self, files: Sequence[Outgoing]) -> Iterator[Reply]:
        for file in files:
            operation = "B" if file.kind == "cancellation" else "A"
            body = envelope(
                file.content,
                landlord=self.landlord,
                application=APPLICATION,
                operation=operation,
                kind=self.kind,
            )
            yield Reply(file.name, self._post(body))

    def ask(self, lots: Sequence[str]) -> bytes:
        """Ask what became of at most ten lots, and give the answer as it came.

        :raises ExportRefused: for more, or none.
        :raises NotSent: as :meth:`send`.
        """
        if not 0 < len(lots) <= MOST_LOTS:
            raise ExportRefused("lots", f"Ask for 1 to {MOST_LOTS} lots at once.")
        listed = tag("codigosLote", *(leaf("lote", lot) for lot in lots))
        return self._post(_asking(listed))

    def _post(self, body: bytes) -> bytes:
        answer = post(self.service, body, SOAP_HEADERS, basic=True)
        refuse_fault(answer)
        return answer


def _asking(listed: str) -> bytes:
    request = tag("com:consultaLoteRequest", listed)
    space = "http://www.soap.servicios.hospedajes.mir.es/comunicacion"
    return (
        f'{HEAD}<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:com="{space}">'
        f"<soapenv:Header/>{tag('soapenv:Body', request)}</soapenv:Envelope>\n"
    ).encode()
