"""The carte Vitale 2 as the terminal sees it: whose it is, which rights it carries, its signature.

Identity and NIR are read with the commands of the public readers (cardpeek ``vitale_2.lua``, Rufus and others); the
rights, the two volets and the sheet's signature are behind the recognition and ``synthetic``.
"""

from dataclasses import dataclass
from typing import Final

from bifente.apdu import SW, ApduError, Link
from bifente.apdu.tlv import Tlv, decode, encode, find
from bifente.layouts import recognition
from bifente.layouts.recognition import Step
from bifente.terminal import files
from bifente.terminal.errors import (
    CardKind,
    CardRefused,
    ProtocolBroken,
    RecognitionRequired,
    VitaleUnusable,
)
from bifente.terminal.processors import Channel

MF_NAME: Final = b"\xd2\x50\x00\x00\x02MF_VITALE"
VITALE_NAME: Final = b"\xd2\x50\x00\x00\x02VITALE"
ADELE_NAME: Final = b"\xd2\x50\x00\x00\x04Ad\xe8le\x01\x01"
"""Application identifiers as cardpeek's script and other public readers have them."""

IDENTITY_FID: Final = 0xD001
PAN_FID: Final = 0x2F02
POINTERS_FID: Final = 0x2001
NIR_SFI: Final = 0x02

_MSE, _PSO = 0x22, 0x2A


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the card names (file D001). ``birth_date`` is AAAAMMJJ as written: it may not be in the calendar."""

    family_name: str
    given_name: str
    birth_date: str


@dataclass(frozen=True, slots=True)
class Registration:
    """The NIR file: 13 characters of NIR, its 2-digit key as written, and since when the card is valid (AAAAMMJJ)."""

    nir: str
    key: str
    country: str
    valid_from: str


@dataclass(frozen=True, slots=True)
class FilePointer:
    """An entry of POINTERS: where a file with an 8-character name is."""

    name: str
    application: bytes
    fid: int


class VitaleSession:
    """A conversation with the carte Vitale behind *link*; the constructor selects it.

    Raises VitaleUnusable when the card is no Vitale 2, VitaleAbsent when there is none. Methods raise TerminalError
    kinds only.
    """

    def __init__(self, link: Link, *, extended: bool = False) -> None:
        self.channel = Channel(link, CardKind.VITALE, extended=extended)
        self._directory: bytes | None = None
        self._pointers: dict[str, FilePointer] | None = None
        self._select()

    def _select(self) -> None:
        step = "SELECT Vitale"
        try:
            files.select_application(self.channel, step, MF_NAME, files.WITH_FCI)
        except CardRefused as refused:
            raise VitaleUnusable(
                "the card in the Vitale slot is no carte Vitale 2",
                step=step,
                sw=refused.sw,
                hint="is it a carte Vitale, in the right slot?",
            ) from refused
        self._directory = MF_NAME

    @property
    def link(self) -> Link:
        """The link this session speaks over."""
        return self.channel.link

    def reset(self) -> None:
        """Warm-reset the card and select it again; the recognition is gone."""
        self._directory = None
        self.channel.reset()
        self._select()

    # -- free to read

    def identity(self) -> Identity:
        """Name and date of birth of the holder."""
        step = "read identity"
        items = self._objects(step, self._read(step, MF_NAME, IDENTITY_FID))
        return Identity(
            *(self._text(step, items, 0x65, tag) for tag in (0x80, 0x81, 0x82)),
        )

    def registration(self) -> Registration:
        """NIR, country and beginning of validity."""
        step = "read NIR"
        self._enter(VITALE_NAME)
        items = self._objects(step, files.read_short_identifier(self.channel, step, NIR_SFI))
        number = self._text(step, items, 0x65, 0x93)
        return Registration(
            nir=number[:13],
            key=number[13:],
            country=self._text(step, items, 0x65, 0x90),
            valid_from=self._text(step, items, 0x66, 0x80),
        )

    def pan(self) -> bytes:
        """The card's number (EF.PAN): 10 bytes."""
        step = "read PAN"
        raw = self._read(step, MF_NAME, PAN_FID)
        value = find(self._objects(step, raw), 0x5A)
        if value is None or len(value) != 10:
            raise ProtocolBroken("EF.PAN holds no card number of 10 bytes", step=step)
        return value

    def cv_certificate(self) -> bytes:
        """The CV certificate (7F21) of the recognition key."""
        return self._read(Step.READ_CERTIFICATES, MF_NAME, recognition.VITALE_CERTIFICATE_FID)

    def sheet_certificate(self) -> bytes:
        """The CV certificate (7F21) of the key that signs care sheets."""
        return self._read("read the sheet certificate", ADELE_NAME, recognition.SHEET_CERTIFICATE_FID)

    def pointers(self) -> dict[str, FilePointer]:
        """The files that POINTERS lists, by name; read once per session."""
        if self._pointers is None:
            step = "read POINTERS"
            self._pointers = _parse_pointers(self._objects(step, self._read(step, VITALE_NAME, POINTERS_FID)))
        return self._pointers

    # -- behind the recognition

    def file(self, name: str) -> bytes:
        """The content of a file that POINTERS lists; KeyError for a name that it does not list.

        Raises RecognitionRequired when the card does not open it to this professional.
        """
        pointer = self.pointers()[name]
        return self._read(f"read {name}", pointer.application, pointer.fid)

    def sign_sheet(self, sheet_hash: bytes) -> bytes:
        """The Vitale's signature (256 bytes) for a care sheet with this SHA-256 of its canonical bytes.

        The card itself adds who opened it: see :func:`bifente.layouts.recognition.sheet_payload`. Raises
        RecognitionRequired.
        """
        if len(sheet_hash) != 32:
            raise ValueError(f"a SHA-256 digest has 32 bytes, not {len(sheet_hash)}")
        step = "sign sheet"
        self._enter(ADELE_NAME)
        template = encode(0x80, bytes((recognition.ALGORITHM_SHEET,))) + encode(
            0x84, bytes((recognition.KEY_SHEET,))
        )
        try:
            self.channel.check(step, _MSE, 0x41, 0xB6, template)
            self.channel.check(step, _PSO, 0x90, 0xA0, encode(0x90, sheet_hash))
            signature = self.channel.check_private(step, _PSO, 0x9E, 0x9A, b"", files.BLOCK)
        except CardRefused as refused:
            _want_recognition(refused)
            raise
        if len(signature) != recognition.SIGNATURE_SIZE:
            raise ProtocolBroken(f"a signature of {len(signature)} bytes", step=step)
        return signature

    # -- inside

    def enter_application(self) -> None:
        """Make the application VITALE, where the recognition key is, the current DF."""
        self._enter(VITALE_NAME)

    def _enter(self, name: bytes) -> None:
        if self._directory != name:
            self._directory = None
            files.select_application(self.channel, "SELECT Vitale", name, files.WITH_FCI)
            self._directory = name

    def _read(self, step: Step | str, application: bytes, fid: int) -> bytes:
        self._enter(application)
        try:
            return files.read_file(self.channel, step, fid, files.WITH_FCI)
        except CardRefused as refused:
            _want_recognition(refused)
            raise

    @staticmethod
    def _objects(step: str, content: bytes) -> list[Tlv]:
        try:
            return decode(content, padding=True)
        except ApduError as error:
            raise ProtocolBroken(f"the file is no BER-TLV: {error}", step=step) from error

    @staticmethod
    def _text(step: str, items: list[Tlv], *path: int) -> str:
        try:
            value = find(items, *path)
        except ApduError as error:
            raise ProtocolBroken(f"the file is no BER-TLV: {error}", step=step) from error
        return value.decode("latin-1") if value is not None else ""


def _parse_pointers(items: list[Tlv]) -> dict[str, FilePointer]:
    """``E0{A0{82 id(2) ?(2) AID …} 80 name(8) id(2) FID(2) …}`` (cardpeek ``vitale_2.lua``)."""
    step = "read POINTERS"
    try:
        entries = next(item for item in items if item.tag == 0xE0).children()
        applications = {
            item.value[:2]: item.value[4:]
            for group in entries
            if group.tag == 0xA0
            for item in group.children()
            if item.tag == 0x82
        }
        found = {}
        for item in entries:
            if item.tag == 0x80:
                name = item.value[:8].decode("latin-1").rstrip()
                application = applications[item.value[8:10]]
                found[name] = FilePointer(name, application, int.from_bytes(item.value[10:12], "big"))
    except (ApduError, StopIteration, KeyError) as error:
        raise ProtocolBroken("POINTERS is not what public readers expect", step=step) from error
    return found


def _want_recognition(refused: CardRefused) -> None:
    """Raise RecognitionRequired when that is what the refusal means."""
    if refused.sw == SW.SECURITY_STATUS_NOT_SATISFIED:
        raise RecognitionRequired(
            f"the Vitale opens this only to a CPS that it has recognised: {refused}",
            step=refused.step,
            sw=refused.sw,
        ) from refused
