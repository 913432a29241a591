"""The mutual recognition of CPS and Vitale, from the terminal between them.

The protocol is ours (``synthetic``, see :mod:`bifente.layouts.recognition`, which lists its messages): the deployed
one is not public. The terminal carries the messages and checks what the cards cannot: the date of today, that no
test card meets a real one, and, when it is given the authorities' keys, the certificates themselves.
"""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from types import TracebackType
from typing import Self

from bifente.apdu import LinkError
from bifente.apdu.cvc import Cha, CvContent, CvKey
from bifente.apdu.instructions import (
    EXTERNAL_AUTHENTICATE,
    INTERNAL_AUTHENTICATE,
    MANAGE_SECURITY_ENVIRONMENT,
)
from bifente.apdu.issuersignature import IssuerSignature, digest_of, signed_by
from bifente.apdu.tlv import encode
from bifente.layouts import recognition as protocol
from bifente.layouts.recognition import Step
from bifente.terminal import issued
from bifente.terminal.cps import CpsSession, crt
from bifente.terminal.errors import (
    CardKind,
    NotIssued,
    RecognitionRequired,
    TerminalError,
    TestWithReal,
    from_link_error,
)
from bifente.terminal.patient import PatientSession
from bifente.terminal.processors import Channel
from bifente.terminal.recognitionsteps import (
    AUTHENTICATION_TEMPLATE,
    COMPUTATION,
    VERIFICATION,
    Exchanged,
    authority,
    challenge,
    check,
    judged,
    show_certificate,
    sized,
)
from bifente.terminal.symmetric import SymmetricDialogue
from bifente.terminal.vitale import VitaleSession
from bifente.terminal.vitale1 import Vitale1Session


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
        vitale: PatientSession,
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
    cps: CpsSession, vitale: PatientSession, *, date: date, anchors: Collection[CvKey] = ()
) -> Recognition:
    """Let the two cards recognise each other; the CPS's PIN must have been presented. A Vitale 1 is recognised by MACs
    (:mod:`bifente.layouts.symmetric`), which the terminal cannot verify, a Vitale 2 by certificates and signatures.

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
            if isinstance(vitale, Vitale1Session):
                exchanged = SymmetricDialogue(cps, vitale, date, anchors).run()
            else:
                exchanged = _Dialogue(cps, vitale, date, anchors).run()
            return Recognition(cps, vitale, holding.pop_all(), **exchanged._asdict())
        except TerminalError:
            cps.channel.forget()
            _leave(vitale)
            raise


def _leave(vitale: PatientSession) -> None:
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

    def run(self) -> Exchanged:
        cps, vitale = self._cps.channel, self._vitale.channel
        cps_certificate = self._cps.cv_certificate()
        vitale_certificate = self._vitale.cv_certificate()
        cps_car = authority(cps_certificate, CardKind.CPS)
        vitale_car = authority(vitale_certificate, CardKind.VITALE)
        if cps_car.environment != vitale_car.environment:
            raise TestWithReal(
                f"a test card and a real card: CPS of authority {cps_car}, Vitale of authority {vitale_car}",
                step=Step.READ_CERTIFICATES,
            )
        cps_content = judged(CardKind.CPS, cps_certificate, self._anchors, self._day)
        vitale_content = judged(CardKind.VITALE, vitale_certificate, self._anchors, self._day)
        chr_cps = self._reference(self._cps, cps_content)
        chr_vitale = self._reference(self._vitale, vitale_content)

        # the keys are local to these applications, and a SELECT would drop the security environment later
        self._cps.enter_application()
        self._vitale.enter_application()

        show_certificate(cps, vitale_car, vitale_certificate)
        show_certificate(vitale, cps_car, cps_certificate)

        rc = challenge(cps)
        rv = challenge(vitale)

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
        return Exchanged(
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


def _compute(channel: Channel, step: Step, challenge: bytes) -> bytes:
    """INTERNAL AUTHENTICATE by the recognition key: the token's signature."""
    template = crt(algorithm=protocol.ALGORITHM_RECOGNITION, key=protocol.KEY_RECOGNITION)
    check(channel, step, MANAGE_SECURITY_ENVIRONMENT, COMPUTATION, AUTHENTICATION_TEMPLATE, template)
    token = check(channel, step, INTERNAL_AUTHENTICATE, 0, 0, challenge, 256, private=True)
    return sized(channel, step, token, protocol.SIGNATURE_SIZE)


def _authenticate(channel: Channel, step: Step, chr_: bytes, token: bytes) -> None:
    """EXTERNAL AUTHENTICATE: the card verifies the other one's token."""
    template = encode(0x80, bytes((protocol.ALGORITHM_RECOGNITION,))) + encode(0x83, chr_)
    check(channel, step, MANAGE_SECURITY_ENVIRONMENT, VERIFICATION, AUTHENTICATION_TEMPLATE, template)
    check(channel, step, EXTERNAL_AUTHENTICATE, 0, 0, token)


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
