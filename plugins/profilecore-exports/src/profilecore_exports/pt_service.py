"""Portugal: the web service of SIBA."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from profilecore.values import frozen
from profilecore_exports.pt import PortugueseHouse, envelope
from profilecore_exports.transport import Outgoing, Reply, Service, post, refuse_fault

ACTION = '"http://sef.pt/EntregaBoletinsAlojamento"'


@frozen
class PortugalTransport:
    """Sends bulletins under the access key of the property."""

    service: Service
    house: PortugueseHouse

    def send(self, files: Sequence[Outgoing]) -> Iterator[Reply]:
        headers = {"Content-Type": "text/xml;charset=UTF-8", "SOAPAction": ACTION}
        for file in files:
            key = self.service.password.reveal()
            answer = post(self.service, envelope(file.content, house=self.house, key=key), headers)
            refuse_fault(answer)
            yield Reply(file.name, answer)
