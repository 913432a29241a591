"""What the recognitions of either generation of the Vitale have in common: steps, whose fault a refusal is, what is judged."""

from collections.abc import Collection
from datetime import date
from typing import Final, NamedTuple

from bifente.apdu import SW
from bifente.apdu.cvc import Car, Cha, CvContent, CvEnvelope, CvError, CvKey, CvReason
from bifente.apdu.instructions import (
    GET_CHALLENGE,
    MANAGE_SECURITY_ENVIRONMENT,
    PERFORM_SECURITY_OPERATION,
)
from bifente.apdu.tlv import encode
from bifente.layouts import recognition as protocol
from bifente.layouts.recognition import Step
from bifente.terminal.anchors import outside_dates, verify_certificate
from bifente.terminal.errors import (
    CardKind,
    CardRefused,
    CpsUnusable,
    PinRequired,
    ProtocolBroken,
    TestWithReal,
    VitaleUnusable,
)
from bifente.terminal.processors import Channel

VERIFICATION, COMPUTATION = 0x81, 0x41
AUTHENTICATION_TEMPLATE, SIGNATURE_TEMPLATE = 0xA4, 0xB6

_BLAMED: Final = {
    (CardKind.CPS, Step.VERIFY_CERTIFICATES): VitaleUnusable.ssv_code,
    (CardKind.CPS, Step.CPS_VERIFIES): VitaleUnusable.ssv_code,
    (CardKind.VITALE, Step.VERIFY_CERTIFICATES): CpsUnusable.ssv_code,
    (CardKind.VITALE, Step.VITALE_VERIFIES): CpsUnusable.ssv_code,
}
"""Whose fault it is when a card refuses what came from the other one."""


class Exchanged(NamedTuple):
    """What a dialogue has exchanged, see :class:`bifente.terminal.recognise.Recognition`."""

    rc: bytes
    rv: bytes
    chr_cps: bytes
    chr_vitale: bytes
    cha_cps: Cha | None
    issuer_cps: bytes
    issuer_vitale: bytes


def judged(card: CardKind, certificate: bytes, anchors: Collection[CvKey], day: date) -> CvContent | None:
    """What a card's certificate says, verified; None without anchors."""
    if not anchors:
        return None
    try:
        content = verify_certificate(certificate, anchors)
    except CvError as error:
        if error.reason is CvReason.ENVIRONMENT:
            raise TestWithReal(
                f"a test card and a real card: {error}", step=Step.VERIFY_CERTIFICATES
            ) from error
        raise unusable(card, f"its CV certificate is refused: {error}") from error
    problem = _wrong_holder(card, content) or outside_dates(content, day)
    if problem is not None:
        raise unusable(card, problem)
    return content


def authority(certificate: bytes, card: CardKind) -> Car:
    try:
        return Car.parse(CvEnvelope.parse(certificate).car)
    except CvError as error:
        raise unusable(card, f"its CV certificate cannot be read: {error}", Step.READ_CERTIFICATES) from error


def _wrong_holder(card: CardKind, content: CvContent) -> str | None:
    domain = protocol.DOMAIN_CPS if card is CardKind.CPS else protocol.DOMAIN_VITALE
    if content.cha.domain != domain:
        return "its certificate is that of the other kind of card"
    if content.cha.usage != protocol.USAGE_AUTHENTICATION:
        return "its certificate is not for recognition"
    return None


def unusable(card: CardKind, why: str, step: Step = Step.VERIFY_CERTIFICATES) -> CpsUnusable | VitaleUnusable:
    if card is CardKind.CPS:
        return CpsUnusable(f"CPS invalide: {why}", step=step)
    return VitaleUnusable(f"Vitale inutilisable: {why}", step=step)


def show_certificate(channel: Channel, car: Car, certificate: bytes) -> None:
    step = Step.VERIFY_CERTIFICATES
    check(
        channel,
        step,
        MANAGE_SECURITY_ENVIRONMENT,
        VERIFICATION,
        SIGNATURE_TEMPLATE,
        encode(0x83, car.encode()),
    )
    check(channel, step, PERFORM_SECURITY_OPERATION, 0x00, 0xAE, certificate)


def challenge(channel: Channel) -> bytes:
    size = protocol.CHALLENGE_SIZE
    return sized(
        channel, Step.CHALLENGES, check(channel, Step.CHALLENGES, GET_CHALLENGE, 0, 0, b"", size), size
    )


def check(
    channel: Channel,
    step: Step,
    ins: int,
    p1: int,
    p2: int,
    data: bytes,
    ne: int | None = None,
    *,
    private: bool = False,
) -> bytes:
    run = channel.check_private if private else channel.check
    try:
        return run(step, ins, p1, p2, data, ne)
    except CardRefused as refused:
        if channel.card is CardKind.CPS and refused.sw == SW.SECURITY_STATUS_NOT_SATISFIED:
            raise PinRequired(f"the PIN was not presented: {refused}", step=step, sw=refused.sw) from refused
        blamed = _BLAMED.get((channel.card, step))
        if blamed is None:
            raise
        raise CardRefused(step, refused.sw, card=channel.card, ssv_code=blamed) from None


def sized(channel: Channel, step: Step, answer: bytes, size: int) -> bytes:
    if len(answer) != size:
        raise ProtocolBroken(
            f"the {channel.card.value} answered {len(answer)} bytes where {size} are due", step=step
        )
    return answer
