"""GET CHALLENGE, INTERNAL AUTHENTICATE and EXTERNAL AUTHENTICATE (ISO/IEC 7816-4:2020 §11.6).

EXTERNAL and MUTUAL AUTHENTICATE are one instruction: MSE SET C1 A4 makes it mutual (:mod:`bifente.applets.commands.mutual`).

INTERNAL AUTHENTICATE serves two purposes: with algorithm 02 a CPS pads and signs what the host brings (TLS, ssh);
with algorithm E1 a card signs a token of the mutual recognition, whose content it takes from its own memory. The
recognition is ``synthetic``: see ``bifente.layouts.recognition``.
"""

from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.files.security import Operation
from bifente.apdu.issuersignature import digest_of, signed_by
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands import mutual
from bifente.applets.commands.environment import usable_key
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import Directory, File
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import (
    PART_4,
    RECOGNITION,
    ProvenThen,
    incorrect_data,
    out_of_turn,
    wrong_length,
    wrong_parameters,
)
from bifente.applets.kernel.state import Challenge, Peer, PeerAuthentication
from bifente.layouts.nodes import Crt
from bifente.layouts.recognition import (
    ALGORITHM_RECOGNITION,
    CHALLENGE_SIZE,
    DIGEST_SIZE,
    SIGNATURE_SIZE,
    Party,
)

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CHALLENGE = f"{PART_4} §11.6.3"
_INTERNAL = f"{PART_4} §11.6.2"
_AUTHENTICATE = f"{PART_4} §11.6"
_SIGNS = f"{RECOGNITION}, steps 3 and 5"
_SIGNS_FIRST = f"{RECOGNITION}, step 3"
_SIGNS_LAST = f"{RECOGNITION}, step 5"
_VERIFIES = f"{RECOGNITION}, steps 4 and 6"

MAX_AUTHENTICATION_INPUT = 102
"""40 % of a modulus of 256 bytes (RFC 8017 leaves more room; the cards do not)."""


class ChallengeRequest(NamedTuple):
    """How many bytes of challenge."""

    length: int


class AuthenticateRequest(NamedTuple):
    """The data field."""

    data: bytes


_NO_CHALLENGE = (
    "no challenge of 16 bytes stands (GET CHALLENGE): a challenge serves once, and any failure burns it"
)


def _unready(challenge: Challenge | None, peer: Peer | None) -> str:
    """What a CPS lacks to sign a token."""
    if challenge is None:
        return _NO_CHALLENGE
    return (
        "no certificate of the other card has been verified"
        if peer is None
        else "this challenge has been signed for already"
    )


def _challenge_request(apdu: CommandAPDU) -> ChallengeRequest:
    if apdu.p1 or apdu.p2:
        raise wrong_parameters(apdu, _CHALLENGE, "those of GET CHALLENGE are 0000")
    if apdu.data or apdu.ne not in (8, CHALLENGE_SIZE):
        raise wrong_length(apdu, _CHALLENGE, "GET CHALLENGE asks by Le for 8 or 16 bytes and sends none")
    return ChallengeRequest(apdu.ne)


def _authenticate_request(apdu: CommandAPDU) -> AuthenticateRequest:
    if apdu.p1 or apdu.p2:
        raise wrong_parameters(apdu, _AUTHENTICATE, "those of INTERNAL and EXTERNAL AUTHENTICATE are 0000")
    if not apdu.data:
        raise wrong_length(apdu, _AUTHENTICATE, "INTERNAL and EXTERNAL AUTHENTICATE carry data")
    return AuthenticateRequest(apdu.data)


def _get_challenge(card: "SmartCard", request: ChallengeRequest) -> bytes:
    """A fresh challenge, which replaces the one before. Only one of 16 bytes serves for a recognition."""
    value = card.random(request.length)
    card.proven.challenge = Challenge(value) if request.length == CHALLENGE_SIZE else None
    card.proven.nonce = value
    return value


def _internal_authenticate(card: "SmartCard", request: AuthenticateRequest) -> bytes:
    if _for_a_token(card):
        return _sign_token(card, request.data)
    _, key = usable_key(card, Crt.AUTHENTICATION, Operation.INTERNAL_AUTHENTICATE)
    if len(request.data) > MAX_AUTHENTICATION_INPUT:
        values = (len(request.data), MAX_AUTHENTICATION_INPUT)
        raise CardError(
            SW.WRONG_LENGTH, Why(_INTERNAL, "{} bytes to sign, this key takes {} at most", values)
        )
    from bifente.crypto import rsa  # there since the key was loaded

    return rsa.sign_padded(key, request.data)


def _for_a_token(card: "SmartCard") -> bool:
    """MSE SET has named the algorithm of the recognition, not one that signs what the host brings."""
    environment = card.channel.environment
    template = environment.computing.get(Crt.AUTHENTICATION) if environment is not None else None
    return template is not None and template.algorithm == ALGORITHM_RECOGNITION


def _internal_refused(card: "SmartCard") -> None:
    """A token that was refused burns the challenge that it was for."""
    if _for_a_token(card):
        card.proven.challenge = None


def _sign_token(card: "SmartCard", peer_challenge: bytes) -> bytes:
    _, key = usable_key(card, Crt.AUTHENTICATION, Operation.INTERNAL_AUTHENTICATE)
    if len(peer_challenge) != CHALLENGE_SIZE:
        pattern = "the other card's challenge has {} bytes, not {}"
        raise incorrect_data(_SIGNS, pattern, CHALLENGE_SIZE, len(peer_challenge))
    own = card.persistent.identity
    party = _party(card)
    own_challenge, peer = (
        _signing_first(card, peer_challenge) if party.signs_first else _signing_last(card, peer_challenge)
    )
    token = party.token(
        own.cha.encode(), own.chr, own_challenge, peer.chr, peer_challenge, issued_digest(card)
    )
    from bifente.crypto import rsa

    return rsa.sign_digest(key, "sha256", sha256(token).digest())


def _party(card: "SmartCard") -> Party:
    """The card's part in the recognition."""
    party = card.layout.party
    if party is None:
        raise CardError(
            SW.FUNCTION_NOT_SUPPORTED, Why(RECOGNITION, "this kind of card takes no part in a recognition")
        )
    return party


def _signing_first(card: "SmartCard", peer_challenge: bytes) -> tuple[bytes, Peer]:
    """Own challenge and other card, of the party that proves itself before the other has."""
    challenge, peer = card.proven.challenge, card.proven.peer
    if challenge is None or challenge.answered is not None or peer is None:
        raise out_of_turn(_SIGNS_FIRST, _unready(challenge, peer))
    challenge.answered = peer_challenge
    return challenge.value, peer


def _signing_last(card: "SmartCard", peer_challenge: bytes) -> tuple[bytes, Peer]:
    """Own challenge and other card, of the party that proves itself to a card that it has recognised."""
    recognition = card.proven.recognition
    if recognition is None:
        why = Why(
            _SIGNS_LAST, "a Vitale signs for a card that it has recognised; {}", (ProvenThen.to(card.proven),)
        )
        raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED, why)
    if recognition.answered or not compare_digest(recognition.peer_challenge, peer_challenge):
        done = "has been signed for already" if recognition.answered else "had another challenge"
        raise out_of_turn(_SIGNS_LAST, f"the recognition {done}")
    recognition.answered = True
    return recognition.own_challenge, recognition.peer


def _external_authenticate(card: "SmartCard", request: AuthenticateRequest) -> bytes:
    """Verify the other card's token. The challenge is burnt whatever comes out.

    Only now does the effective date of the other's certificate become the card's latest, so this command may write.
    """
    environment = card.channel.environment
    if environment is not None and environment.mutual is not None:
        return mutual.authenticate(card, environment.mutual, request.data)
    proven = card.proven
    challenge, proven.challenge = proven.challenge, None
    peer = _named_peer(card)
    if len(request.data) != CHALLENGE_SIZE + DIGEST_SIZE + SIGNATURE_SIZE:
        pattern = "a challenge ({} bytes), a digest ({}) and a signature ({}) are expected, {} bytes came"
        sizes = CHALLENGE_SIZE, DIGEST_SIZE, SIGNATURE_SIZE
        raise incorrect_data(_VERIFIES, pattern, *sizes, len(request.data))
    if challenge is None:
        raise out_of_turn(_VERIFIES, _NO_CHALLENGE)
    peer_challenge, rest = request.data[:CHALLENGE_SIZE], request.data[CHALLENGE_SIZE:]
    issued, signature = rest[:DIGEST_SIZE], rest[DIGEST_SIZE:]
    party = _party(card)
    if party.signs_first and (
        challenge.answered is None or not compare_digest(challenge.answered, peer_challenge)
    ):
        raise out_of_turn(
            _VERIFIES, "the other card's challenge is not the one that this card has signed in step 3"
        )
    own = card.persistent.identity
    token = party.peer.token(peer.cha.encode(), peer.chr, peer_challenge, own.chr, challenge.value, issued)
    if not signed_by(peer.n, peer.e, signature, token):
        proven.forget_recognition()
        pattern = (
            "the token is not signed by {} over this card's challenge; an earlier recognition is forgotten"
        )
        raise CardError(SW.CHANGED_WARNING, Why(_VERIFIES, pattern, (peer.chr,)))
    card.persistent.keep_date(peer.effective)
    proven.role = peer.cha
    proven.recognition = PeerAuthentication(peer, challenge.value, peer_challenge, issued)
    return b""


def _external_refused(card: "SmartCard") -> None:
    """The challenge is burnt, and an earlier recognition is over: whoever is refused is nobody."""
    proven = card.proven
    proven.challenge = proven.role = proven.recognition = proven.nonce = None


def _named_peer(card: "SmartCard") -> Peer:
    """The card whose verified certificate MSE SET names."""
    environment = card.channel.environment
    template = environment.verifying.get(Crt.AUTHENTICATION) if environment is not None else None
    peer = card.proven.peer
    if template is None or template.algorithm != ALGORITHM_RECOGNITION or template.public_key is None:
        pattern = "MSE SET 81 A4 has not named algorithm {:02X} (80) and the other card's holder (83)"
        raise out_of_turn(_VERIFIES, pattern, ALGORITHM_RECOGNITION)
    if peer is None or peer.chr != template.public_key:
        pattern = "no certificate of the holder {} has been verified (PSO VERIFY CERTIFICATE)"
        raise out_of_turn(_VERIFIES, pattern, template.public_key)
    return peer


def issued_digest(card: "SmartCard") -> bytes:
    """The digest of the issuer's signature that the card holds, zeros when it holds none."""
    path = card.layout.issuer_signature
    node: Directory | File | None = card.tree.mf
    for part in path.split("/")[1:] if path is not None else ():
        node = node.by_fid.get(int(part, 16)) if isinstance(node, Directory) else None
    return digest_of(node.content if isinstance(node, File) else b"")


GET_CHALLENGE = Instruction(instructions.GET_CHALLENGE, "GET CHALLENGE", _challenge_request, _get_challenge)
INTERNAL_AUTHENTICATE = Instruction(
    instructions.INTERNAL_AUTHENTICATE,
    "INTERNAL AUTHENTICATE",
    _authenticate_request,
    _internal_authenticate,
    chainable=True,
    refused=_internal_refused,
)
EXTERNAL_AUTHENTICATE = Instruction(
    instructions.EXTERNAL_AUTHENTICATE,
    "EXTERNAL AUTHENTICATE",
    _authenticate_request,
    _external_authenticate,
    chainable=True,
    refused=_external_refused,
)
