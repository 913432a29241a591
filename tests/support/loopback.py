"""Servers that a client needs: on loopback, with certificates of an authority of their own, ended with the test."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bifente.crypto import rsa


@contextmanager
def daemon(
    command: Callable[[int], Sequence[str]], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """A server on a free port of loopback, which *command* is told; it serves when the block begins.

    Between choosing the port and taking it somebody else may: then another is tried.
    """
    for attempt in range(5):
        port = _free_port()
        log = folder / f"daemon-{attempt}.log"
        with log.open("wb") as output:
            program = subprocess.Popen(
                command(port),
                cwd=folder,
                env={**os.environ, "LC_ALL": "C", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            if _serves(program, port):
                yield port
                return
        finally:
            program.terminate()
            try:
                program.wait(5)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
    raise AssertionError(f"{command(0)[0]} did not start:\n{log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serves(program: "subprocess.Popen[bytes]", port: int) -> bool:
    deadline = monotonic() + 15
    while program.poll() is None and monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            sleep(0.02)
        else:
            return True
    return False


def pem(*certificates: x509.Certificate) -> bytes:
    """The certificates as PEM, one after the other."""
    return b"".join(made.public_bytes(Encoding.PEM) for made in certificates)


class ServerAuthority:
    """An authority for servers: it certifies ``localhost``, and a Kerberos KDC. Its root is its own."""

    def __init__(self) -> None:
        self._key = rsa.generate(2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bifente test servers")])
        self.root = (
            self._builder(name, name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
            .sign(self._key, SHA256())
        )

    def issue(self, folder: Path, name: str, *extensions: x509.ExtensionType) -> tuple[Path, Path]:
        """A certificate with the extensions, and its key: two PEM files in *folder*."""
        key = rsa.generate(2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(subject, self.root.subject, key.public_key())
        for extension in extensions:
            builder = builder.add_extension(extension, False)
        certificate_path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
        certificate_path.write_bytes(pem(builder.sign(self._key, SHA256())))
        key_path.write_bytes(rsa.private_pem(key))
        return certificate_path, key_path

    @staticmethod
    def _builder(subject: x509.Name, issuer: x509.Name, public_key: RSAPublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
        )


@contextmanager
def called_by_inetd(*command: str, log: Path) -> Iterator[int]:
    """A port of loopback: for each who calls, *command* is started with the connection as its input and output."""
    children: list[subprocess.Popen[bytes]] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, log.open("ab") as errors:
                children.append(subprocess.Popen(command, stdin=connection, stdout=connection, stderr=errors))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Thread(target=serve, daemon=True)
        server.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            server.join(10)
            for child in children:
                child.kill()
                child.wait(10)
