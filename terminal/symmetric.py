"""The recognition of CPS and Vitale 1, from the terminal between them: MACs by diversified keys, no certificate.

The protocol is ours (``synthetic``): :mod:`bifente.layouts.symmetric` lists its messages. The terminal holds no key, so it
cannot verify what the cards certify to each other; of the CPS it verifies certificate and issuer's signature as ever.
"""

from collections.abc import Collection
from datetime import date

from bifente.apdu import SW
from bifente.apdu.cvc import CvKey
from bifente.apdu.instructions import (
    EXTERNAL_AUTHENTICATE,
    INTERNAL_AUTHENTICATE,
    MANAGE_SECURITY_ENVIRONMENT,
)
from bifente.apdu.issuersignature import digest_of
from bifente.apdu.tlv import encode
from bifente.layouts import symmetric
from bifente.layouts.recognition import Step
from bifente.terminal import issued
from bifente.terminal.cps import CpsSession
from bifente.terminal.errors import CardKind, CardRefused, CpsUnusable
from bifente.terminal.recognitionsteps import (
    AUTHENTICATION_TEMPLATE,
    COMPUTATION,
    VERIFICATION,
    Exchanged,
    authority,
    challenge,
    check,
    judged,
    sized,
)
from bifente.terminal.vitale1 import Vitale1Session


class SymmetricDialogue:
    """Steps 0 to 6, once."""

    def __init__(
        self, cps: CpsSession, vitale: Vitale1Session, day: date, anchors: Collection[CvKey]
    ) -> None:
        self._cps = cps
        self._vitale = vitale
        self._day = day
        self._anchors = anchors

    def run(self) -> Exchanged:
        """The dialogue. Raises what :func:`bifente.terminal.recognise.recognise` raises."""
        cps, vitale = self._cps.channel, self._vitale.channel
        certificate = self._cps.cv_certificate()
        authority(certificate, CardKind.CPS)
        content = judged(CardKind.CPS, certificate, self._anchors, self._day)
        chr_cps = content.chr if content is not None else b"\0\0" + self._cps.pan()
        chr_vitale = b"\0\0" + self._vitale.pan()
        self._cps.enter_application()

        rc, rv = challenge(cps), challenge(vitale)

        issuer_cps = self._cps.issuer_signature()
        self._name(COMPUTATION, encode(0x84, bytes((symmetric.MOTHER_KEY,))) + encode(0x83, chr_vitale))
        proven = check(cps, Step.CPS_SIGNS, INTERNAL_AUTHENTICATE, 0, 0, rv, symmetric.PROVEN_SIZE)
        proof = (
            rc + chr_cps + digest_of(issuer_cps) + sized(cps, Step.CPS_SIGNS, proven, symmetric.PROVEN_SIZE)
        )
        key = symmetric.KEY_RECOGNITION
        check(vitale, Step.VITALE_VERIFIES, EXTERNAL_AUTHENTICATE, 0, key, proof)

        step = Step.VITALE_SIGNS
        proven = check(vitale, step, INTERNAL_AUTHENTICATE, 0, key, rc, symmetric.PROVEN_SIZE)
        self._name(VERIFICATION, encode(0x83, chr_vitale), Step.CPS_VERIFIES)
        answer = rv + sized(vitale, step, proven, symmetric.PROVEN_SIZE)
        check(cps, Step.CPS_VERIFIES, EXTERNAL_AUTHENTICATE, 0, 0, answer)
        if content is not None:
            self._cps.issued = issued.verified(CardKind.CPS, issuer_cps, content.chr, self._anchors)
        return Exchanged(
            rc=rc,
            rv=rv,
            chr_cps=chr_cps,
            chr_vitale=chr_vitale,
            cha_cps=content.cha if content is not None else None,
            issuer_cps=issuer_cps,
            issuer_vitale=b"",
        )

    def _name(self, side: int, references: bytes, step: Step = Step.CPS_SIGNS) -> None:
        """MSE SET on the CPS: which algorithm, and whose key is to be derived."""
        template = encode(0x80, bytes((symmetric.ALGORITHM,))) + references
        try:
            check(
                self._cps.channel, step, MANAGE_SECURITY_ENVIRONMENT, side, AUTHENTICATION_TEMPLATE, template
            )
        except CardRefused as refused:
            if refused.sw not in (SW.REFERENCED_DATA_NOT_FOUND, SW.INCORRECT_DATA_FIELD):
                raise
            raise CpsUnusable(
                f"CPS invalide: it holds no mother key by which to recognise a Vitale 1 ({refused.sw})",
                step=step,
                sw=refused.sw,
                hint="it was made before there were such keys: make it anew",
            ) from refused
