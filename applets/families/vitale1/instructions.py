"""The carte Vitale 1: its instructions on its layout, in class BC. All ``synthetic``.

It keeps no security environment: P2 of INTERNAL and EXTERNAL AUTHENTICATE names the key (ISO/IEC 7816-4:2020 §11.6),
and each key certifies one kind of message, which the card itself builds (:mod:`bifente.layouts.symmetric`).
"""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.cvc import DOMAIN_CPS, USAGE_AUTHENTICATION, Cha, CvError
from bifente.apdu.files.security import Operation
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands import authentication, binary, cardholder, selection
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction, table
from bifente.applets.kernel.refusals import (
    PART_4,
    RECOGNITION,
    incorrect_data,
    not_on_card,
    out_of_turn,
    require,
    wrong_length,
)
from bifente.applets.kernel.state import Peer, PeerAuthentication
from bifente.crypto.legacy.diversified import mac_holds, retail_mac
from bifente.layouts import symmetric
from bifente.layouts.cards.vitale1 import LAYOUT
from bifente.layouts.recognition import CHA_SIZE, CHALLENGE_SIZE, CHR_SIZE, DIGEST_SIZE

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_KEYS = {key.reference: (path, key) for path, key in LAYOUT.secret_keys()}
_CLAUSE = f"{PART_4} §11.6"
_VERIFIES = f"{RECOGNITION}, step 4"
_SIGNS = f"{RECOGNITION}, step 5"
_SHEET = f"{RECOGNITION}, care sheet"
_NO_CHALLENGE = (
    "no challenge of 16 bytes stands (GET CHALLENGE): a challenge serves once, and any failure burns it"
)


class KeyedRequest(NamedTuple):
    """A message for the key of that reference."""

    reference: int
    data: bytes


def _request(apdu: CommandAPDU) -> KeyedRequest:
    if apdu.p1 or apdu.p2 not in _KEYS:
        listed = ", ".join(f"{reference:02X}" for reference in _KEYS)
        why = Why(
            _CLAUSE, "P1 is 00 and P2 one of the keys {}; {:02X}{:02X} came", (listed, apdu.p1, apdu.p2)
        )
        raise CardError(SW.INCORRECT_P1_P2, why)
    if not apdu.data:
        raise wrong_length(apdu, _CLAUSE, "INTERNAL and EXTERNAL AUTHENTICATE carry data")
    return KeyedRequest(apdu.p2, apdu.data)


def _key(card: "SmartCard", reference: int, operation: Operation) -> bytes:
    """The key of that reference, if *operation* is allowed with it."""
    path, key = _KEYS[reference]
    require(operation.value, f"key {reference:02X}", key.access.get(operation), card.proven)
    value = card.persistent.secret(path, reference)
    if value is None:
        raise not_on_card(_CLAUSE, "the card has no key {:02X}", reference)
    return value


def _external(card: "SmartCard", request: KeyedRequest) -> bytes:
    """Step 4: the other card's MAC over both challenges. The challenge is burnt whatever comes out."""
    proven = card.proven
    challenge, proven.challenge = proven.challenge, None
    key = _key(card, request.reference, Operation.EXTERNAL_AUTHENTICATE)
    if len(request.data) != symmetric.PROOF_SIZE:
        pattern = "RC, CHA, CHR, a digest and a MAC have {} bytes, {} came"
        raise incorrect_data(_VERIFIES, pattern, symmetric.PROOF_SIZE, len(request.data))
    if challenge is None:
        raise out_of_turn(_VERIFIES, _NO_CHALLENGE)
    rc, chr_cps, issued, cha_bytes, mac = _parts(
        request.data, CHALLENGE_SIZE, CHR_SIZE, DIGEST_SIZE, CHA_SIZE, symmetric.MAC_SIZE
    )
    own = card.persistent.identity
    token = symmetric.cps_token(cha_bytes, chr_cps, rc, own.chr, challenge.value, issued)
    if not mac_holds(key, token, mac):
        proven.forget_recognition()
        why = Why(
            _VERIFIES,
            "the MAC is not that of a CPS over this card's challenge; nobody is recognised any more",
            (),
        )
        raise CardError(SW.CHANGED_WARNING, why)
    cha = _professional(cha_bytes)
    if chr_cps == own.chr or cha.is_test != own.cha.is_test:
        raise out_of_turn(_VERIFIES, "the card itself, or a test card beside a real one")
    proven.role = cha
    peer = Peer(chr_cps, cha, 0, 0, card.persistent.latest_date)
    proven.recognition = PeerAuthentication(peer, challenge.value, rc, issued)
    return b""


def _professional(raw: bytes) -> Cha:
    """The authorisation that a MAC has proven. 6985 for one that is not a professional's."""
    try:
        cha = Cha.parse(raw)
    except CvError as error:
        raise incorrect_data(_VERIFIES, "the authorisation cannot be read: {}", str(error)) from None
    if (cha.domain, cha.usage) != (DOMAIN_CPS, USAGE_AUTHENTICATION):
        raise out_of_turn(_VERIFIES, "the authorisation is not that of a professional's card")
    return cha


def _parts(data: bytes, *sizes: int) -> list[bytes]:
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    return [data[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _internal(card: "SmartCard", request: KeyedRequest) -> bytes:
    """Step 5 with key 01: authorisation and MAC. The certificate of a care sheet with key 02: 8 bytes."""
    key = _key(card, request.reference, Operation.INTERNAL_AUTHENTICATE)
    recognition = card.proven.recognition
    if recognition is None:
        raise out_of_turn(_SIGNS, "the card certifies to a card that it has recognised")
    own, peer = card.persistent.identity, recognition.peer
    if request.reference == symmetric.KEY_SHEET:
        if len(request.data) != DIGEST_SIZE:
            raise incorrect_data(
                _SHEET, "the hash of a sheet has {} bytes, not {}", DIGEST_SIZE, len(request.data)
            )
        challenges = recognition.own_challenge, peer.chr, recognition.peer_challenge
        payload = symmetric.sheet_payload(request.data, own.chr, *challenges, recognition.peer_issued)
        return retail_mac(key, payload)
    if recognition.answered or request.data != recognition.peer_challenge:
        done = "has been certified already" if recognition.answered else "had another challenge"
        raise out_of_turn(_SIGNS, f"the recognition {done}")
    recognition.answered = True
    token = symmetric.vitale_token(
        own.cha.encode(), own.chr, recognition.own_challenge, peer.chr, recognition.peer_challenge
    )
    return own.cha.encode() + retail_mac(key, token)


def _external_refused(card: "SmartCard") -> None:
    """The challenge is burnt, and an earlier recognition is over: whoever is refused is nobody."""
    proven = card.proven
    proven.challenge = proven.role = proven.recognition = None


INSTRUCTIONS = table(
    (
        selection.instruction(LAYOUT.select_answers),
        binary.READ_BINARY,
        binary.UPDATE_BINARY,
        cardholder.VERIFY,
        authentication.GET_CHALLENGE,
        Instruction(instructions.INTERNAL_AUTHENTICATE, "INTERNAL AUTHENTICATE", _request, _internal),
        Instruction(
            instructions.EXTERNAL_AUTHENTICATE,
            "EXTERNAL AUTHENTICATE",
            _request,
            _external,
            refused=_external_refused,
        ),
    )
)
