"""The carte Vitale 1 as the terminal sees it: what it shows to anybody, the rights of a family, its certificate of a sheet.

All ``synthetic`` but the ATR: see :mod:`bifente.layouts.cards.vitale1` and :mod:`bifente.layouts.symmetric`.
"""

from dataclasses import dataclass
from typing import Final

from bifente.apdu import SW, ApduError, Link
from bifente.apdu.instructions import INTERNAL_AUTHENTICATE, VERIFY
from bifente.apdu.issuersignature import IssuerSignature
from bifente.apdu.tlv import decode, find
from bifente.layouts import symmetric
from bifente.layouts.cards import vitale1 as layout
from bifente.layouts.codec import JsonValue
from bifente.layouts.codecs import groupfiles
from bifente.layouts.recognition import DIGEST_SIZE, Step
from bifente.ssv.groups import Group
from bifente.terminal import files
from bifente.terminal.errors import CardKind, CardRefused, ProtocolBroken, RecognitionRequired, VitaleUnusable
from bifente.terminal.processors import Channel
from bifente.terminal.vitale import rights_groups
from bifente.terminal.whichcard import what_it_is

_FIDS: Final = {node.name: node.fid for node in layout.LAYOUT.mf.files()}


@dataclass(frozen=True, slots=True)
class CardFace:
    """What is printed on a Vitale 1: names, 13 characters of NIR and its 2-digit key as written."""

    family_name: str
    given_name: str
    nir: str
    key: str


class Vitale1Session:
    """A conversation with the carte Vitale 1 behind *link*, in its own class.

    Raises VitaleUnusable when the card is not a Vitale 1, VitaleAbsent when there is none. Methods raise TerminalError
    kinds only.
    """

    issued: IssuerSignature | None = None
    """Always None: a Vitale 1 holds no signature of its issuer."""

    def __init__(self, link: Link) -> None:
        self.channel = Channel(link, CardKind.VITALE, extended=False, cla=layout.CLASS)
        if not layout.LAYOUT.answers_reset_with(link.atr):
            raise VitaleUnusable(f"the card in the Vitale slot {what_it_is(link, 'vitale1')}")
        self.enter_application()

    @property
    def link(self) -> Link:
        """The link this session speaks over."""
        return self.channel.link

    def reset(self) -> None:
        """Warm-reset the card; the recognition is gone."""
        self.channel.reset()

    def log_out(self) -> None:
        """Close what a recognition has opened: the card knows nobody any more."""
        self.channel.forget()
        self.channel.check("log out", VERIFY, 0xFF, 0x00)

    def enter_application(self) -> None:
        """See that the card is there: it has one directory only."""
        step = "SELECT Vitale"
        try:
            files.select_file(self.channel, step, layout.NUMBER_FID, files.WITHOUT_ANSWER)
        except CardRefused as refused:
            raise VitaleUnusable(
                f"the card in the Vitale slot does not answer as a carte Vitale 1: {refused.sw}",
                step=step,
                sw=refused.sw,
            ) from refused

    # -- free to read

    def face(self) -> CardFace:
        """Names and NIR, as they stand on the card."""
        step = "read face"
        content = self._read(step, layout.FACE_FID)
        parts = [self._text(step, content, 0x65, tag) for tag in (0x80, 0x81, 0x93)]
        return CardFace(parts[0], parts[1], parts[2][:13], parts[2][13:])

    def pan(self) -> bytes:
        """The card's number (EF.PAN): 10 bytes."""
        step = "read PAN"
        value = self._find(step, self._read(step, layout.NUMBER_FID), 0x5A)
        if value is None or len(value) != 10:
            raise ProtocolBroken("EF.PAN holds no card number of 10 bytes", step=step)
        return value

    def serial(self) -> str:
        """The 8 digits of the serial number: the end of the card's number."""
        return self.pan()[5:9].hex()

    # -- behind the recognition

    def issuer_signature(self) -> bytes:
        """Empty: there is none on a Vitale 1."""
        return b""

    def rights(self) -> list[Group]:
        """SSV groups 101 to 111 in the official order of the card. Raises RecognitionRequired."""
        return rights_groups(self.rights_contents())

    def rights_contents(self) -> dict[str, bytes]:
        """The files with groups, by name. The card has no map of them: they are asked for until one is not there."""
        contents: dict[str, bytes] = {}
        for name in groupfiles.file_names():
            try:
                contents[name] = self._read(f"read {name}", _FIDS[name])
            except CardRefused as refused:
                if refused.sw != SW.FILE_NOT_FOUND:
                    raise
                if name.startswith("BEN"):
                    break
        return contents

    def emergency_volet(self) -> JsonValue:
        """None: a Vitale 1 has no volets."""
        return None

    def medical_volet(self) -> JsonValue:
        """None: a Vitale 1 has no volets."""
        return None

    def sign_sheet(self, sheet_hash: bytes) -> bytes:
        """The card's certificate (a MAC of 8 bytes) of a care sheet with this SHA-256 of its canonical bytes.

        The card itself adds who opened it: see :func:`bifente.layouts.symmetric.sheet_payload`. Raises
        RecognitionRequired.
        """
        if len(sheet_hash) != DIGEST_SIZE:
            raise ValueError(f"a SHA-256 digest has {DIGEST_SIZE} bytes, not {len(sheet_hash)}")
        step = "sign sheet"
        try:
            mac = self.channel.check(
                step, INTERNAL_AUTHENTICATE, 0, symmetric.KEY_SHEET, sheet_hash, symmetric.MAC_SIZE
            )
        except CardRefused as refused:
            _want_recognition(refused)
            raise
        if len(mac) != symmetric.MAC_SIZE:
            raise ProtocolBroken(f"a certificate of {len(mac)} bytes", step=step)
        return mac

    def sheet_certificate(self) -> bytes:
        """Which key certifies care sheets, for whoever checks: type of card and mother key, as MICA's assertion names them."""
        return symmetric.KEY_INFORMATION

    # -- inside

    def _read(self, step: Step | str, fid: int) -> bytes:
        try:
            return files.read_file(self.channel, step, fid, files.WITHOUT_ANSWER)
        except CardRefused as refused:
            _want_recognition(refused)
            raise

    @staticmethod
    def _find(step: str, content: bytes, *path: int) -> bytes | None:
        try:
            return find(decode(content, padding=True), *path)
        except ApduError as error:
            raise ProtocolBroken(f"the file is not BER-TLV: {error}", step=step) from error

    def _text(self, step: str, content: bytes, *path: int) -> str:
        return (self._find(step, content, *path) or b"").decode("latin-1")


def _want_recognition(refused: CardRefused) -> None:
    """Raise RecognitionRequired when that is what the refusal means."""
    if refused.sw == SW.SECURITY_STATUS_NOT_SATISFIED:
        raise RecognitionRequired(
            f"the Vitale opens this only to a CPS that it has recognised: {refused}",
            step=refused.step,
            sw=refused.sw,
            hint="recognise the two cards; when they are, this professional may not do it",
        ) from refused
