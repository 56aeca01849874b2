"""Spain: what SES.HOSPEDAJES answers, how to ask it, and the envelope for its web service."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from profilecore_exports.contract import Answer, Verdict, changed
from profilecore_exports.faults import ExportRefused
from profilecore_exports.markup import HEAD, every, leaf, local, parse, tag, texts, whole

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_LOTS = 10
RECEIVED = "0"
# States of a lot: done, faulty as a whole (2, 3), done with faults in some.
_DONE, _FAULTY, _PARTLY = "1", ("2", "3"), "6"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_COM = "http://www.soap.servicios.hospedajes.mir.es/comunicacion"
_NAMES = {"PV": "altaParteHospedaje.xml", "RH": "altaReservaHospedaje.xml"}


def query(lots: Sequence[str]) -> bytes:
    """Give the request that asks what became of at most ten lots.

    :raises ExportRefused: for more, or none.
    """
    if not 0 < len(lots) <= MOST_LOTS:
        raise ExportRefused("lots", f"Ask for 1 to {MOST_LOTS} lots at once.")
    space = "http://www.neg.hospedajes.mir.es/consultarComunicacion"
    body = "".join(leaf("con:lote", lot) for lot in lots)
    return f'{HEAD}<con:lotes xmlns:con="{space}">{body}</con:lotes>\n'.encode()


def envelope(
    content: bytes, *, landlord: str, application: str, operation: str, kind: str | None
) -> bytes:
    """Put a file into the envelope of the web service: zipped, in base64.

    ``operation`` is ``A`` to report, ``C`` to ask, ``B`` to cancel; ``kind`` is ``PV`` or ``RH``
    and goes with ``A`` alone.
    """
    packed = base64.b64encode(_zipped(content, _NAMES.get(kind or "", "data.xml"))).decode()
    head = tag(
        "cabecera",
        leaf("codigoArrendador", landlord[:10]),
        leaf("aplicacion", application[:50]),
        leaf("tipoOperacion", operation),
        leaf("tipoComunicacion", kind if operation == "A" else None),
    )
    request = tag("com:comunicacionRequest", tag("peticion", head, leaf("solicitud", packed)))
    return (
        f'{HEAD}<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:com="{_COM}">'
        f"<soapenv:Header/>{tag('soapenv:Body', request)}</soapenv:Envelope>\n"
    ).encode()


def _zipped(content: bytes, name: str) -> bytes:
    packed = io.BytesIO()
    # The date of the entry stands still, so that the same file gives the same envelope.
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, content)
    return packed.getvalue()


def answer(content: bytes) -> Answer:
    """Read what the web service answers to a report, or to the question about some lots.

    A lot that is received is not yet accepted: only the answer to the question decides.
    """
    root = parse(content)
    results = [e for e in every(root, "resultado") if "codigoEstado" in texts(e)]
    if results:
        first, *others = map(_of_lot, results)
        return changed(first, others=tuple(others))
    for element in every(root, "respuesta", "resultado", "anulacionLoteResponse"):
        found = texts(element)
        # The paper spells codigoRetorno, the description of the service codigo.
        code = found.get("codigo", found.get("codigoRetorno"))
        if code is not None:
            if code == RECEIVED:
                return Answer(lot=found.get("lote") or None)
            return Answer((Verdict(False, None, code, found.get("descripcion", "")),))
    raise ExportRefused("no-verdict", "This is no answer of SES.HOSPEDAJES.")


def _of_lot(element: Element) -> Answer:
    found = texts(element)
    state, lot = found["codigoEstado"], found.get("lote") or None
    if state in _FAULTY:
        return Answer((Verdict(False, None, state, found.get("descEstado", "")),), lot=lot)
    if state not in (_DONE, _PARTLY):
        return Answer(lot=lot)
    # A lot that is done without a word about its communications has taken them all.
    return Answer(tuple(_verdicts(element)), rest=True if state == _DONE else None, lot=lot)


def _verdicts(element: Element) -> Iterator[Verdict]:
    # The live service leaves out a letter of the name.
    rows = [texts(e) for e in every(element, "resultadoComunicacion", "resutadoComunicacion")]
    # A row that tells no number is about none of them.
    ordered = [(order, row) for row in rows if (order := whole(row.get("orden"))) is not None]
    first = 0 if any(order == 0 for order, _ in ordered) else 1
    for order, row in ordered:
        code = row.get("codigoComunicacion")
        yield Verdict(
            bool(code), order - first, row.get("tipoError", ""), row.get("error", ""), code or None
        )


def is_envelope(content: bytes) -> bool:
    """Tell whether a content is an envelope already."""
    return local(parse(content)) == "Envelope"
