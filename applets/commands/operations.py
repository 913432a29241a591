"""PERFORM SECURITY OPERATION: HASH, COMPUTE DIGITAL SIGNATURE, DECIPHER, VERIFY CERTIFICATE (ISO/IEC 7816-8:2021 §5.3)."""

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import cvc, instructions, tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.security import Operation
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands.authentication import issued_digest
from bifente.applets.commands.environment import HASH_ALGORITHMS, usable_key
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import (
    RECOGNITION,
    ProvenThen,
    incorrect_data,
    not_on_card,
    out_of_turn,
    wrong_length,
    wrong_parameters,
)
from bifente.applets.kernel.state import Environment, Peer
from bifente.crypto.errors import CryptoError
from bifente.crypto.resumable import ResumableHash, Sha1State, Sha256State
from bifente.layouts.nodes import Crt
from bifente.layouts.recognition import ALGORITHM_SHEET, USAGE_AUTHENTICATION, sheet_digest

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = "ISO/IEC 7816-8:2021 §5.3"
_SHEET = f"{RECOGNITION}, signature of a sheet"
_CERTIFICATE = f"{RECOGNITION}, step 1"

PADDING_INDICATOR = 0x81
"""What a CPS3 wants before a cryptogram (Cryptolib CPS, OpenSC's ``iasecc``)."""

_HASHES: dict[str, type[ResumableHash]] = {"sha1": Sha1State, "sha256": Sha256State}

_SIGNED_HASH = {0x12: "sha1", 0x42: "sha256", ALGORITHM_SHEET: "sha256"}
"""The digest that each signature algorithm of template B6 is over."""

_DIGEST_LENGTHS = frozenset({0, *(kind.digest_size for kind in _HASHES.values())})
"""What PSO COMPUTE DIGITAL SIGNATURE may carry: nothing after PSO HASH, or a digest."""

MAX_LAST_BLOCK = 64
"""A host keeps back 1 to 64 bytes for the card: 64 when the message is a whole number of blocks."""


_CERTIFICATE_REFUSALS = {
    cvc.CvReason.UNKNOWN_CAR: SW.REFERENCED_DATA_NOT_FOUND,
    cvc.CvReason.DOMAIN: SW.CONDITIONS_OF_USE_NOT_SATISFIED,
    cvc.CvReason.ENVIRONMENT: SW.CONDITIONS_OF_USE_NOT_SATISFIED,
}
"""The refusals of a certificate that are not 6A80."""


class Pso(IntEnum):
    """P1-P2: what comes out, what goes in."""

    HASH = 0x90A0
    COMPUTE_SIGNATURE = 0x9E9A
    DECIPHER = 0x8086
    VERIFY_CERTIFICATE = 0x00AE


class PsoRequest(NamedTuple):
    """Which operation on which data."""

    operation: Pso
    data: bytes


_OPERATIONS = {int(operation): operation for operation in Pso}


def _request(apdu: CommandAPDU) -> PsoRequest:
    operation = _OPERATIONS.get(apdu.p1 << 8 | apdu.p2)
    if operation is None:
        raise wrong_parameters(
            apdu,
            _CLAUSE,
            "this card has 90A0 HASH, 9E9A COMPUTE DIGITAL SIGNATURE, 8086 DECIPHER, 00AE VERIFY CERTIFICATE",
        )
    lengths = _DIGEST_LENGTHS if operation is Pso.COMPUTE_SIGNATURE else None
    if (len(apdu.data) not in lengths) if lengths is not None else not apdu.data:
        expected = (
            "a signature takes a digest of 20 or 32 bytes, or none after PSO HASH"
            if lengths
            else "data must come"
        )
        raise wrong_length(apdu, _CLAUSE, expected)
    return PsoRequest(operation, apdu.data)


def _perform(card: "SmartCard", request: PsoRequest) -> bytes:
    return _ACTIONS[request.operation](card, request.data)


def _hash_name(environment: Environment) -> str:
    """The hash that template AA names, else that of the signature that template B6 names."""
    template = environment.computing.get(Crt.HASH) or environment.verifying.get(Crt.HASH)
    if template is not None and template.algorithm is not None:
        return HASH_ALGORITHMS[template.algorithm]
    signature = environment.computing.get(Crt.SIGNATURE)
    if signature is not None and signature.algorithm is not None:
        return _SIGNED_HASH[signature.algorithm]
    raise out_of_turn(
        _CLAUSE, "neither template AA nor B6 names the hash: MSE SET is missing, or SELECT has cleared it"
    )


def _hash(card: "SmartCard", data: bytes) -> bytes:
    """Finish a digest that the host has begun, make a whole one, or take a finished one; it waits for the signature."""
    environment = card.channel.environment
    if environment is None:
        raise out_of_turn(
            _CLAUSE, "there is no security environment: MSE SET is missing, or SELECT has cleared it"
        )
    name = _hash_name(environment)
    environment.digest = None
    try:
        items = [(item.tag, item.value) for item in tlv.decode(data)]
        digest = _digest(_HASHES[name], dict(items)) if len({tag for tag, _ in items}) == len(items) else None
    except (ApduError, CryptoError):
        digest = None
    if digest is None:
        values = (name, len(data), _HASHES[name].digest_size, MAX_LAST_BLOCK)
        raise incorrect_data(_CLAUSE, _NOT_HASHED, *values)
    environment.digest = (name, digest)
    return b""


_NOT_HASHED = (
    "PSO HASH for {0} takes 80 (whole message), 90 (finished digest, {2} bytes) or 90 (hash state) and 80 (last block, "
    "1 to {3} bytes); the {1} bytes of the data field are none of these"
)


def _digest(kind: type[ResumableHash], objects: dict[int, bytes]) -> bytes | None:
    if not objects or objects.keys() - {0x80, 0x90}:
        return None
    state, last = objects.get(0x90, b""), objects.get(0x80)
    if last is None:
        return state if len(state) == kind.digest_size else None
    if not state:
        return kind(last).finish()
    if len(state) != kind.state_size() or len(last) > MAX_LAST_BLOCK:
        return None
    return kind.resumed(state, last)


def _compute_signature(card: "SmartCard", data: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 over the digest that PSO HASH left, which serves once, or over the one that comes with the
    command, as a real CPS3 takes it (test programs of the Agence du numérique en santé, C_Sign of a digest)."""
    algorithm, key = usable_key(card, Crt.SIGNATURE, Operation.COMPUTE_SIGNATURE)
    environment = card.channel.environment
    assert environment is not None  # usable_key found the algorithm there
    name = _SIGNED_HASH[algorithm]
    waiting = environment.digest
    if data:
        if algorithm == ALGORITHM_SHEET:
            pattern = "algorithm {:02X} signs what PSO HASH has left, and {} bytes came with the command"
            raise CardError(SW.WRONG_LENGTH, Why(_SHEET, pattern, (algorithm, len(data))))
        if len(data) != _HASHES[name].digest_size:
            pattern = "algorithm {:02X} signs a {} digest of {} bytes, {} came"
            raise incorrect_data(_CLAUSE, pattern, algorithm, name, _HASHES[name].digest_size, len(data))
        digest = data
    elif waiting is None or waiting[0] != name:
        left = (
            "PSO HASH has left no digest" if waiting is None else f"PSO HASH has left a {waiting[0]} digest"
        )
        raise out_of_turn(_CLAUSE, "algorithm {:02X} signs a {} digest, and {}", algorithm, name, left)
    else:
        digest = waiting[1]
    environment.digest = None
    if algorithm == ALGORITHM_SHEET:
        recognition = card.proven.recognition
        if recognition is None:
            why = Why(_SHEET, "a sheet is signed for a recognised card; {}", (ProvenThen.to(card.proven),))
            raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED, why)
        digest = sheet_digest(
            digest,
            card.persistent.identity.chr,
            recognition.own_challenge,
            recognition.peer.chr,
            recognition.peer_challenge,
            issued_digest(card),
            recognition.peer_issued,
        )
    from bifente.crypto import rsa  # there since the key was loaded

    return rsa.sign_digest(key, "sha1" if name == "sha1" else "sha256", digest)


def _decipher(card: "SmartCard", data: bytes) -> bytes:
    """RSAES-PKCS1-v1_5; the plain data come back without padding. A wrong padding gives random bytes."""
    _, key = usable_key(card, Crt.CONFIDENTIALITY, Operation.DECIPHER)
    if data[0] != PADDING_INDICATOR:
        raise incorrect_data(
            _CLAUSE, "a cryptogram begins with the padding indicator {:02X}", PADDING_INDICATOR
        )
    from bifente.crypto import rsa

    try:
        return rsa.decrypt(key, data[1:])
    except CryptoError:
        raise incorrect_data(
            _CLAUSE, "the key does not decipher a cryptogram of {} bytes", len(data) - 1
        ) from None


def _verify_certificate(card: "SmartCard", data: bytes) -> bytes:
    """Take in the other card's certificate. The date it shows counts once that card has proven itself: anybody can show
    a certificate."""
    channel = card.channel
    proven = card.proven
    environment = channel.environment
    template = environment.verifying.get(Crt.SIGNATURE) if environment is not None else None
    challenge, proven.challenge = proven.challenge, None
    proven.peer = None
    if template is None or template.public_key is None:
        raise out_of_turn(_CERTIFICATE, "MSE SET 81 B6 has not named the authority's key (83)")
    root = card.persistent.cv_root(template.public_key)
    if root is None:
        raise not_on_card(_CERTIFICATE, "the card knows no certification authority {}", template.public_key)
    try:
        content = cvc.verify(cvc.CvEnvelope.parse(data), root)
    except cvc.CvError as error:
        why = Why(_CERTIFICATE, "the certificate is refused: {}", (str(error),))
        raise CardError(_CERTIFICATE_REFUSALS.get(error.reason, SW.INCORRECT_DATA_FIELD), why) from None
    own = card.persistent.identity
    cha = content.cha
    if content.chr == own.chr or cha.domain == own.cha.domain or cha.usage != USAGE_AUTHENTICATION:
        pattern = (
            "the certificate of {} (authorisation {}) is not one for authentication of the other kind of card"
        )
        raise out_of_turn(_CERTIFICATE, pattern, content.chr, cha.encode())
    if content.expiry < card.persistent.latest_date:
        pattern = "the certificate of {} ended on {}, before {}, the latest date that the card knows"
        why = Why(_CERTIFICATE, pattern, (content.chr, content.expiry, card.persistent.latest_date))
        raise CardError(SW.REFERENCE_DATA_NOT_USABLE, why)
    proven.peer = Peer(content.chr, cha, content.n, content.e, content.effective)
    proven.challenge = challenge
    return b""


_ACTIONS: dict[Pso, Callable[["SmartCard", bytes], bytes]] = {
    Pso.HASH: _hash,
    Pso.COMPUTE_SIGNATURE: _compute_signature,
    Pso.DECIPHER: _decipher,
    Pso.VERIFY_CERTIFICATE: _verify_certificate,
}

PERFORM_SECURITY_OPERATION = Instruction(
    instructions.PERFORM_SECURITY_OPERATION, "PERFORM SECURITY OPERATION", _request, _perform, chainable=True
)
