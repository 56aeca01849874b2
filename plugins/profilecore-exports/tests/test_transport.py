"""Files go out to services that check what they receive, and only when somebody asks for it."""

from __future__ import annotations

import base64
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import attrs
import pytest
from exports_kit import (
    BOOKED,
    HANS,
    ITALIAN_STATES,
    ITALIAN_TOWNS,
    LUCIA,
    PORTUGAL,
    SPAIN,
    P,
    World,
)

from profilecore import Actor, ScopeDenied
from profilecore_exports import DirectoryTransport, ExportRefused, NotSent, ask, send
from profilecore_exports.register import sent_files

PASSWORD = "s3cret-password"
LOT = "00000000-0000-0000-0000-00000000000a"


@attrs.define
class Fake:
    """An authority's service on this machine: ``judge`` checks a request and answers it."""

    judge: Callable[[str, Any, ElementTree.Element], str | tuple[int, str]]
    url: str = ""
    requests: list[bytes] = attrs.field(factory=list)


@pytest.fixture
def serve() -> Iterator[Callable[..., Fake]]:
    servers: list[HTTPServer] = []

    def serve(judge: Any) -> Fake:
        fake = Fake(judge)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.requests.append(body)
                tree = ElementTree.fromstring(body)
                answer = fake.judge(self.headers.get("SOAPAction", ""), self.headers, tree)
                status, text = answer if isinstance(answer, tuple) else (200, answer)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://localhost:1/elsewhere")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        fake.url = f"http://127.0.0.1:{server.server_port}/ws"
        return fake

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def service(fake: Fake, **more: Any) -> dict[str, Any]:
    return {"url": fake.url, "user": "B00000000WS", "password": PASSWORD, "timeout": 10} | more


def spanish(make_world: Callable[..., World], fake: Fake) -> World:
    world = make_world(**{"exports-es": SPAIN | {"service": service(fake)}})
    world.stay(world.guest(HANS), details=BOOKED)
    return world


def of_spain(action: str, headers: Any, tree: ElementTree.Element) -> str | tuple[int, str]:
    pair = base64.b64encode(f"B00000000WS:{PASSWORD}".encode()).decode()
    if headers.get("Authorization") != f"Basic {pair}":
        return 401, "no"
    head = tree.find(".//cabecera")
    packed = tree.findtext(".//solicitud") or ""
    assert head is not None
    assert [child.tag for child in head] == [
        "codigoArrendador",
        "aplicacion",
        "tipoOperacion",
        "tipoComunicacion",
    ]
    archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(packed)))
    (name,) = archive.namelist()
    inner = ElementTree.fromstring(archive.read(name))
    assert inner.findall(".//persona")
    return f"<r><respuesta><codigo>0</codigo><lote>{LOT}</lote></respuesta></r>"


def test_travellers_go_to_spain_zipped_and_the_lot_is_noted(
    make_world: Callable[..., World], serve: Callable[..., Fake]
) -> None:
    fake = serve(of_spain)
    world = spanish(make_world, fake)
    world.export("es.ses-hospedajes")
    assert fake.requests == []
    form = world.format("es.ses-hospedajes")
    (sent,) = send(world.engine, form, world.folder, P)
    assert sent.answered is not None
    (file,) = sent_files(world.engine.store)
    assert (file.lot, file.sent_at is None) == (LOT, False)
    assert send(world.engine, form, world.folder, P) == []
    assert len(send(world.engine, form, world.folder, P, names=[file.name])) == 1


def of_spain_later(state: int) -> Any:
    """Make a service that takes reports, and then says of each lot that is asked about the same."""
    asked: list[list[str | None]] = []

    def judge(action: str, headers: Any, tree: ElementTree.Element) -> str | tuple[int, str]:
        listed = tree.find(".//codigosLote")
        if listed is None:
            return of_spain(action, headers, tree).replace(LOT, f"L{len(asked)}")  # type: ignore[union-attr]  # never refused here
        asked.append([lot.text for lot in listed])
        return (
            "<r><respuesta><codigo>0</codigo></respuesta>"
            + "".join(
                f"<resultado><lote>{lot.text}</lote><codigoEstado>{state}</codigoEstado>"
                "<resultadoComunicaciones><resultadoComunicacion><orden>1</orden>"
                f"<codigoComunicacion>C-{lot.text}</codigoComunicacion></resultadoComunicacion>"
                "</resultadoComunicaciones></resultado>"
                for lot in listed
            )
            + "</r>"
        )

    return judge


def test_open_lots_are_asked_about_with_the_service_until_they_are_decided(
    make_world: Callable[..., World], serve: Callable[..., Fake]
) -> None:
    fake = serve(of_spain_later(4))
    world = spanish(make_world, fake)
    form = world.format("es.ses-hospedajes")
    world.export(form.name)
    send(world.engine, form, world.folder, P)
    (pending,) = ask(world.engine, form, P)
    assert (pending.lots, pending.judged) == (("L0",), ())
    fake.judge = of_spain_later(1)
    (decided,) = ask(world.engine, form, P)
    assert [each.accepted for each in decided.judged] == [True]
    hans = world.engine.search("hans").items[0]
    assert [entry.reference for entry in world.entries(hans)] == ["C-L0"]
    assert ask(world.engine, form, P) == []


def test_a_question_that_is_refused_judges_nobody(
    make_world: Callable[..., World], serve: Callable[..., Fake]
) -> None:
    fake = serve(of_spain)
    world = spanish(make_world, fake)
    form = world.format("es.ses-hospedajes")
    world.export(form.name)
    send(world.engine, form, world.folder, P)
    fake.judge = lambda *_: "<r><respuesta><codigo>10107</codigo></respuesta></r>"
    with pytest.raises(NotSent, match="10107"):
        ask(world.engine, form, P)
    hans = world.engine.search("hans").items[0]
    assert [entry.stage.value for entry in world.entries(hans)] == ["sent"]
    with world.engine.acting(Actor("desk", property_id="P2")), pytest.raises(ScopeDenied):
        ask(world.engine, form, P)
    with pytest.raises(ExportRefused, match="no service that can be asked"):
        ask(world.engine, world.format("pt.siba-dat"), P)


def test_one_question_is_about_ten_lots_at_most(
    make_world: Callable[..., World], serve: Callable[..., Fake]
) -> None:
    transport: Any = spanish(make_world, serve(of_spain)).format("es.ses-hospedajes").transport
    for lots in ([LOT] * 11, []):
        with pytest.raises(ExportRefused):
            transport(P).ask(lots)


def test_cards_go_to_italy_under_a_token_row_by_row(
    make_world: Callable[..., World], serve: Callable[..., Fake]
) -> None:
    def judge(action: str, headers: Any, tree: ElementTree.Element) -> str:
        if "GenerateToken" in action:
            assert tree.findtext(".//{*}WsKey") == "key"
            return "<r><GenerateTokenResult><token>T-1</token></GenerateTokenResult></r>"
        assert tree.findtext(".//{*}token") == "T-1"
        cards = [card.text or "" for card in tree.findall(".//{*}string")]
        ok = "<EsitoOperazioneServizio><esito>true</esito></EsitoOperazioneServizio>"
        assert {len(card) for card in cards} == {168}
        return f"<r><result><Dettaglio>{ok * len(cards)}</Dettaglio></result></r>"

    fake = serve(judge)
    world = make_world(**{"exports-it": {"service": service(fake, key="key")}})
    world.load("it.stati", ITALIAN_STATES)
    world.load("it.comuni", ITALIAN_TOWNS)
    hans = world.guest(HANS)
    world.stay(hans)
    world.stay(world.guest(LUCIA, documents=HANS["documents"]))
    world.export("it.alloggiati")
    (sent,) = send(world.engine, world.format("it.alloggiati"), world.folder, P)
    assert sent.answered is not None
    assert [j.accepted for j in sent.answered.judged] == [True, True]
    assert [e.stage.value for e in world.entries(hans)] == ["accepted"]


def test_bulletins_go_to_portugal_under_the_key(
    make_world: Callable[..., World], serve: Callable[..., Fake]
) -> None:
    def judge(action: str, headers: Any, tree: ElementTree.Element) -> str:
        assert tree.findtext(".//{*}ChaveAcesso") == PASSWORD
        inner = base64.b64decode(tree.findtext(".//{*}Boletins") or "")
        assert ElementTree.fromstring(inner).findall(".//{*}Boletim_Alojamento")
        result = "EntregaBoletinsAlojamentoResult"
        return f"<r><{result}>0</{result}></r>"

    world = make_world(**{"exports-pt": PORTUGAL | {"service": service(serve(judge))}})
    hans = world.guest(HANS)
    world.stay(hans)
    world.export("pt.siba")
    send(world.engine, world.format("pt.siba"), world.folder, P)
    assert [e.stage.value for e in world.entries(hans)] == ["accepted"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((401, PASSWORD), "refused"),
        ((302, ""), "refused"),
        ((500, "<e><Fault><faultstring>s3cret</faultstring></Fault></e>"), "fault"),
    ],
)
def test_a_refusal_tells_neither_credentials_nor_guests_and_the_file_is_not_noted(
    make_world: Callable[..., World],
    serve: Callable[..., Fake],
    caplog: pytest.LogCaptureFixture,
    answer: tuple[int, str],
    reason: str,
) -> None:
    world = spanish(make_world, serve(lambda *_: answer))
    world.export("es.ses-hospedajes")
    with pytest.raises(NotSent) as refused:
        send(world.engine, world.format("es.ses-hospedajes"), world.folder, P)
    assert refused.value.reason == reason
    said = f"{refused.value} {refused.value.details()} {caplog.text} {world.engine.plugins.names}"
    assert "s3cret" not in said
    assert "Muster" not in said
    (file,) = sent_files(world.engine.store)
    assert file.sent_at is None


def test_a_service_out_of_reach_is_told(make_world: Callable[..., World]) -> None:
    world = spanish(make_world, Fake(of_spain, "http://127.0.0.1:9/ws"))
    world.export("es.ses-hospedajes")
    with pytest.raises(NotSent, match="cannot be reached"):
        send(world.engine, world.format("es.ses-hospedajes"), world.folder, P)


def test_no_service_is_called_without_tls_and_none_without_settings(
    world: World, make_world: Callable[..., World]
) -> None:
    from profilecore import PluginError

    unsafe = service(Fake(of_spain, "http://authority.example/ws"))
    with pytest.raises(PluginError, match="https"):
        make_world(**{"exports-es": SPAIN | {"service": unsafe}})
    world.stay(world.guest(HANS), details=BOOKED)
    world.export("es.ses-hospedajes")
    for name, says in (("es.ses-hospedajes", "exports-es.service"), ("co.sire", "no service")):
        with pytest.raises(ExportRefused, match=says):
            send(world.engine, world.format(name), world.folder, P)


def test_a_directory_takes_files_for_another_program(world: World, tmp_path: Path) -> None:
    world.stay(world.guest(HANS))
    run = world.export("co.sire")
    form, box = world.format("co.sire"), DirectoryTransport(tmp_path / "box")
    (sent,) = send(world.engine, form, world.folder, P, transport=box)
    assert (tmp_path / "box" / sent.name).read_bytes() == world.contents(run)[0]
    assert (tmp_path / "box" / sent.name).stat().st_mode & 0o077 == 0


def test_a_file_that_was_changed_or_is_missing_does_not_go(world: World, tmp_path: Path) -> None:
    world.stay(world.guest(HANS))
    (file,) = world.export("co.sire").files
    form, box = world.format("co.sire"), DirectoryTransport(tmp_path / "box")
    (world.folder / file.name).write_text("mine")
    with pytest.raises(ExportRefused, match="not as it was"):
        send(world.engine, form, world.folder, P, transport=box)
    (world.folder / file.name).unlink()
    with pytest.raises(ExportRefused, match="not in the directory"):
        send(world.engine, form, world.folder, P, transport=box)
    with pytest.raises(ExportRefused, match="no file of the register"):
        send(world.engine, form, world.folder, P, transport=box, names=["x"])
    other = Actor("desk", property_id="P2")
    with world.engine.acting(other), pytest.raises(ScopeDenied):
        send(world.engine, form, world.folder, P, transport=box)
