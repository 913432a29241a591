"""The professional's card (CPS family) as the terminal sees it: what it says, its PIN, its keys.

The commands are those that the public middleware sends to a CPS3 (Cryptolib CPS, driver ``card-cps3.c``; OpenSC
PR #2217), so an emulated, a recorded and a real card are spoken to alike. To a CPS4 it speaks as
:mod:`bifente.terminal.chipdoc` says.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Final

from bifente.apdu import SW, ApduError, Link
from bifente.apdu.files.sdo import Docp, SdoClass, SdoId, SdoRequest
from bifente.apdu.instructions import (
    BER_TLV,
    CHANGE_REFERENCE_DATA,
    GET_DATA,
    INTERNAL_AUTHENTICATE,
    MANAGE_SECURITY_ENVIRONMENT,
    PERFORM_SECURITY_OPERATION,
    RESET_RETRY_COUNTER,
    SELECT,
    UPDATE_BINARY,
    VERIFY,
)
from bifente.apdu.issuersignature import IssuerSignature
from bifente.apdu.secrecy import MarkedBytes
from bifente.apdu.tlv import encode
from bifente.codes.holder import CardHolder
from bifente.crypto.resumable import Sha256State
from bifente.layouts import recognition
from bifente.layouts.cards import cps3 as layout
from bifente.layouts.codecs import businessdata, professional
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import EF
from bifente.layouts.recognition import Step
from bifente.ssv.groups import Group
from bifente.terminal import chipdoc, files, issued
from bifente.terminal.errors import (
    CardKind,
    CardRefused,
    CpsUnusable,
    PinBlocked,
    PinMalformed,
    PinRequired,
    ProtocolBroken,
    PukBlocked,
    WrongPin,
)
from bifente.terminal.processors import Channel
from bifente.terminal.whichcard import what_it_is

MF: Final = layout.LAYOUT.mf.fid
APPLICATION: Final = 0x0001
SERIAL_FID: Final = 0xD003

DATA_OBJECTS: Final = {
    file.name: file.fid
    for _, file in layout.LAYOUT.walk()
    if isinstance(file, EF) and file.name.startswith("CPS_")
}
"""The data objects by their PKCS#11 labels (``CPS_DATA``, ``CPS_NAME_PS``, ``CPS_ACTIVITY_01_PS``…) and their FIDs."""

_HASH_SHA256 = 0x40
_SIGN_SHA256 = 0x42
_RSA_PKCS1 = 0x02
_RSA_DECIPHER = 0x1A

_SELECT_PATH = 0x09
_MIN_DIGITS, _MAX_DIGITS = 4, 8
_MAX_AUTHENTICATE = 102
"""INTERNAL AUTHENTICATE takes at most 40 % of the modulus (IAS ECC)."""


@dataclass(frozen=True, slots=True)
class PinStatus:
    """What the card tells of its PIN or PUK without a presentation; None where it does not say.

    ``verified`` for this session, ``tries_left`` of ``max_tries`` before it is blocked, ``uses_left`` for a PUK that
    may be used only so often.
    """

    verified: bool
    tries_left: int | None
    max_tries: int | None
    uses_left: int | None

    @property
    def blocked(self) -> bool:
        """No presentation can succeed any more."""
        return self.tries_left == 0 or self.uses_left == 0


class CpsSession:
    """A conversation with the CPS behind *link*; the constructor selects it.

    Raises CpsUnusable when the card is not of this family, CpsAbsent when there is none. Methods raise TerminalError
    kinds only; a card's plain refusal is CardRefused with the step and its status word.
    """

    def __init__(self, link: Link, *, extended: bool | None = None) -> None:
        self._on_chipdoc = chipdoc.is_one(link)
        cla = chipdoc.CHANNEL if self._on_chipdoc else 0x00
        self.channel = Channel(link, CardKind.CPS, extended=extended, cla=cla)
        self.issued: IssuerSignature | None = None
        """What the issuer signed, once a recognition has verified it: what is read is then held against it."""
        self._select()

    def _select(self) -> None:
        step = "SELECT CPS"
        if self._on_chipdoc:
            chipdoc.call_applet(self.channel)
        for name in (layout.AID_MF, layout.AID_CONTACT):
            try:
                files.select_application(self.channel, step, name, files.WITH_FCP)
            except CardRefused as refused:
                raise CpsUnusable(
                    f"CPS invalide: the card in the CPS slot {what_it_is(self.link, 'cps3', name)}",
                    step=step,
                    sw=refused.sw,
                    hint="put the professional's card there: are the two cards swapped?",
                ) from refused

    @property
    def link(self) -> Link:
        """The link this session speaks over."""
        return self.channel.link

    def reset(self) -> None:
        """Warm-reset the card and select it again; PIN and recognition are gone."""
        self.channel.reset()
        self._select()

    # -- what the card says

    def pan(self) -> bytes:
        """The card's number as EF.SN.ICC holds it: 10 BCD bytes, issuer 8025000001 first."""
        value = self._content(
            files.find_in(self._read("read EF.SN.ICC", SERIAL_FID, mf=True), 0x5A), "EF.SN.ICC"
        )
        if len(value) != 10:
            raise ProtocolBroken(f"a card number has 10 bytes, not {len(value)}", step="read EF.SN.ICC")
        return value

    def serial(self) -> str:
        """The 8 digits of the serial number, as the public middleware shows them."""
        return self.pan()[5:9].hex()

    def cv_certificate(self) -> bytes:
        """The CV certificate (7F21) of the recognition key; free to read."""
        return self._read(Step.READ_CERTIFICATES, recognition.CPS_CERTIFICATE_FID)

    def signature_certificate(self) -> bytes:
        """The X.509 certificate (DER) of the signature key."""
        return self._read("read the signature certificate", layout.CERTIFICATE_SIGNATURE_FID)

    def authentication_certificate(self) -> bytes:
        """The X.509 certificate (DER) of the authentication key."""
        return self._read("read the authentication certificate", layout.CERTIFICATE_AUTHENTICATION_FID)

    def data_object(self, label: str) -> bytes:
        """The content of a data object by its PKCS#11 label, e.g. ``CPS_NAME_PS``; KeyError for an unknown label.

        Activities and CPS_SIT_FACT need the PIN: PinRequired without it.
        """
        return self._read(f"read {label}", DATA_OBJECTS[label])

    def holder(self) -> CardHolder:
        """Whom the card names, from its free data objects CPS_ID_CARD, CPS_NAME_PS and CPS_INFO_PS.

        Responsibility, structure and department do not stand there (see :func:`bifente.layouts.codecs.professional.holder_of`).
        """
        return holder_of({label: self.data_object(label) for label in professional.HOLDER})

    def issuer_signature(self) -> bytes:
        """The file with the issuer's signature, empty when the card has none; needs the PIN."""
        try:
            return self._read(Step.CPS_SIGNS, recognition.CPS_ISSUER_SIGNATURE_FID)
        except CardRefused as refused:
            if refused.sw != SW.FILE_NOT_FOUND:
                raise
            return b""

    def professional(self) -> list[Group]:
        """SSV group 1 (holder) and groups 2 (one for each *situation de facturation*); needs the PIN.

        Where each field of group 2 comes from: :data:`bifente.layouts.codecs.professional.SOURCES`; the others are empty. Raises
        NotIssued when the issuer's signature is known and does not cover what the card says.
        """
        return professional_groups(self.professional_contents())

    def professional_contents(self) -> dict[str, bytes]:
        """The data objects that :func:`professional_groups` reads, by label; raises as :meth:`professional`."""
        if self.issued is not None:
            return self.signed_contents(self.issued)
        contents = {label: self.data_object(label) for label in (*professional.HOLDER, "CPS_SIT_FACT")}
        try:
            billing = professional.read_billing(contents["CPS_SIT_FACT"])
            return contents | self._activities(professional.linked_activities(billing))
        except LayoutError as error:
            raise ProtocolBroken(f"the situations of the CPS: {error}", step="read situations") from error

    def signed_contents(self, signature: IssuerSignature) -> dict[str, bytes]:
        """All files under *signature*, by their labels; needs the PIN. Raises NotIssued."""
        return issued.read_covered(
            CardKind.CPS, signature, lambda node: self._read(f"read {node.name}", node.fid)
        )

    def _activities(self, wanted: Collection[int]) -> dict[str, bytes]:
        """The activities with these logical numbers by label, read in the order of their files until all are found."""
        missing = set(wanted)
        found: dict[str, bytes] = {}
        for place in range(1, layout.ACTIVITIES + 1):
            if not missing:
                break
            label = f"CPS_ACTIVITY_{place:02}_PS"
            try:
                content = self.data_object(label)
            except CardRefused as refused:
                if refused.sw != SW.FILE_NOT_FOUND:
                    raise
                continue
            number = professional.activity_number(businessdata.ACTIVITY.decode(content))
            if number in missing:
                found[label] = content
                missing.remove(number)
        return found

    def write_data(self, content: bytes) -> None:
        """Overwrite the beginning of CPS_DATA, the only object that the holder may write; needs the PIN."""
        step = "update CPS_DATA"
        self._open(step, DATA_OBJECTS["CPS_DATA"], mf=False)
        for offset in range(0, len(content), 0xE7):
            block = content[offset : offset + 0xE7]
            self._with_pin(step, UPDATE_BINARY, offset >> 8, offset & 0xFF, block)

    # -- the PIN

    def verify_pin(self, pin: bytes) -> None:
        """Present the *code porteur* (4 to 8 ASCII digits).

        Raises WrongPin with the tries left, PinBlocked at none, and PinMalformed without asking the card.
        """
        self._present("verify PIN", VERIFY, 0x00, layout.PIN, pin)

    def change_pin(self, old: bytes, new: bytes) -> None:
        """Replace the PIN; *old* is verified by the same command. Raises as :meth:`verify_pin`."""
        if self._on_chipdoc:
            _well_formed("change PIN", new)
            self._present("change PIN", VERIFY, 0x00, layout.PIN, old)
            self._present("change PIN", CHANGE_REFERENCE_DATA, 0x01, layout.PIN, new)
            return
        self._present("change PIN", CHANGE_REFERENCE_DATA, 0x00, layout.PIN, old, new)

    def unblock(self, puk: bytes, new: bytes) -> None:
        """Present the *code de déblocage* and set a new PIN. Raises WrongPin for the PUK's own tries."""
        if self._on_chipdoc:
            _well_formed("set new PIN", new)
        self._present("verify PUK", VERIFY, 0x00, layout.PUK, puk)
        if self._on_chipdoc:
            self._present("unblock PIN", RESET_RETRY_COUNTER, 0x03, layout.PIN | 0x80)
            self._present("set new PIN", CHANGE_REFERENCE_DATA, 0x01, layout.PIN, new)
            return
        self._present("set new PIN", RESET_RETRY_COUNTER, 0x02, layout.PIN, new)

    def log_out(self) -> None:
        """Give back what the PIN has opened; a recognition ends with it."""
        self.channel.forget()
        self.channel.check("log out", VERIFY, 0xFF, layout.PIN)

    def pin_status(self) -> PinStatus:
        """State of the PIN; no try is consumed."""
        return self._status(layout.PIN)

    def puk_status(self) -> PinStatus:
        """State of the PUK; no try is consumed."""
        return self._status(layout.PUK)

    # -- the keys

    def sign(self, message: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5/SHA-256 by the signature key (256 bytes); the card does the last round of the hash.

        Raises PinRequired when the PIN was not presented.
        """
        if self._on_chipdoc:
            return self.sign_digest(sha256(message).digest())
        # the middleware keeps 1 to 64 bytes back for the card, so the last block is never empty but of an empty message
        cut = max(len(message) - 1, 0) // 64 * 64
        head = Sha256State(message[:cut]).state() if cut else b""
        return self._sign(encode(0x90, head) + encode(0x80, message[cut:]))

    def sign_digest(self, digest: bytes) -> bytes:
        """As :meth:`sign`, over a finished SHA-256 digest (32 bytes)."""
        if len(digest) != 32:
            raise ValueError(f"a SHA-256 digest has 32 bytes, not {len(digest)}")
        if self._on_chipdoc:
            return self._by_chip(chipdoc.sign, digest)
        return self._sign(encode(0x90, digest))

    def authenticate_pss(self, digest: bytes) -> bytes:
        """RSASSA-PSS/SHA-256 by the authentication key over a SHA-256 digest, as TLS 1.3 wants it: a CPS4 alone has that.

        Raises CpsUnusable for another card, PinRequired when the PIN was not presented.
        """
        if not self._on_chipdoc:
            raise CpsUnusable(
                "this CPS signs without PSS: only a CPS4 has it", step="sign", hint="TLS 1.2 needs none"
            )
        return self._by_chip(partial(chipdoc.sign, pss=True, authentication=True), digest)

    def _by_chip(self, operation: Callable[[Channel, bytes], bytes], data: bytes) -> bytes:
        self.enter_application()
        try:
            return operation(self.channel, data)
        except CardRefused as refused:
            _want_pin(refused)
            raise

    def _sign(self, hash_input: bytes) -> bytes:
        self.enter_application()
        step = "sign"
        self.channel.check(step, MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xAA, crt(algorithm=_HASH_SHA256))
        self.channel.check(
            step,
            MANAGE_SECURITY_ENVIRONMENT,
            0x41,
            0xB6,
            crt(algorithm=_SIGN_SHA256, key=layout.KEY_SIGNATURE),
        )
        self.channel.check(step, PERFORM_SECURITY_OPERATION, 0x90, 0xA0, hash_input)
        return self._with_pin(step, PERFORM_SECURITY_OPERATION, 0x9E, 0x9A, b"", 256, private=True)

    def internal_authenticate(self, data: bytes) -> bytes:
        """PKCS #1 v1.5 signature by the authentication key over *data* as it is (a DigestInfo, at most 102 bytes)."""
        if not 1 <= len(data) <= _MAX_AUTHENTICATE:
            raise ValueError(f"INTERNAL AUTHENTICATE takes 1 to {_MAX_AUTHENTICATE} bytes, not {len(data)}")
        if self._on_chipdoc:
            return self._by_chip(chipdoc.authenticate, data)
        self.enter_application()
        step = "internal authenticate"
        self.channel.check(
            step,
            MANAGE_SECURITY_ENVIRONMENT,
            0x41,
            0xA4,
            crt(algorithm=_RSA_PKCS1, key=layout.KEY_AUTHENTICATION),
        )
        return self._with_pin(step, INTERNAL_AUTHENTICATE, 0, 0, data, 256, private=True)

    def decipher(self, cryptogram: bytes) -> bytes:
        """RSAES-PKCS1-v1_5 decryption by the authentication key; *cryptogram* has 256 bytes.

        Of a cryptogram with wrong padding nothing is promised: random bytes may come back.
        """
        if self._on_chipdoc:
            return self._by_chip(chipdoc.decipher, cryptogram)
        self.enter_application()
        step = "decipher"
        self.channel.check(
            step,
            MANAGE_SECURITY_ENVIRONMENT,
            0x41,
            0xB8,
            crt(algorithm=_RSA_DECIPHER, key=layout.KEY_AUTHENTICATION),
        )
        return self._with_pin(
            step, PERFORM_SECURITY_OPERATION, 0x80, 0x86, b"\x81" + cryptogram, 256, private=True
        )

    # -- inside

    def enter_application(self) -> None:
        """Make ADF 0001, where the keys are, the current DF.

        Done before each use of a key: another program may have reset the card or selected elsewhere meanwhile.
        """
        files.select_application(self.channel, "SELECT CPS", layout.AID_CONTACT, files.WITH_FCP)

    def _open(self, step: Step | str, fid: int, *, mf: bool) -> int | None:
        path = b"\x3f\x00" + (b"" if mf else APPLICATION.to_bytes(2, "big")) + fid.to_bytes(2, "big")
        answer = self.channel.check(step, SELECT, _SELECT_PATH, files.WITH_FCP, path, files.BLOCK)
        return files.size_of(answer)

    def _read(self, step: Step | str, fid: int, *, mf: bool = False) -> bytes:
        try:
            return files.read_selected(self.channel, step, self._open(step, fid, mf=mf))
        except CardRefused as refused:
            _want_pin(refused)
            raise

    def _with_pin(
        self,
        step: str,
        ins: int,
        p1: int,
        p2: int,
        data: bytes,
        ne: int | None = None,
        *,
        private: bool = False,
    ) -> bytes:
        run = self.channel.check_private if private else self.channel.check
        try:
            return run(step, ins, p1, p2, data, ne)
        except CardRefused as refused:
            _want_pin(refused)
            raise

    def _present(self, step: str, ins: int, p1: int, reference: int, *secrets: bytes) -> None:
        code = "PIN" if reference == layout.PIN and ins != RESET_RETRY_COUNTER else "PUK"
        for secret in secrets:
            _well_formed(step, secret)
        data = MarkedBytes.whole(b"".join(secrets))
        sw = self.channel.send(self.channel.cla, ins, p1, reference, data, step=step).sw
        if sw == SW.SUCCESS:
            return
        self.channel.forget()
        left = sw.tries_left
        if sw == SW.AUTHENTICATION_METHOD_BLOCKED or left == 0:
            if code == "PIN":
                raise PinBlocked("the PIN is blocked: no try is left", step=step, sw=sw)
            raise PukBlocked("the PUK is used up: nothing unblocks this CPS any more", step=step, sw=sw)
        if left is not None:
            tries = "try" if left == 1 else "tries"
            raise WrongPin(f"wrong {code}: {left} {tries} left", tries_left=left, step=step, sw=sw, code=code)
        raise CardRefused(step, sw, card=CardKind.CPS)

    def _status(self, reference: int) -> PinStatus:
        step = "PIN status"
        sw = self.channel.send(self.channel.cla, VERIFY, 0x00, reference, step=step).sw
        left = 0 if sw == SW.AUTHENTICATION_METHOD_BLOCKED else sw.tries_left
        if left is None and sw != SW.SUCCESS:
            raise CardRefused(step, sw, card=CardKind.CPS)
        docp = self._control_parameters(step, reference)
        if docp is None:
            return PinStatus(sw == SW.SUCCESS, left, None, None)
        left = docp.tries_left if left is None else left
        return PinStatus(sw == SW.SUCCESS, left, docp.max_tries, docp.uses_left)

    def _control_parameters(self, step: str, reference: int) -> Docp | None:
        """The DOCP of a PIN; GET DATA finds it at the MF only. None when the card does not give it."""
        self.channel.check(step, SELECT, 0x00, files.WITHOUT_ANSWER, b"\x3f\x00")
        request = SdoRequest(SdoId(SdoClass.CHV, reference), (0xA0,)).encode()
        cla = self.channel.cla
        response = self.channel.send(cla, GET_DATA | BER_TLV, 0x3F, 0xFF, request, 256, step=step)
        if response.sw != SW.SUCCESS:
            return None
        try:
            return Docp.of_answer(response.data)[1]
        except ApduError as error:
            raise ProtocolBroken(f"control parameters of the PIN: {error}", step=step) from error

    @staticmethod
    def _content(value: bytes | None, what: str) -> bytes:
        if value is None:
            raise ProtocolBroken(f"{what} holds no card number", step=f"read {what}")
        return value


def _well_formed(step: str, secret: bytes) -> None:
    """Raise PinMalformed: without digits VERIFY would be a question, and other characters a refusal like any other."""
    if not (_MIN_DIGITS <= len(secret) <= _MAX_DIGITS and secret.isdigit()):
        raise PinMalformed(f"a code has {_MIN_DIGITS} to {_MAX_DIGITS} digits", step=step)


def holder_of(contents: Mapping[str, bytes]) -> CardHolder:
    """Whom CPS_ID_CARD, CPS_NAME_PS and CPS_INFO_PS name. Raises ProtocolBroken."""
    try:
        return professional.holder_of(
            *(codec.decode(contents[label]) for label, codec in professional.HOLDER.items())
        )
    except (LayoutError, KeyError) as error:
        raise ProtocolBroken(f"the data objects of the CPS: {error}", step="read holder") from error


def professional_groups(contents: Mapping[str, bytes], holder: CardHolder | None = None) -> list[Group]:
    """SSV group 1 and groups 2 from the data objects of a CPS, by their labels; *holder* when it was read from them
    before. Raises ProtocolBroken."""
    try:
        if holder is not None:
            return professional.groups_of(holder, contents)
        return professional.professional_groups(contents)
    except (LayoutError, KeyError) as error:
        raise ProtocolBroken(f"the data objects of the CPS: {error}", step="read situations") from error


def crt(*, algorithm: int, key: int | None = None) -> bytes:
    """The content of a control reference template for MSE SET: algorithm (80) and own key (84)."""
    return encode(0x80, bytes((algorithm,))) + (encode(0x84, bytes((key,))) if key is not None else b"")


def _want_pin(refused: CardRefused) -> None:
    """Raise PinRequired when that is what the refusal means."""
    if refused.sw == SW.SECURITY_STATUS_NOT_SATISFIED:
        raise PinRequired(
            f"the PIN was not presented: {refused}", step=refused.step, sw=refused.sw
        ) from refused
