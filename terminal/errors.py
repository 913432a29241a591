"""The errors of the terminal side: one family, each with what the SSV interface would have reported.

The codes are those that the public documentation of the API SSV and GALSS names (error lists of the "API de lecture"
and of published integrations of SSV 1.40). Where that list has no code for a case, the nearest one is taken and the
class says so.
"""

from collections.abc import Sequence
from enum import Enum

from bifente.apdu import SW, CardAbsent, CardRemoved, LinkError, LinkTimeout, ReaderGone
from bifente.layouts.recognition import Step


class CardKind(Enum):
    """Which of the two cards is meant."""

    CPS = "CPS"
    VITALE = "Vitale"


class TerminalError(Exception):
    """A command of the terminal could not be carried out.

    ``step`` is where: a :class:`~bifente.layouts.recognition.Step` of the recognition, or a few words.
    ``sw`` is the card's status word, None when it was not a card that refused. ``ssv_code`` is the return code of the
    SSV interface, None when no public code fits. ``hint`` says what a person can do. Never holds a PIN or a PUK.
    """

    kind: str = "card-refused"
    ssv_code: int | None = None
    hint: str = ""

    def __init__(
        self,
        message: str,
        *,
        step: Step | str | None = None,
        sw: SW | None = None,
        ssv_code: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.step = step
        self.sw = sw
        if self.kind == "card-refused" and isinstance(step, Step):
            self.kind = "recognition"  # the step is one of the protocol between the two cards
        if ssv_code is not None:
            self.ssv_code = ssv_code
        if hint is not None:
            self.hint = hint


class CpsAbsent(TerminalError):
    """F001, *CPS absente*: no card in the CPS slot, or it left."""

    kind = "no-card"
    ssv_code = 0xF001
    hint = "insert the professional's card and present the PIN again"


class WrongPin(TerminalError):
    """F003, *code porteur faux*. ``tries_left`` counts down to 0, where the PIN is blocked."""

    kind = "wrong-pin"
    ssv_code = 0xF003

    def __init__(self, message: str, *, tries_left: int | None, step: str, sw: SW, code: str = "PIN") -> None:
        hint = f"check the {code}" if tries_left else "unblock the card with its PUK (code de déblocage)"
        super().__init__(message, step=step, sw=sw, hint=hint)
        self.tries_left = tries_left


class PinBlocked(WrongPin):
    """F003, *code porteur bloqué*: no try is left, only the code de déblocage helps."""

    kind = "pin-blocked"

    def __init__(self, message: str, *, step: str, sw: SW) -> None:
        super().__init__(message, tries_left=0, step=step, sw=sw)


class PinMalformed(TerminalError):
    """F003: what was given cannot be a code (4 to 8 digits). It was not presented, no try is lost."""

    kind = "input"
    ssv_code = 0xF003
    hint = "no try is lost: give the 4 to 8 digits"


class PinRequired(TerminalError):
    """F003, *code porteur non présenté*: the CPS wants its PIN before this."""

    ssv_code = 0xF003
    hint = "present the PIN (code porteur) first"


class CpsUnusable(TerminalError):
    """F004, *CPS invalide ou inutilisable*: not a CPS, expired, unknown to the other card, definitively blocked."""

    ssv_code = 0xF004
    hint = "this professional's card cannot be used here"


class PukBlocked(CpsUnusable):
    """F004: no try or no use of the code de déblocage is left; the card cannot be unblocked any more."""

    kind = "pin-blocked"
    hint = "this card cannot be unblocked any more: it needs to be replaced"


class VitaleAbsent(TerminalError):
    """F011, *Vitale absente*."""

    kind = "no-card"
    ssv_code = 0xF011
    hint = "insert the carte Vitale"


class VitaleUnusable(TerminalError):
    """F014, *erreur de communication avec la carte Vitale*.

    Also what a Vitale that answers but is not accepted reports (expired, unknown, wrong token): no public code is
    nearer.
    """

    ssv_code = 0xF014
    hint = "this carte Vitale cannot be used here"


class VitaleRemoved(TerminalError):
    """F015, *Vitale retirée*: the card left during the dialogue."""

    kind = "no-card"
    ssv_code = 0xF015
    hint = "insert the carte Vitale again and repeat from the recognition"


class TestWithReal(TerminalError):
    """F026, *carte de test et carte réelle incompatibles*."""

    kind = "recognition"
    __test__ = False  # the name begins as a pytest class does
    ssv_code = 0xF026
    hint = "use two test cards or two real ones"


class ReaderFailed(TerminalError):
    """0400, *lecteur muet*: the reader is gone, or a card did not answer in time (GALSS)."""

    kind = "no-card"
    ssv_code = 0x0400
    hint = "check the reader and its cable"


class ProtocolBroken(TerminalError):
    """0200, *erreur de protocole*: an answer that no card may give, such as an endless 61xx (GALSS)."""

    ssv_code = 0x0200
    hint = "take the card out, insert it again and repeat"


class RecognitionRequired(TerminalError):
    """No mutual recognition, or none any more (closed, card reset or removed, log-out), or not for this professional.

    No public code fits.
    """

    kind = "recognition"
    hint = "recognise the two cards again"


class NotIssued(TerminalError):
    """What a card gives is not what its issuer has signed; ``files`` names what is not covered.

    F004 for a CPS, F014 for a Vitale: the card cannot be used, or somebody between card and terminal changes it.
    """

    kind = "signature.not-issued"
    hint = "the card was changed after it was issued, or between card and terminal"

    def __init__(
        self, card: CardKind, why: str, *, step: Step | str | None = None, files: Sequence[str] = ()
    ) -> None:
        super().__init__(f"{card.value}: {why}", step=step)
        self.card = card
        self.files = tuple(files)
        self.ssv_code = 0xF004 if card is CardKind.CPS else 0xF014


class CardRefused(TerminalError):
    """A card answered with an error status word: the pair (``step``, ``sw``) says where and which.

    ``ssv_code`` is F004 for a CPS and F014 for a Vitale, or what the recognition knows better.
    """

    def __init__(
        self,
        step: Step | str,
        sw: SW,
        *,
        card: CardKind,
        ssv_code: int | None = None,
        message: str | None = None,
    ) -> None:
        where = f"step {step.value} ({step.name.lower()})" if isinstance(step, Step) else step
        super().__init__(
            message or f"the {card.value} refused {where}: {sw}",
            step=step,
            sw=sw,
            ssv_code=ssv_code or _REFUSAL_CODE[card],
            hint=_hint(step, sw),
        )
        self.card = card
        self.sw: SW = sw


_REFUSAL_CODE = {CardKind.CPS: CpsUnusable.ssv_code, CardKind.VITALE: VitaleUnusable.ssv_code}

_REFUSAL_HINT = {
    SW.SECURITY_STATUS_NOT_SATISFIED: "a PIN or a recognition is missing for this",
    SW.REFERENCE_DATA_NOT_USABLE: "a certificate is outside its dates",
    SW.FILE_NOT_FOUND: "the card has no such file",
    SW.CHANGED_WARNING: "the other card's signature was not accepted",
}


_OTHER_AUTHORITY = "the cards may come from different authorities: make both with the same one"


def _hint(step: Step | str, sw: SW) -> str:
    if step is Step.VERIFY_CERTIFICATES and sw in (SW.INCORRECT_DATA_FIELD, SW.REFERENCED_DATA_NOT_FOUND):
        return _OTHER_AUTHORITY
    return _REFUSAL_HINT.get(sw, "repeat from the insertion of the card")


def from_link_error(error: LinkError, card: CardKind, step: Step | str | None) -> TerminalError:
    """The terminal's error for a failed link, according to whose slot it is."""
    match error, card:
        case (CardAbsent() | CardRemoved(), CardKind.CPS):
            return CpsAbsent(f"CPS absente: {error}", step=step)
        case CardAbsent(), CardKind.VITALE:
            return VitaleAbsent(f"Vitale absente: {error}", step=step)
        case CardRemoved(), CardKind.VITALE:
            return VitaleRemoved(f"Vitale retirée: {error}", step=step)
        case (ReaderGone(), _) | (LinkTimeout(), CardKind.CPS):
            return ReaderFailed(f"lecteur muet: {error}", step=step)
        case _, CardKind.VITALE:
            return VitaleUnusable(f"erreur de communication avec la Vitale: {error}", step=step)
        case _:
            return ReaderFailed(f"the link to the CPS failed: {error}", step=step)
