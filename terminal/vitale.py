"""The carte Vitale 2 as the terminal sees it: whose it is, which rights it carries, its signature.

Identity and NIR are read with the commands of the public readers (cardpeek ``vitale_2.lua``, Rufus and others); the
rights, the two volets and the sheet's signature are behind the recognition and ``synthetic``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bifente.apdu import SW, ApduError, Link
from bifente.apdu.instructions import MANAGE_SECURITY_ENVIRONMENT, PERFORM_SECURITY_OPERATION, VERIFY
from bifente.apdu.issuersignature import IssuerSignature
from bifente.apdu.tlv import Tlv, decode, encode, find
from bifente.layouts import recognition
from bifente.layouts.cards import vitale2 as layout
from bifente.layouts.codec import Codec, JsonValue, from_hex, record, sequence, string
from bifente.layouts.codecs import groupfiles, identity, volets
from bifente.layouts.errors import LayoutError
from bifente.layouts.recognition import Step
from bifente.ssv.groups import Group
from bifente.terminal import files, issued
from bifente.terminal.errors import (
    CardKind,
    CardRefused,
    ProtocolBroken,
    RecognitionRequired,
    VitaleUnusable,
)
from bifente.terminal.processors import Channel
from bifente.terminal.whichcard import what_it_is

IDENTITY_FID: Final = 0xD001
PAN_FID: Final = 0x2F02
POINTERS_FID: Final = 0x2001
NIR_SFI: Final = 0x02


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

    Raises VitaleUnusable when the card is not a Vitale 2, VitaleAbsent when there is none. Methods raise TerminalError
    kinds only.
    """

    def __init__(self, link: Link, *, extended: bool | None = None) -> None:
        self.channel = Channel(link, CardKind.VITALE, extended=extended)
        self.issued: IssuerSignature | None = None
        """What the issuer signed, once a recognition has verified it: what is read is then held against it."""
        self._directory: bytes | None = None
        self._pointers: dict[str, FilePointer] | None = None
        self._select()

    def _select(self) -> None:
        step = "SELECT Vitale"
        try:
            files.select_application(self.channel, step, layout.AID_MF, files.WITH_FCI)
        except CardRefused as refused:
            raise VitaleUnusable(
                f"the card in the Vitale slot {what_it_is(self.link, 'vitale2', layout.AID_MF)}",
                step=step,
                sw=refused.sw,
                hint="put the patient's card there: are the two cards swapped?",
            ) from refused
        self._directory = layout.AID_MF

    @property
    def link(self) -> Link:
        """The link this session speaks over."""
        return self.channel.link

    def reset(self) -> None:
        """Warm-reset the card and select it again; the recognition is gone."""
        self._directory = None
        self.channel.reset()
        self._select()

    def log_out(self) -> None:
        """Close what a recognition has opened: the card knows nobody any more."""
        self.channel.forget()
        self.channel.check("log out", VERIFY, 0xFF, 0x00)

    # -- free to read

    def identity(self) -> Identity:
        """Name and date of birth of the holder."""
        step = "read identity"
        items = self._objects(step, self._read(step, layout.AID_MF, IDENTITY_FID))
        return Identity(
            *(self._text(step, items, 0x65, tag) for tag in (0x80, 0x81, 0x82)),
        )

    def registration(self) -> Registration:
        """NIR, country and beginning of validity."""
        step = "read NIR"
        self._enter(layout.AID_VITALE)
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
        raw = self._read(step, layout.AID_MF, PAN_FID)
        value = find(self._objects(step, raw), 0x5A)
        if value is None or len(value) != 10:
            raise ProtocolBroken("EF.PAN holds no card number of 10 bytes", step=step)
        return value

    def serial(self) -> str:
        """The 8 digits of the serial number: the end of the card's number."""
        return self.pan()[5:9].hex()

    def cv_certificate(self) -> bytes:
        """The CV certificate (7F21) of the recognition key."""
        return self._read(Step.READ_CERTIFICATES, layout.AID_MF, recognition.VITALE_CERTIFICATE_FID)

    def sheet_certificate(self) -> bytes:
        """The CV certificate (7F21) of the key that signs care sheets."""
        return self._read("read the sheet certificate", layout.AID_ADELE, recognition.SHEET_CERTIFICATE_FID)

    def pointers(self) -> dict[str, FilePointer]:
        """The files that POINTERS lists, by name; read once per session."""
        if self._pointers is None:
            self._pointers = _pointers(self._read("read POINTERS", layout.AID_VITALE, POINTERS_FID))
        return self._pointers

    # -- behind the recognition

    def file(self, name: str) -> bytes:
        """The content of a file that POINTERS lists; KeyError for a name that it does not list.

        Raises RecognitionRequired when the card does not open it to this professional.
        """
        pointer = self.pointers()[name]
        self._enter(pointer.application)
        return self._content(pointer)

    def issuer_signature(self) -> bytes:
        """The file with the issuer's signature, empty when the card has none. Raises RecognitionRequired."""
        try:
            return self._read(Step.VITALE_SIGNS, layout.AID_VITALE, recognition.VITALE_ISSUER_SIGNATURE_FID)
        except CardRefused as refused:
            if refused.sw != SW.FILE_NOT_FOUND:
                raise
            return b""

    def rights(self) -> list[Group]:
        """SSV groups 101 to 111 in the official order of the card.

        Raises RecognitionRequired, and NotIssued when the issuer's signature is known and does not cover them.
        """
        return rights_groups(self.rights_contents())

    def rights_contents(self) -> dict[str, bytes]:
        """The files that :func:`rights_groups` reads, by name; raises as :meth:`rights`."""
        if self.issued is None:
            listed = self._freshly_listed()
            return {name: self._content(listed[name]) for name in groupfiles.file_names() if name in listed}
        self._enter(layout.AID_VITALE)  # anew: a card that was reset meanwhile then says what is missing
        return issued.read_covered(
            CardKind.VITALE,
            self.issued,
            lambda node: self._read(f"read {node.name}", layout.AID_VITALE, node.fid),
        )

    def emergency_volet(self) -> JsonValue:
        """The *volet d'urgence* (:data:`bifente.layouts.codecs.volets.EMERGENCY`); None when it is empty or absent."""
        return self._volet("URGENCE", volets.EMERGENCY)

    def medical_volet(self) -> JsonValue:
        """The *volet médical* (:data:`bifente.layouts.codecs.volets.MEDICAL`); None when it is empty or absent."""
        return self._volet("MEDICAL", volets.MEDICAL)

    def _volet(self, name: str, codec: Codec) -> JsonValue:
        pointer = self._freshly_listed().get(name)
        if pointer is None:
            return None
        content = self._content(pointer)
        try:
            return codec.decode(content)
        except LayoutError as error:
            raise ProtocolBroken(f"{name}: {error}", step=f"read {name}") from error

    def _freshly_listed(self) -> dict[str, FilePointer]:
        """POINTERS, with VITALE selected anew: a card that was reset meanwhile then says what is missing."""
        self._enter(layout.AID_VITALE)
        return self.pointers()

    def _content(self, pointer: FilePointer) -> bytes:
        return self._read(f"read {pointer.name}", pointer.application, pointer.fid)

    def sign_sheet(self, sheet_hash: bytes) -> bytes:
        """The Vitale's signature (256 bytes) for a care sheet with this SHA-256 of its canonical bytes.

        The card itself adds who opened it: see :func:`bifente.layouts.recognition.sheet_payload`. Raises
        RecognitionRequired.
        """
        if len(sheet_hash) != 32:
            raise ValueError(f"a SHA-256 digest has 32 bytes, not {len(sheet_hash)}")
        step = "sign sheet"
        self._enter(layout.AID_ADELE)
        template = encode(0x80, bytes((recognition.ALGORITHM_SHEET,))) + encode(
            0x84, bytes((recognition.KEY_SHEET,))
        )
        try:
            self.channel.check(step, MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xB6, template)
            self.channel.check(step, PERFORM_SECURITY_OPERATION, 0x90, 0xA0, encode(0x90, sheet_hash))
            signature = self.channel.check_private(
                step, PERFORM_SECURITY_OPERATION, 0x9E, 0x9A, b"", files.BLOCK
            )
        except CardRefused as refused:
            _want_recognition(refused)
            raise
        if len(signature) != recognition.SIGNATURE_SIZE:
            raise ProtocolBroken(f"a signature of {len(signature)} bytes", step=step)
        return signature

    # -- inside

    def enter_application(self) -> None:
        """Make the application VITALE, where the recognition key is, the current DF."""
        self._enter(layout.AID_VITALE)

    def _enter(self, name: bytes) -> None:
        self._directory = None
        files.select_application(self.channel, "SELECT Vitale", name, files.WITH_FCI)
        self._directory = name

    def _read(self, step: Step | str, application: bytes, fid: int) -> bytes:
        if self._directory != application:
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
            raise ProtocolBroken(f"the file is not BER-TLV: {error}", step=step) from error

    @staticmethod
    def _text(step: str, items: list[Tlv], *path: int) -> str:
        try:
            value = find(items, *path)
        except ApduError as error:
            raise ProtocolBroken(f"the file is not BER-TLV: {error}", step=step) from error
        return value.decode("latin-1") if value is not None else ""


def rights_groups(contents: Mapping[str, bytes]) -> list[Group]:
    """SSV groups 101 to 111 in the order of the card, from its files by their names. Raises ProtocolBroken."""
    pieces = {}
    for name, content in contents.items():
        try:
            pieces[name] = groupfiles.groups_in(content)
        except LayoutError as error:
            raise ProtocolBroken(f"{name}: {error}", step=f"read {name}") from error
    try:
        return groupfiles.join(pieces)
    except LayoutError as error:
        raise ProtocolBroken(f"the rights on the Vitale: {error}", step="read rights") from error


def _pointers(content: bytes) -> dict[str, FilePointer]:
    try:
        value, _ = identity.POINTERS.decode_prefix(content)
        given = record(value, "POINTERS", ("applications", "files"))
        applications: dict[JsonValue, bytes] = {}
        for item in sequence(given["applications"], "applications"):
            entry = record(item, "application", ("id", "aid", "reserved"))
            applications[entry["id"]] = from_hex(string(entry["aid"], "aid"), "aid")
        found = {}
        for item in sequence(given["files"], "files"):
            entry = record(item, "file", ("name", "application", "fid"))
            name = string(entry["name"], "name")
            fid = int(string(entry["fid"], "fid"), 16)
            found[name] = FilePointer(name, applications[entry["application"]], fid)
    except LayoutError as error:
        raise ProtocolBroken(f"POINTERS: {error}", step="read POINTERS") from error
    return found


def _want_recognition(refused: CardRefused) -> None:
    """Raise RecognitionRequired when that is what the refusal means."""
    if refused.sw == SW.SECURITY_STATUS_NOT_SATISFIED:
        raise RecognitionRequired(
            f"the Vitale opens this only to a CPS that it has recognised: {refused}",
            step=refused.step,
            sw=refused.sw,
            hint="recognise the two cards; when they are, this professional may not do it",
        ) from refused
