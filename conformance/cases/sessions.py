"""The terminal suite's cases with sessions: PIN, recognition and what it opens, on both cards at once."""

from collections.abc import Callable
from datetime import date
from typing import Final

from bifente.apdu.command import CommandAPDU
from bifente.apdu.cvc import CvEnvelope
from bifente.apdu.instructions import (
    EXTERNAL_AUTHENTICATE,
    MANAGE_SECURITY_ENVIRONMENT,
    PERFORM_SECURITY_OPERATION,
    READ_BINARY,
    SELECT,
)
from bifente.apdu.status import SW
from bifente.conformance.case import Bench, Collection, Need, WholeLink, check, same
from bifente.conformance.errors import Nonconformity
from bifente.layouts.cards import cps3, vitale2
from bifente.layouts.recognition import CHALLENGE_SIZE, DIGEST_SIZE, SIGNATURE_SIZE
from bifente.terminal import (
    CardRefused,
    CpsSession,
    PinRequired,
    RecognitionRequired,
    VitaleSession,
    WrongPin,
    recognise,
)

CASES = Collection("terminal")

_BOTH: Final = ("cps3", "vitale2")


def _sessions(bench: Bench, *, pin: bool = True) -> tuple[CpsSession, VitaleSession]:
    cps, vitale = CpsSession(bench.link("cps3")), VitaleSession(bench.link("vitale2"))
    if pin:
        value = bench.card("cps3").pin
        assert value is not None
        cps.verify_pin(value)
    return cps, vitale


def _recognised(bench: Bench) -> tuple[CpsSession, VitaleSession]:
    cps, vitale = _sessions(bench)
    recognition = recognise(cps, vitale, date=date.today())
    bench.afterwards(recognition.close)
    return cps, vitale


@CASES.case(
    "wrong-pin-told",
    "A wrong PIN is told with the tries left",
    "ISO/IEC 7816-4:2020 §11.6.6",
    ("cps3",),
    Need.PIN,
    Need.DESTRUCTIVE,
)
def _wrong_pin(bench: Bench) -> None:
    session = CpsSession(bench.link("cps3"))
    pin = bench.card("cps3").pin
    assert pin is not None
    before = session.pin_status()
    wrong = bytes(0x30 + (digit - 0x2F) % 10 for digit in pin)
    bench.afterwards(lambda: session.verify_pin(pin))
    try:
        session.verify_pin(wrong)
    except WrongPin as error:
        assert before.tries_left is not None
        same(error.tries_left, before.tries_left - 1, "the tries left")
        return
    raise Nonconformity("a wrong PIN was taken")


@CASES.case(
    "pin-wanted", "Signing without the PIN is refused for want of it", "IAS ECC v1.0.1, PSO CDS", ("cps3",)
)
def _pin_wanted(bench: Bench) -> None:
    session = CpsSession(bench.link("cps3"))
    verbs: tuple[tuple[str, Callable[[], object]], ...] = (
        ("sign", lambda: session.sign(b"x")),
        ("authenticate", lambda: session.internal_authenticate(b"x")),
        ("decipher", lambda: session.decipher(bytes(255) + b"\x01")),
        ("billing situations", lambda: session.data_object("CPS_SIT_FACT")),
    )
    for what, verb in verbs:
        try:
            verb()
        except PinRequired:
            continue
        raise Nonconformity(f"{what}: done without the PIN")


@CASES.case(
    "recognition",
    "The two cards recognise each other after the PIN",
    "recognition (synthetic), steps 0 to 6",
    _BOTH,
    Need.PIN,
)
def _recognition(bench: Bench) -> None:
    cps, vitale = _sessions(bench)
    with recognise(cps, vitale, date=date.today()) as recognition:
        check(recognition.active, "the recognition is over as soon as it is made")
        check(vitale.rights(), "the recognised professional reads no rights")


@CASES.case(
    "recognition-without-pin",
    "Without the PIN the CPS does not recognise",
    "recognition (synthetic), step 3",
    _BOTH,
)
def _without_pin(bench: Bench) -> None:
    cps, vitale = _sessions(bench, pin=False)
    try:
        recognise(cps, vitale, date=date.today()).close()
    except (PinRequired, CardRefused):
        pass
    else:
        raise Nonconformity("the cards recognised each other without the PIN")
    _closed(vitale, "after a recognition that failed")


def _closed(vitale: VitaleSession, when: str) -> None:
    whole = WholeLink(vitale.link)
    for command in (
        CommandAPDU.build(0, SELECT, 0x04, 0x0C, vitale2.AID_VITALE),
        CommandAPDU.build(0, SELECT, 0x02, 0x0C, vitale2.FIRST_GROUP_FID.to_bytes(2, "big")),
    ):
        same(whole.send(command.raw).sw, SW.SUCCESS, "the status word of SELECT")
    status = whole.send(CommandAPDU.build(0, READ_BINARY, 0, 0, b"", 1).raw).sw
    same(status, SW.SECURITY_STATUS_NOT_SATISFIED, f"READ BINARY of the rights {when}")


def _open(vitale: VitaleSession) -> None:
    whole = WholeLink(vitale.link)
    for command in (
        CommandAPDU.build(0, SELECT, 0x04, 0x0C, vitale2.AID_VITALE),
        CommandAPDU.build(0, SELECT, 0x02, 0x0C, vitale2.FIRST_GROUP_FID.to_bytes(2, "big")),
        CommandAPDU.build(0, READ_BINARY, 0, 0, b"", 1),
    ):
        same(whole.send(command.raw).sw, SW.SUCCESS, "reading the rights after the recognition")


@CASES.case(
    "recognition-survives-select",
    "What the recognition opened stays open when another application is selected",
    "recognition (synthetic)",
    _BOTH,
    Need.PIN,
)
def _survives(bench: Bench) -> None:
    _, vitale = _recognised(bench)
    _open(vitale)
    WholeLink(vitale.link).send(CommandAPDU.build(0, SELECT, 0x04, 0x0C, vitale2.AID_ADELE).raw)
    _open(vitale)


@CASES.case(
    "recognition-ends-with-reset",
    "It ends with a reset of the Vitale",
    "recognition (synthetic), ends",
    _BOTH,
    Need.PIN,
)
def _reset(bench: Bench) -> None:
    _, vitale = _recognised(bench)
    _open(vitale)
    vitale.link.reset()
    _closed(vitale, "after a reset")


@CASES.case(
    "recognition-ends-with-log-out",
    "It ends with a log-out",
    "recognition (synthetic), ends",
    _BOTH,
    Need.PIN,
)
def _log_out(bench: Bench) -> None:
    _, vitale = _recognised(bench)
    _open(vitale)
    same(vitale.link.transmit(bytes.fromhex("0020FF00")), b"\x90\x00", "the answer to a log-out")
    _closed(vitale, "after a log-out")


@CASES.case(
    "sheet-signed",
    "The Vitale signs a care sheet for the professional it has recognised",
    "recognition (synthetic), the Vitale's signature",
    _BOTH,
    Need.PIN,
)
def _sheet(bench: Bench) -> None:
    _, vitale = _recognised(bench)
    one, other = vitale.sign_sheet(bytes(32)), vitale.sign_sheet(bytes(31) + b"\x01")
    same((len(one), len(other)), (256, 256), "bytes of the signatures")
    check(one != other, "two sheets have the same signature")


@CASES.case("sheet-needs-recognition", "It signs none without", "recognition (synthetic)", ("vitale2",))
def _no_sheet(bench: Bench) -> None:
    try:
        VitaleSession(bench.link("vitale2")).sign_sheet(bytes(32))
    except RecognitionRequired:
        return
    raise Nonconformity("a care sheet was signed for nobody")


def _show_certificate(whole: WholeLink, certificate: bytes) -> SW:
    """MSE SET the authority that the certificate names, PSO VERIFY CERTIFICATE; the last status word."""
    car = CvEnvelope.parse(certificate).car
    setting = CommandAPDU.build(
        0, MANAGE_SECURITY_ENVIRONMENT, 0x81, 0xB6, b"\x83" + bytes((len(car),)) + car
    )
    same(whole.send(setting.raw).sw, SW.SUCCESS, "the status word of MSE SET of the authority")
    return _chained(whole, PERFORM_SECURITY_OPERATION, 0x00, 0xAE, certificate)


def _chained(whole: WholeLink, ins: int, p1: int, p2: int, data: bytes) -> SW:
    last = (len(data) - 1) // 255 * 255
    for at in range(0, last, 255):
        same(
            whole.send(CommandAPDU.build(0x10, ins, p1, p2, data[at : at + 255]).raw).sw,
            SW.SUCCESS,
            "the status word of a block of a chain",
        )
    return whole.send(CommandAPDU.build(0, ins, p1, p2, data[last:]).raw).sw


@CASES.case(
    "certificate-forged",
    "A certificate in which one bit is changed is refused by both cards",
    "recognition (synthetic), step 1: 6A80",
    _BOTH,
)
def _forged(bench: Bench) -> None:
    cps, vitale = _sessions(bench, pin=False)
    for certificate, session in ((vitale.cv_certificate(), cps), (cps.cv_certificate(), vitale)):
        session.enter_application()
        whole = WholeLink(session.link)
        same(_show_certificate(whole, certificate), SW.SUCCESS, "the status word for the true certificate")
        for at in (12, 100, 280):
            forged = bytearray(certificate)
            forged[at] ^= 1
            status = _chained(whole, PERFORM_SECURITY_OPERATION, 0x00, 0xAE, bytes(forged))
            same(status, SW.INCORRECT_DATA_FIELD, f"the status word for a certificate changed at byte {at}")


@CASES.case(
    "token-wrong",
    "A token that was not made for this dialogue is refused, and its challenge is spent",
    "recognition (synthetic), step 4: 6300, then 6985",
    _BOTH,
)
def _token(bench: Bench) -> None:
    cps, vitale = _sessions(bench, pin=False)
    certificate = cps.cv_certificate()
    vitale.enter_application()
    whole = WholeLink(vitale.link)
    same(_show_certificate(whole, certificate), SW.SUCCESS, "the status word for the certificate")
    chr_ = b"\0\0" + cps.pan()
    cps.enter_application()
    vitale.enter_application()
    challenge = whole.send(bytes.fromhex("0084000010"))
    same((challenge.sw, len(challenge.data)), (SW.SUCCESS, 16), "GET CHALLENGE")
    setting = CommandAPDU.build(0, MANAGE_SECURITY_ENVIRONMENT, 0x81, 0xA4, b"\x80\x01\xe1\x83\x0c" + chr_)
    same(whole.send(setting.raw).sw, SW.SUCCESS, "the status word of MSE SET of the professional")
    token = bytes(CHALLENGE_SIZE + DIGEST_SIZE) + bytes(SIGNATURE_SIZE - 1) + b"\x02"
    same(
        _chained(whole, EXTERNAL_AUTHENTICATE, 0, 0, token),
        SW.CHANGED_WARNING,
        "the status word for a wrong token",
    )
    again = _chained(whole, EXTERNAL_AUTHENTICATE, 0, 0, token)
    same(
        again, SW.CONDITIONS_OF_USE_NOT_SATISFIED, "the status word for a second token to the same challenge"
    )
    _closed(vitale, "after a wrong token")


@CASES.case(
    "token-without-challenge",
    "A token without a challenge is refused",
    "recognition (synthetic), step 4: 6985",
    _BOTH,
)
def _no_challenge(bench: Bench) -> None:
    cps, vitale = _sessions(bench, pin=False)
    certificate, chr_ = cps.cv_certificate(), b"\0\0" + cps.pan()
    vitale.enter_application()
    whole = WholeLink(vitale.link)
    same(_show_certificate(whole, certificate), SW.SUCCESS, "the status word for the certificate")
    setting = CommandAPDU.build(0, MANAGE_SECURITY_ENVIRONMENT, 0x81, 0xA4, b"\x80\x01\xe1\x83\x0c" + chr_)
    same(whole.send(setting.raw).sw, SW.SUCCESS, "the status word of MSE SET of the professional")
    status = _chained(
        whole, EXTERNAL_AUTHENTICATE, 0, 0, bytes(CHALLENGE_SIZE + DIGEST_SIZE + SIGNATURE_SIZE)
    )
    same(status, SW.CONDITIONS_OF_USE_NOT_SATISFIED, "the status word without a challenge")


@CASES.case(
    "own-certificate",
    "A card does not accept its own certificate",
    "recognition (synthetic), step 1: reflection",
    _BOTH,
)
def _reflected(bench: Bench) -> None:
    cps, vitale = _sessions(bench, pin=False)
    for session in (cps, vitale):
        certificate = session.cv_certificate()
        session.enter_application()
        whole = WholeLink(session.link)
        car = CvEnvelope.parse(certificate).car
        setting = CommandAPDU.build(
            0, MANAGE_SECURITY_ENVIRONMENT, 0x81, 0xB6, b"\x83" + bytes((len(car),)) + car
        )
        same(
            whole.send(setting.raw).sw,
            SW.REFERENCED_DATA_NOT_FOUND,
            "the status word of MSE SET of its own authority",
        )


@CASES.case(
    "holder-reads",
    "Holder, situations and certificates can be read by the session",
    "ansforge/dops-cryptolib",
    ("cps3",),
    Need.PIN,
    Need.KNOWN,
)
def _holder(bench: Bench) -> None:
    session = CpsSession(bench.link("cps3"))
    pin = bench.card("cps3").pin
    assert pin is not None
    session.holder()
    same(len(session.serial()), 8, "digits of the serial number")
    session.verify_pin(pin)
    check(session.professional() is not None, "no situations")


@CASES.case(
    "data-written",
    "CPS_DATA keeps what a session writes",
    "ansforge/dops-cryptolib",
    ("cps3",),
    Need.PIN,
    Need.DESTRUCTIVE,
)
def _data(bench: Bench) -> None:
    session = CpsSession(bench.link("cps3"))
    pin = bench.card("cps3").pin
    assert pin is not None
    session.verify_pin(pin)
    old = session.data_object("CPS_DATA")
    bench.afterwards(lambda: session.write_data(old))
    new = bytes(at * 3 & 0xFF for at in range(cps3.DATA_SIZE))
    session.write_data(new)
    check(session.data_object("CPS_DATA") == new, "what was written is not read back")
    check(len(new) == cps3.DATA_SIZE, "its size has changed")
