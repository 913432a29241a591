"""GET CHALLENGE, INTERNAL AUTHENTICATE and EXTERNAL AUTHENTICATE (ISO/IEC 7816-4:2020 §11.6).

INTERNAL AUTHENTICATE serves two purposes: with algorithm 02 a CPS pads and signs what the host brings (TLS, ssh);
with algorithm E1 a card signs a token of the mutual recognition, whose content it takes from its own memory. The
recognition is ``synthetic``: see ``bifente.layouts.recognition``.
"""

from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu.command import CommandAPDU
from bifente.apdu.issuersignature import digest_of, signed_by
from bifente.apdu.security import Operation
from bifente.apdu.status import SW
from bifente.applets.kernel.environment import usable_key
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import Directory, File
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.state import Challenge, Peer, Recognition
from bifente.layouts.nodes import Crt
from bifente.layouts.recognition import (
    ALGORITHM_RECOGNITION,
    CHALLENGE_SIZE,
    DIGEST_SIZE,
    DOMAIN_CPS,
    SIGNATURE_SIZE,
    cps_token,
    vitale_token,
)

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

MAX_AUTHENTICATION_INPUT = 102
"""40 % of a modulus of 256 bytes (RFC 8017 leaves more room; the cards do not)."""


class ChallengeRequest(NamedTuple):
    """How many bytes of challenge."""

    length: int


class AuthenticateRequest(NamedTuple):
    """The data field."""

    data: bytes


def _challenge_request(apdu: CommandAPDU) -> ChallengeRequest:
    if apdu.p1 or apdu.p2:
        raise CardError(SW.INCORRECT_P1_P2)
    if apdu.data or apdu.ne not in (8, CHALLENGE_SIZE):
        raise CardError(SW.WRONG_LENGTH)
    return ChallengeRequest(apdu.ne)


def _authenticate_request(apdu: CommandAPDU) -> AuthenticateRequest:
    if apdu.p1 or apdu.p2:
        raise CardError(SW.INCORRECT_P1_P2)
    if not apdu.data:
        raise CardError(SW.WRONG_LENGTH)
    return AuthenticateRequest(apdu.data)


def _get_challenge(card: "SmartCard", request: ChallengeRequest) -> bytes:
    """A fresh challenge. Only one of 16 bytes serves for a recognition, and it replaces the one before."""
    value = card.random(request.length)
    card.volatile.challenge = Challenge(value) if request.length == CHALLENGE_SIZE else None
    return value


def _internal_authenticate(card: "SmartCard", request: AuthenticateRequest) -> bytes:
    if _for_a_token(card):
        return _sign_token(card, request.data)
    _, key = usable_key(card, Crt.AUTHENTICATION, Operation.INTERNAL_AUTHENTICATE)
    if len(request.data) > MAX_AUTHENTICATION_INPUT:
        raise CardError(SW.WRONG_LENGTH)
    from bifente.crypto import rsa  # there since the key was loaded

    return rsa.sign_padded(key, request.data)


def _for_a_token(card: "SmartCard") -> bool:
    """MSE SET has named the algorithm of the recognition, not one that signs what the host brings."""
    environment = card.volatile.environment
    template = environment.computing.get(Crt.AUTHENTICATION) if environment is not None else None
    return template is not None and template.algorithm == ALGORITHM_RECOGNITION


def _internal_refused(card: "SmartCard") -> None:
    """A token that was refused burns the challenge that it was for."""
    if _for_a_token(card):
        card.volatile.challenge = None


def _sign_token(card: "SmartCard", peer_challenge: bytes) -> bytes:
    _, key = usable_key(card, Crt.AUTHENTICATION, Operation.INTERNAL_AUTHENTICATE)
    if len(peer_challenge) != CHALLENGE_SIZE:
        raise CardError(SW.INCORRECT_DATA_FIELD)
    own = card.persistent.identity
    volatile = card.volatile
    if own.cha.domain == DOMAIN_CPS:
        challenge, peer = volatile.challenge, volatile.peer
        if challenge is None or challenge.answered is not None or peer is None:
            raise CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED)
        challenge.answered = peer_challenge
        token = cps_token(
            own.cha.encode(), own.chr, challenge.value, peer.chr, peer_challenge, issued_digest(card)
        )
    else:
        recognition = volatile.recognition
        if recognition is None:
            raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED)
        if recognition.answered or not compare_digest(recognition.peer_challenge, peer_challenge):
            raise CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED)
        recognition.answered = True
        token = vitale_token(
            own.cha.encode(),
            own.chr,
            recognition.own_challenge,
            recognition.peer.chr,
            peer_challenge,
            issued_digest(card),
        )
    from bifente.crypto import rsa

    return rsa.sign_digest(key, "sha256", sha256(token).digest())


def _external_authenticate(card: "SmartCard", request: AuthenticateRequest) -> bytes:
    """Verify the other card's token. The challenge is burnt whatever comes out.

    Only now does the effective date of the other's certificate become the card's latest, so this command may write.
    """
    volatile = card.volatile
    challenge, volatile.challenge = volatile.challenge, None
    peer = _named_peer(card)
    if len(request.data) != CHALLENGE_SIZE + DIGEST_SIZE + SIGNATURE_SIZE:
        raise CardError(SW.INCORRECT_DATA_FIELD)
    if challenge is None:
        raise CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED)
    peer_challenge, rest = request.data[:CHALLENGE_SIZE], request.data[CHALLENGE_SIZE:]
    issued, signature = rest[:DIGEST_SIZE], rest[DIGEST_SIZE:]
    own = card.persistent.identity
    if own.cha.domain == DOMAIN_CPS:
        if challenge.answered is None or not compare_digest(challenge.answered, peer_challenge):
            raise CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED)
        token = vitale_token(peer.cha.encode(), peer.chr, peer_challenge, own.chr, challenge.value, issued)
    else:
        token = cps_token(peer.cha.encode(), peer.chr, peer_challenge, own.chr, challenge.value, issued)
    if not signed_by(peer.n, peer.e, signature, token):
        volatile.forget_recognition()
        raise CardError(SW.CHANGED_WARNING)
    card.persistent.keep_date(peer.effective)
    volatile.role = peer.cha
    volatile.recognition = Recognition(peer, challenge.value, peer_challenge, issued)
    return b""


def _external_refused(card: "SmartCard") -> None:
    """The challenge is burnt, and an earlier recognition is over: whoever is refused is nobody."""
    volatile = card.volatile
    volatile.challenge = volatile.role = volatile.recognition = None


def _named_peer(card: "SmartCard") -> Peer:
    """The card whose verified certificate MSE SET names."""
    environment = card.volatile.environment
    template = environment.verifying.get(Crt.AUTHENTICATION) if environment is not None else None
    peer = card.volatile.peer
    if template is None or template.algorithm != ALGORITHM_RECOGNITION or template.public_key is None:
        raise CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED)
    if peer is None or peer.chr != template.public_key:
        raise CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED)
    return peer


def issued_digest(card: "SmartCard") -> bytes:
    """The digest of the issuer's signature that the card holds, zeros when it holds none."""
    path = card.layout.issuer_signature
    node: Directory | File | None = card.tree.mf
    for part in path.split("/")[1:] if path is not None else ():
        node = node.by_fid.get(int(part, 16)) if isinstance(node, Directory) else None
    return digest_of(node.content if isinstance(node, File) else b"")


GET_CHALLENGE = Instruction(0x84, "GET CHALLENGE", _challenge_request, _get_challenge)
INTERNAL_AUTHENTICATE = Instruction(
    0x88,
    "INTERNAL AUTHENTICATE",
    _authenticate_request,
    _internal_authenticate,
    chainable=True,
    refused=_internal_refused,
)
EXTERNAL_AUTHENTICATE = Instruction(
    0x82,
    "EXTERNAL AUTHENTICATE",
    _authenticate_request,
    _external_authenticate,
    chainable=True,
    refused=_external_refused,
)
