"""A login with the CPS, recorded: what goes over the wire between curl and nginx, and what is said to the card, in one order.

``python tests/support/loginrecording.py`` makes ``docs/recordings/login.jsonl`` anew, which the docs page *Login to a server* shows.
"""

import json
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from clients import AUTHENTICATION, PIN, Desk, card, engine_settings, pkcs11_uri
from cryptography import x509
from cryptography.x509.oid import NameOID
from issued import authority
from loopback import daemon

from bifente.workbench.authorities.servers.writing import write_server_example

RECORDING = Path(__file__).parents[2] / "docs" / "recordings" / "login.jsonl"

_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _DATA = 20, 21, 22, 23
_NAMES = {
    1: "ClientHello",
    2: "ServerHello",
    4: "NewSessionTicket",
    11: "Certificate",
    12: "ServerKeyExchange",
    13: "CertificateRequest",
    14: "ServerHelloDone",
    15: "CertificateVerify",
    16: "ClientKeyExchange",
}
"""Handshake messages of TLS 1.2 (RFC 5246 §7.4)."""

Event = dict[str, str | int]
Tell = Callable[[Event], None]


class Direction:
    """The bytes of one side, as TLS 1.2 messages (RFC 5246 §6.2.1, §7.4): in the clear until it changes to cipher."""

    def __init__(self, side: str, tell: Tell) -> None:
        self._side, self._tell = side, tell
        self._records, self._messages, self._enciphered = b"", b"", False

    def feed(self, piece: bytes) -> None:
        """More bytes."""
        self._records += piece
        while len(self._records) >= 5 and len(self._records) >= 5 + self._length:
            kind, body = self._records[0], self._records[5 : 5 + self._length]
            self._records = self._records[5 + self._length :]
            self._record(kind, body)

    @property
    def _length(self) -> int:
        return int.from_bytes(self._records[3:5])

    def _record(self, kind: int, body: bytes) -> None:
        if self._enciphered:
            names = {_HANDSHAKE: "Finished", _ALERT: "Alert", _DATA: "application data"}
            self._say(names[kind], len(body), "enciphered")
        elif kind == _CHANGE_CIPHER_SPEC:
            self._enciphered = True
            self._say("ChangeCipherSpec", len(body), "")
        elif kind == _ALERT:
            self._say("Alert", len(body), body.hex())
        else:
            self._messages += body
            while len(self._messages) >= 4:
                end = 4 + int.from_bytes(self._messages[1:4])
                if len(self._messages) < end:
                    return
                name = _NAMES[self._messages[0]]
                self._say(name, end, _told(name, self._messages[4:end]))
                self._messages = self._messages[end:]

    def _say(self, name: str, size: int, told: str) -> None:
        self._tell({"from": self._side, "message": name, "bytes": size, "says": told})


def _told(name: str, body: bytes) -> str:
    """What a message says that matters to a login."""
    if name == "Certificate":
        subjects, at = [], 3
        while at < len(body):
            size = int.from_bytes(body[at : at + 3])
            subjects.append(_name(x509.load_der_x509_certificate(body[at + 3 : at + 3 + size]).subject))
            at += 3 + size
        return "; ".join(subjects)
    if name == "CertificateRequest":
        at = 1 + body[0]
        algorithms = body[at + 2 : at + 2 + int.from_bytes(body[at : at + 2])]
        at += 4 + len(algorithms)
        authorities = []
        while at < len(body):
            size = int.from_bytes(body[at : at + 2])
            authorities.append(_common_name(body[at + 2 : at + 2 + size]))
            at += 2 + size
        pairs = [algorithms[n : n + 2].hex() for n in range(0, len(algorithms), 2)]
        return f"signed with {', '.join(pairs)}; issued by {', '.join(authorities)}"
    if name == "CertificateVerify":
        return f"{body[:2].hex()} {body[4:].hex()}"
    if name == "ServerHello":
        return f"version {body[:2].hex()}, cipher suite {body[35 + body[34] :][:2].hex()}"
    return ""


def _name(name: x509.Name) -> str:
    return name.rfc4514_string({NameOID.GIVEN_NAME: "GN", NameOID.SURNAME: "SN", NameOID.TITLE: "title"})


def _common_name(der: bytes) -> str:
    """The common name in an encoded name: a UTF8String behind its identifier (2.5.4.3)."""
    at = der.index(bytes.fromhex("0603550403")) + 5
    return der[at + 2 : at + 2 + der[at + 1]].decode()


@contextmanager
def overheard(port: int, tell: Tell) -> Iterator[int]:
    """A port that leads to *port*; what passes is told."""

    def pump(source: socket.socket, target: socket.socket, heard: Direction) -> None:
        try:
            while piece := source.recv(1 << 16):
                heard.feed(piece)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def serve() -> None:
        client, _ = listener.accept()
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            back = Thread(target=pump, args=(server, client, Direction("server", tell)))
            back.start()
            pump(client, server, Direction("client", tell))
            back.join(10)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = Thread(target=serve, daemon=True)
        serving.start()
        yield int(listener.getsockname()[1])
        serving.join(10)


class Watched(Desk):
    """A desk whose dialogue with the card is told where it happens."""

    tell: Tell

    def _observe(self, name: str, command: bytes, answer: bytes | None, seconds: float) -> None:
        super()._observe(name, command, answer, seconds)
        asked, _, said = self._said[-1].partition(": ")[2].partition(" -> ")
        self.tell({"command": asked, "answer": said})


def record(folder: Path, nginx: str, engine: str, module: str) -> list[Event]:
    """What happens when the shipped doctor logs in with curl."""
    events: list[Event] = []
    site = folder / "site"
    site.mkdir()

    def command(port: int) -> tuple[str, ...]:
        made = write_server_example(authority(), "nginx", site, port=port, replace=True)
        return (nginx, *made.start[1:])

    desk = Watched(folder, card("gp"))
    desk.tell = events.append
    with daemon(command, site) as port, overheard(port, events.append) as heard, desk:
        ended = desk.run(
            *("curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20"),
            *("--http1.1", "--no-alpn", "--cacert", str(site / "root.pem"), "--engine", "pkcs11"),
            *("--resolve", f"localhost:{heard}:127.0.0.1"),
            *("--cert-type", "ENG", "--cert", pkcs11_uri(AUTHENTICATION, "cert"), "--key-type", "ENG"),
            *("--key", pkcs11_uri(AUTHENTICATION, "private", pin=PIN), f"https://localhost:{heard}/cps/"),
            environment=engine_settings(folder, engine, module),
        ).ok()
    return [*events, {"page": ended.output}]


def main() -> None:
    """Make the recording of the docs anew."""
    folder = Path(tempfile.mkdtemp(prefix="bifente-login-"))
    folder.chmod(0o755)
    try:
        found = [
            next(Path("/usr/lib").glob(f"*/{name}")) for name in ("engines-3/pkcs11.so", "opensc-pkcs11.so")
        ]
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin") or sys.exit("nginx is not installed")
        events = record(folder, nginx, *map(str, found))
    finally:
        shutil.rmtree(folder)
    RECORDING.parent.mkdir(exist_ok=True)
    RECORDING.write_text(
        "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in events), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
