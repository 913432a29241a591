"""TLS 1.3 with the key of a CPS4: an ``openssl s_server`` that insists on the card's certificate lets it in.

TLS 1.3 wants RSA-PSS, which a CPS4 has and a CPS3 has not. OpenSC's driver for these cards (``iasecc``) offers no PSS for
any of them, and no INTERNAL AUTHENTICATE goes to a CPS4, so it is no way there. The client here is tlslite-ng, whose
private key is the card behind a terminal's session; the State's own library does the same through OpenSSL's engine.
"""

import os
import socket
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from issued import authority, records
from loopback import ServerAuthority, daemon, pem

from bifente.applets import card_of
from bifente.applets.store.stores import MemoryStore
from bifente.reader import CPS_SLOT, TwoSlotReader
from bifente.terminal import CpsSession

with warnings.catch_warnings():
    # It brings what a server would need too, of which Python 3.11 says that it will go.
    warnings.simplefilter("ignore", DeprecationWarning)
    if os.environ.get("CI") != "true":
        pytest.importorskip("tlslite.api", reason="tlslite-ng is not installed (make .venv/.test)")

    from tlslite.api import X509, HandshakeSettings, TLSConnection, TLSRemoteAlert, X509CertChain
    from tlslite.utils.python_rsakey import Python_RSAKey


@pytest.fixture
def server(tmp_path: Path, require_tool: Callable[[str], str]) -> Iterator[int]:
    """The port of a server that speaks TLS 1.3 alone and refuses whoever shows no certificate of our authority."""
    from cryptography import x509

    openssl = require_tool("openssl")
    issuing = ServerAuthority()
    name = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate, key = issuing.issue(tmp_path, "localhost", name)
    (tmp_path / "chain.pem").write_bytes(pem(*authority().certificates.values()))
    command = (openssl, "s_server", "-cert", str(certificate), "-key", str(key), "-tls1_3", "-www")
    verify = ("-Verify", "3", "-verify_return_error", "-CAfile", str(tmp_path / "chain.pem"))
    with daemon(lambda port: (*command, *verify, "-accept", f"127.0.0.1:{port}"), tmp_path) as port:
        yield port


def settings_of_tls_1_3() -> HandshakeSettings:
    made = HandshakeSettings()
    made.minVersion = made.maxVersion = (3, 4)
    made.rsaSchemes, made.rsaSigHashes, made.more_sig_schemes = ["pss"], ["sha256"], []
    made.certificate_compression_send = made.certificate_compression_receive = []
    return made


def shown(session: CpsSession) -> X509CertChain:
    certificate = X509()
    certificate.parseBinary(bytearray(session.authentication_certificate()))
    return X509CertChain([certificate])


@pytest.fixture
def session() -> Iterator[CpsSession]:
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, card_of(MemoryStore(records("gp-cps4")), "cps4"))
        made = CpsSession(reader.link(CPS_SLOT))
        made.verify_pin(b"1234")
        yield made


class CardKey(Python_RSAKey):
    """The authentication key of the card: it signs what TLS 1.3 hashes."""

    def __init__(self, session: CpsSession) -> None:
        from cryptography import x509

        numbers = (
            x509.load_der_x509_certificate(session.authentication_certificate()).public_key().public_numbers()
        )
        super().__init__(numbers.n, numbers.e)
        self.session = session
        self.asked: list[tuple[str, str]] = []

    def hasPrivateKey(self) -> bool:
        return True

    def sign(self, bytes: bytearray, padding=None, hashAlg=None, saltLen=None) -> bytearray:
        self.asked.append((padding, hashAlg))
        return bytearray(self.session.authenticate_pss(memoryview(bytes).tobytes()))


def test_a_server_of_tls_1_3_lets_the_card_in(server: int, session: CpsSession) -> None:
    key = CardKey(session)
    with socket.create_connection(("127.0.0.1", server), timeout=20) as connection:
        tls = TLSConnection(connection)
        tls.handshakeClientCert(shown(session), key, settings=settings_of_tls_1_3())
        assert tls.version == (3, 4)
        tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
        page = b""
        while block := tls.recv(4096):
            page += bytes(block)
    assert key.asked == [("pss", "sha256")]
    assert b"TLSv1.3" in page
    assert b"CN=899700000013" in page.replace(b" ", b"")


def test_a_card_that_signs_with_another_key_is_not_let_in(server: int, session: CpsSession) -> None:
    class OtherKey(CardKey):
        def sign(self, bytes: bytearray, padding=None, hashAlg=None, saltLen=None) -> bytearray:
            return bytearray(self.session.sign_digest(memoryview(bytes).tobytes()))

        def verify(self, *_: object, **__: object) -> bool:
            return True

    with socket.create_connection(("127.0.0.1", server), timeout=20) as connection:
        tls = TLSConnection(connection)
        tls.handshakeClientCert(shown(session), OtherKey(session), settings=settings_of_tls_1_3())
        with pytest.raises(TLSRemoteAlert, match="decrypt_error"):
            tls.recv(4096)
