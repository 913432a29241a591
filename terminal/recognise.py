"""The mutual recognition of CPS and Vitale, from the terminal between them.

The protocol is ours (``synthetic``, see :mod:`bifente.layouts.recognition`, which lists its messages): the deployed
one is not public. The terminal carries the messages and checks what the cards cannot: the date of today, that no
test card meets a real one, and, when it is given the authorities' keys, the certificates themselves.
"""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from types import TracebackType
from typing import Final, Self

from bifente.apdu import SW, LinkError
from bifente.apdu.cvc import Car, Cha, CvContent, CvEnvelope, CvError, CvKey, CvReason
from bifente.apdu.instructions import (
    EXTERNAL_AUTHENTICATE,
    GET_CHALLENGE,
    INTERNAL_AUTHENTICATE,
    MANAGE_SECURITY_ENVIRONMENT,
    PERFORM_SECURITY_OPERATION,
)
from bifente.apdu.issuersignature import IssuerSignature, digest_of, signed_by
from bifente.apdu.tlv import encode
from bifente.layouts import recognition as protocol
from bifente.layouts.recognition import Step
from bifente.terminal import issued
from bifente.terminal.anchors import outside_dates, verify_certificate
from bifente.terminal.cps import CpsSession, crt
from bifente.terminal.errors import (
    CardKind,
    CardRefused,
    CpsUnusable,
    NotIssued,
    PinRequired,
    ProtocolBroken,
    RecognitionRequired,
    TerminalError,
    TestWithReal,
    VitaleUnusable,
    from_link_error,
)
from bifente.terminal.processors import Channel
from bifente.terminal.vitale import VitaleSession

_VERIFICATION, _COMPUTATION = 0x81, 0x41
_AUTHENTICATION_TEMPLATE, _SIGNATURE_TEMPLATE = 0xA4, 0xB6

_BLAMED: Final = {
    (CardKind.CPS, Step.VERIFY_CERTIFICATES): VitaleUnusable.ssv_code,
    (CardKind.CPS, Step.CPS_VERIFIES): VitaleUnusable.ssv_code,
    (CardKind.VITALE, Step.VERIFY_CERTIFICATES): CpsUnusable.ssv_code,
    (CardKind.VITALE, Step.VITALE_VERIFIES): CpsUnusable.ssv_code,
}
"""Whose fault it is when a card refuses what came from the other one."""


class Recognition:
    """Two cards that have recognised each other; both are held in transactions until :meth:`close`.

    ``rc`` and ``rv`` are the challenges (16 bytes) of CPS and Vitale, ``chr_cps`` and ``chr_vitale`` their holder
    references (12 bytes); ``cha_cps`` is the professional's authorisation, None when the terminal had no key to read
    it with. ``issuer_cps`` and ``issuer_vitale`` are the files with the issuers' signatures, empty where a card has
    none; :attr:`CpsSession.issued` and :attr:`VitaleSession.issued` are the verified ones. Ends with close, reset, removal, log-out or a failed authentication: :attr:`active` tells.
    """

    def __init__(
        self,
        cps: CpsSession,
        vitale: VitaleSession,
        transactions: ExitStack,
        *,
        rc: bytes,
        rv: bytes,
        chr_cps: bytes,
        chr_vitale: bytes,
        cha_cps: Cha | None,
        issuer_cps: bytes,
        issuer_vitale: bytes,
    ) -> None:
        self.cps = cps
        self.vitale = vitale
        self.rc = rc
        self.rv = rv
        self.chr_cps = chr_cps
        self.chr_vitale = chr_vitale
        self.cha_cps = cha_cps
        self.issuer_cps = issuer_cps
        self.issuer_vitale = issuer_vitale
        self._transactions = transactions
        self._epochs = self._current()
        self._closed = False

    def _current(self) -> tuple[int, int]:
        return self.cps.channel.epoch, self.vitale.channel.epoch

    @property
    def active(self) -> bool:
        """True while nothing is known that would have ended it."""
        return not self._closed and self._epochs == self._current()

    def require(self) -> None:
        """Raise RecognitionRequired when it has ended; CpsAbsent or VitaleRemoved when that is why."""
        if self.active:
            return
        if not self._closed:
            self.cps.enter_application()
            self.vitale.enter_application()
        raise RecognitionRequired("the recognition of CPS and Vitale has ended")

    def close(self) -> None:
        """Close the Vitale again and give both cards back, the CPS with its PIN. Closing twice is allowed."""
        if not self._closed:
            self._closed = True
            _leave(self.vitale)
        self._transactions.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def recognise(
    cps: CpsSession, vitale: VitaleSession, *, date: date, anchors: Collection[CvKey] = ()
) -> Recognition:
    """Let the two cards recognise each other; the CPS's PIN must have been presented.

    *date* is the real date, which the cards do not know. With *anchors* the terminal verifies both certificates
    itself and judges their dates, and verifies both cards' tokens and their issuers' signatures: what the sessions then
    read is held against these. Without anchors it leaves that to the cards, which know nothing of each other's files.

    Raises PinRequired, TestWithReal, CpsUnusable, VitaleUnusable, NotIssued, CardRefused with the pair (step, status
    word), and the errors of the links. After an error nothing is held, and no Vitale is left open.
    """
    cps.issued = vitale.issued = None
    with ExitStack() as holding:
        holding.enter_context(_transaction(cps.channel))
        holding.enter_context(_transaction(vitale.channel))
        try:
            return _Dialogue(cps, vitale, date, anchors).run(holding)
        except TerminalError:
            cps.channel.forget()
            _leave(vitale)
            raise


def _leave(vitale: VitaleSession) -> None:
    """The next who has a link to the Vitale is not to find it open. One that has left is closed."""
    with suppress(TerminalError):
        vitale.log_out()


class _Dialogue:
    """Steps 0 to 6, once."""

    def __init__(self, cps: CpsSession, vitale: VitaleSession, day: date, anchors: Collection[CvKey]) -> None:
        self._cps = cps
        self._vitale = vitale
        self._day = day
        self._anchors = anchors

    def run(self, holding: ExitStack) -> Recognition:
        cps, vitale = self._cps.channel, self._vitale.channel
        cps_certificate = self._cps.cv_certificate()
        vitale_certificate = self._vitale.cv_certificate()
        cps_car = _authority(cps_certificate, CardKind.CPS)
        vitale_car = _authority(vitale_certificate, CardKind.VITALE)
        if cps_car.environment != vitale_car.environment:
            raise TestWithReal(
                f"a test card and a real card: CPS of authority {cps_car}, Vitale of authority {vitale_car}",
                step=Step.READ_CERTIFICATES,
            )
        cps_content = self._judge(CardKind.CPS, cps_certificate)
        vitale_content = self._judge(CardKind.VITALE, vitale_certificate)
        chr_cps = self._reference(self._cps, cps_content)
        chr_vitale = self._reference(self._vitale, vitale_content)

        # the keys are local to these applications, and a SELECT would drop the security environment later
        self._cps.enter_application()
        self._vitale.enter_application()

        _verify_certificate(cps, vitale_car, vitale_certificate)
        _verify_certificate(vitale, cps_car, cps_certificate)

        rc = _challenge(cps)
        rv = _challenge(vitale)

        issuer_cps = self._cps.issuer_signature()
        digest = digest_of(issuer_cps)
        token = _compute(cps, Step.CPS_SIGNS, rv)
        _authenticate(vitale, Step.VITALE_VERIFIES, chr_cps, rc + digest + token)
        if cps_content is not None:
            signed = protocol.cps_token(cps_content.cha.encode(), chr_cps, rc, chr_vitale, rv, digest)
            self._cps.issued = self._issued(cps_content, issuer_cps, signed, token)

        issuer_vitale = self._vitale.issuer_signature()
        digest = digest_of(issuer_vitale)
        token = _compute(vitale, Step.VITALE_SIGNS, rc)
        _authenticate(cps, Step.CPS_VERIFIES, chr_vitale, rv + digest + token)
        if vitale_content is not None:
            signed = protocol.vitale_token(vitale_content.cha.encode(), chr_vitale, rv, chr_cps, rc, digest)
            self._vitale.issued = self._issued(vitale_content, issuer_vitale, signed, token)
        return Recognition(
            self._cps,
            self._vitale,
            holding.pop_all(),
            rc=rc,
            rv=rv,
            chr_cps=chr_cps,
            chr_vitale=chr_vitale,
            cha_cps=cps_content.cha if cps_content is not None else None,
            issuer_cps=issuer_cps,
            issuer_vitale=issuer_vitale,
        )

    def _issued(self, content: CvContent, raw: bytes, signed: bytes, token: bytes) -> IssuerSignature | None:
        """The issuer's signature that a card holds now: the card's own token says which one that is."""
        card = CardKind.CPS if content.cha.domain == protocol.DOMAIN_CPS else CardKind.VITALE
        if not signed_by(content.n, content.e, token, signed):
            raise NotIssued(
                card, "the card itself holds another issuer's signature than the one that was read"
            )
        return issued.verified(card, raw, content.chr, self._anchors)

    @staticmethod
    def _reference(session: CpsSession | VitaleSession, content: CvContent | None) -> bytes:
        """The card's holder reference: of its verified certificate, else from its number."""
        return content.chr if content is not None else b"\0\0" + session.pan()

    def _judge(self, card: CardKind, certificate: bytes) -> CvContent | None:
        """What a card's certificate says, verified; None without anchors."""
        if not self._anchors:
            return None
        try:
            content = verify_certificate(certificate, self._anchors)
        except CvError as error:
            if error.reason is CvReason.ENVIRONMENT:
                raise TestWithReal(
                    f"a test card and a real card: {error}", step=Step.VERIFY_CERTIFICATES
                ) from error
            raise _unusable(card, f"its CV certificate is refused: {error}") from error
        problem = _wrong_holder(card, content) or outside_dates(content, self._day)
        if problem is not None:
            raise _unusable(card, problem)
        return content


def _authority(certificate: bytes, card: CardKind) -> Car:
    try:
        return Car.parse(CvEnvelope.parse(certificate).car)
    except CvError as error:
        raise _unusable(
            card, f"its CV certificate cannot be read: {error}", Step.READ_CERTIFICATES
        ) from error


def _wrong_holder(card: CardKind, content: CvContent) -> str | None:
    domain = protocol.DOMAIN_CPS if card is CardKind.CPS else protocol.DOMAIN_VITALE
    if content.cha.domain != domain:
        return "its certificate is that of the other kind of card"
    if content.cha.usage != protocol.USAGE_AUTHENTICATION:
        return "its certificate is not for recognition"
    return None


def _unusable(
    card: CardKind, why: str, step: Step = Step.VERIFY_CERTIFICATES
) -> CpsUnusable | VitaleUnusable:
    if card is CardKind.CPS:
        return CpsUnusable(f"CPS invalide: {why}", step=step)
    return VitaleUnusable(f"Vitale inutilisable: {why}", step=step)


def _verify_certificate(channel: Channel, car: Car, certificate: bytes) -> None:
    step = Step.VERIFY_CERTIFICATES
    _check(
        channel,
        step,
        MANAGE_SECURITY_ENVIRONMENT,
        _VERIFICATION,
        _SIGNATURE_TEMPLATE,
        encode(0x83, car.encode()),
    )
    _check(channel, step, PERFORM_SECURITY_OPERATION, 0x00, 0xAE, certificate)


def _challenge(channel: Channel) -> bytes:
    size = protocol.CHALLENGE_SIZE
    return _sized(
        channel, Step.CHALLENGES, _check(channel, Step.CHALLENGES, GET_CHALLENGE, 0, 0, b"", size), size
    )


def _compute(channel: Channel, step: Step, challenge: bytes) -> bytes:
    """INTERNAL AUTHENTICATE by the recognition key: the token's signature."""
    template = crt(algorithm=protocol.ALGORITHM_RECOGNITION, key=protocol.KEY_RECOGNITION)
    _check(channel, step, MANAGE_SECURITY_ENVIRONMENT, _COMPUTATION, _AUTHENTICATION_TEMPLATE, template)
    token = _check(channel, step, INTERNAL_AUTHENTICATE, 0, 0, challenge, 256, private=True)
    return _sized(channel, step, token, protocol.SIGNATURE_SIZE)


def _authenticate(channel: Channel, step: Step, chr_: bytes, token: bytes) -> None:
    """EXTERNAL AUTHENTICATE: the card verifies the other one's token."""
    template = encode(0x80, bytes((protocol.ALGORITHM_RECOGNITION,))) + encode(0x83, chr_)
    _check(channel, step, MANAGE_SECURITY_ENVIRONMENT, _VERIFICATION, _AUTHENTICATION_TEMPLATE, template)
    _check(channel, step, EXTERNAL_AUTHENTICATE, 0, 0, token)


def _check(
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


def _sized(channel: Channel, step: Step, answer: bytes, size: int) -> bytes:
    if len(answer) != size:
        raise ProtocolBroken(
            f"the {channel.card.value} answered {len(answer)} bytes where {size} are due", step=step
        )
    return answer


@contextmanager
def _transaction(channel: Channel) -> Iterator[None]:
    """The link's transaction, its failure to begin told as the terminal's error."""
    with ExitStack() as held:
        try:
            held.enter_context(channel.link.transaction())
        except LinkError as error:
            raise from_link_error(error, channel.card, "begin transaction") from error
        try:
            yield
        finally:
            # a card that has left holds no transaction any more: nothing is left to end
            with suppress(LinkError):
                held.close()
