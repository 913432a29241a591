"""What is fuzzed: each kind of card, each decoder and each importer. A target takes any bytes and fails on what nobody promised."""

import atexit
import io
import socket
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import cardprograms
from pcscwire import FakeCard

from bifente.apdu import ApduError, CommandAPDU, tlv
from bifente.apdu.cvc import CvContent, CvEnvelope
from bifente.apdu.files.fcp import Fcp
from bifente.apdu.files.sdo import SdoRequest
from bifente.apdu.issuersignature import IssuerSignature
from bifente.apdu.reset.atr import Atr
from bifente.applets.perso import parse_profile
from bifente.applets.perso.errors import PersoError
from bifente.crypto.cms import envelope_facts, read_signed_data
from bifente.crypto.errors import CryptoError
from bifente.documents import DocumentError
from bifente.fse.b2 import read_file
from bifente.fse.b2.errors import B2Error
from bifente.fse.noemie.check import check
from bifente.fse.noemie.errors import NoemieError
from bifente.layouts.errors import LayoutError
from bifente.layouts.issuerupdate import decode_update
from bifente.reader import TwoSlotReader
from bifente.reader.pcsclite import PcscServer
from bifente.ssv import wire
from bifente.ssv.errors import SsvError
from bifente.ssv.findings import findings
from bifente.ssv.named import named
from bifente.traces.errors import TraceError
from bifente.traces.formats import read_stream
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.served.control import read_question

Target = Callable[[bytes], None]


def refusing(parse: Callable[[bytes], object], *refusals: type[Exception]) -> Target:
    """*parse* reads the bytes, or refuses them with one of these errors."""

    def target(data: bytes) -> None:
        with suppress(refusals):
            parse(data)

    return target


def _tlv(data: bytes) -> None:
    items = tlv.decode(data)
    assert tlv.decode(tlv.join(items)) == items
    list(tlv.walk(data))


def _ssv(data: bytes) -> None:
    groups = wire.decode(data)
    assert wire.encode(groups) == data
    findings(groups)
    named(groups)


def _trace(data: bytes) -> None:
    _, source = read_stream(io.BytesIO(data))
    for _ in source.items:
        pass


def _noemie(data: bytes) -> None:
    for _ in check(io.BytesIO(data)):
        pass


def _cms(data: bytes) -> None:
    for read in (envelope_facts, read_signed_data):
        try:
            read(data)
        except CryptoError:
            continue


@cache
def _server() -> PcscServer:
    folder = tempfile.TemporaryDirectory(prefix="bf-")
    reader = TwoSlotReader("R")
    reader.insert("CPS", FakeCard())
    server = PcscServer(reader, path=Path(folder.name) / "comm")
    server.start()
    atexit.register(folder.cleanup)
    atexit.register(server.close)
    return server


def _pcsclite(data: bytes) -> None:
    """A client that says this and hangs up; whoever comes next is answered."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(_server().path))
        with suppress(ConnectionResetError, BrokenPipeError):
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass


TARGETS: dict[str, Target] = {
    **{f"card-{kind}": partial(cardprograms.run, kind) for kind in cardprograms.KINDS},
    "command": refusing(CommandAPDU.parse, ApduError),
    "atr": refusing(Atr.parse, ApduError),
    "tlv": refusing(_tlv, ApduError),
    "fcp": refusing(Fcp.parse, ApduError),
    "sdo": refusing(SdoRequest.parse, ApduError),
    "cvc": refusing(CvContent.parse, ApduError),
    "cv-envelope": refusing(CvEnvelope.parse, ApduError),
    "issuer-signature": refusing(IssuerSignature.parse, ApduError),
    "issuer-update": refusing(decode_update, ApduError, LayoutError),
    "ssv": refusing(_ssv, SsvError),
    "profile": refusing(lambda data: parse_profile(data.decode("utf-8", "replace"), "fuzz.yaml"), PersoError, DocumentError),
    "trace": refusing(_trace, TraceError),
    "b2": refusing(read_file, B2Error),
    "noemie": refusing(_noemie, NoemieError),
    "cms": _cms,
    "control": refusing(read_question, WorkbenchError),
    "pcsclite": _pcsclite,
}  # fmt: skip
"""By the names of their folders in the corpus."""
