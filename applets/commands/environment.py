"""MANAGE SECURITY ENVIRONMENT, function SET (ISO/IEC 7816-4:2020 §11.6.11)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions, tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.security import Operation
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import (
    PART_4,
    incorrect_data,
    not_on_card,
    out_of_turn,
    require,
    wrong_length,
    wrong_parameters,
)
from bifente.applets.kernel.state import ControlReferenceTemplate, Environment
from bifente.layouts.nodes import Crt, KeyObject, KeySet
from bifente.layouts.recognition import ALGORITHM_RECOGNITION, CHR_SIZE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.6.11"
_TEMPLATES = f"{PART_4} §10.3.2"

ALGORITHM_TAG = 0x80
PUBLIC_KEY_TAG = 0x83
PRIVATE_KEY_TAG = 0x84
USAGE_TAG = 0x95

HASH_ALGORITHMS = {0x10: "sha1", 0x40: "sha256"}
"""Algorithm references of template AA (CIAInfo of a CPS3, OpenSC commit 405ecfc40)."""


class SetRequest(NamedTuple):
    """What goes into which template; ``computing`` is the card's own side (P1 = 41), ``mutual`` both (C1)."""

    computing: bool
    mutual: bool
    crt: Crt
    algorithm: int | None
    private_key: int | None
    public_key: bytes | None


_SIDES = {0x41: (True, False), 0x81: (False, False), 0xC1: (True, True)}
_CRTS = {crt.tag: crt for crt in Crt}


def _request(apdu: CommandAPDU) -> SetRequest:
    side, crt = _SIDES.get(apdu.p1), _CRTS.get(apdu.p2)
    if side is None or crt is None or (side[1] and crt is not Crt.AUTHENTICATION):
        raise wrong_parameters(
            apdu,
            _CLAUSE,
            "P1 is 41 (SET, computing) or 81 (SET, verifying) and P2 A4, AA, B6 or B8; or C1A4 (mutual)",
        )
    if not apdu.data or apdu.ne is not None:
        raise wrong_length(apdu, _CLAUSE, "MSE SET carries a control reference template and expects nothing")
    try:
        items = tlv.decode(apdu.data)
    except ApduError:
        raise incorrect_data(_TEMPLATES, "the data field is not a sequence of BER-TLV objects") from None
    values: dict[int, bytes] = {}
    for item in items:
        wanted = item.tag in (ALGORITHM_TAG, PRIVATE_KEY_TAG, PUBLIC_KEY_TAG, USAGE_TAG)
        if not wanted or item.tag in values or not item.value:
            raise incorrect_data(
                _TEMPLATES, "object {:02X} is none of 80, 83, 84 and 95, or empty, or there twice", item.tag
            )
        if item.tag != PUBLIC_KEY_TAG and len(item.value) != 1:
            raise incorrect_data(_TEMPLATES, "object {:02X} has {} bytes, not 1", item.tag, len(item.value))
        values[item.tag] = item.value
    algorithm, private = values.get(ALGORITHM_TAG), values.get(PRIVATE_KEY_TAG)
    return SetRequest(
        *side,
        crt,
        algorithm[0] if algorithm else None,
        private[0] if private else None,
        values.get(PUBLIC_KEY_TAG),
    )


def _set(card: "SmartCard", request: SetRequest) -> bytes:
    """Add to the template; what cannot work together is refused here and changes nothing."""
    channel = card.channel
    environment = channel.environment or Environment()
    if request.mutual:
        return _set_mutual(card, environment, request)
    side = environment.computing if request.computing else environment.verifying
    old = side.get(request.crt, ControlReferenceTemplate())
    template = ControlReferenceTemplate(
        request.algorithm if request.algorithm is not None else old.algorithm,
        request.private_key if request.private_key is not None else old.private_key,
        request.public_key if request.public_key is not None else old.public_key,
    )
    if request.crt is Crt.HASH:
        _check_hash(template)
    elif request.computing:
        _check_private(card, request.crt, template)
    else:
        _check_public(card, request.crt, template)
    side[request.crt] = template
    if request.crt is Crt.AUTHENTICATION:
        environment.mutual = None
    channel.environment = environment
    return b""


def _set_mutual(card: "SmartCard", environment: Environment, request: SetRequest) -> bytes:
    """Algorithm and key set of MUTUAL AUTHENTICATE: there is nothing to keep of an earlier template."""
    if request.algorithm is None or request.public_key is None or request.private_key is not None:
        raise incorrect_data(_TEMPLATES, "MUTUAL AUTHENTICATE needs an algorithm (80) and a key set (83)")
    keyset = keyset_of(card, request.public_key)
    if keyset is None:
        raise not_on_card(_TEMPLATES, "there is no key set {}", request.public_key)
    if request.algorithm not in keyset.algorithms:
        pattern = "key set {:02X} takes the algorithms {}, not {:02X}"
        known = _references(keyset.algorithms)
        raise incorrect_data(_TEMPLATES, pattern, keyset.reference, known, request.algorithm)
    environment.mutual = ControlReferenceTemplate(request.algorithm, None, request.public_key)
    card.channel.environment = environment
    return b""


def keyset_of(card: "SmartCard", reference: bytes) -> KeySet | None:
    """The key set of that reference: with bit 8 in the current DF, without in the MF."""
    holder = card.channel.directory if reference[0] & _LOCAL else card.tree.mf
    for keyset in holder.node.keysets:
        if reference == bytes((keyset.reference,)):
            return keyset
    return None


_LOCAL = 0x80


def _check_hash(template: ControlReferenceTemplate) -> None:
    if template.private_key is not None or template.public_key is not None:
        raise incorrect_data(_TEMPLATES, "a hash needs no key, so template AA has neither 83 nor 84")
    if template.algorithm not in HASH_ALGORITHMS:
        raise incorrect_data(
            _TEMPLATES,
            "template AA names the hash {}, this card has {}",
            _reference(template.algorithm),
            _references(HASH_ALGORITHMS),
        )


def _reference(algorithm: int | None) -> str:
    return "that no object 80 gives" if algorithm is None else f"{algorithm:02X}"


def _references(algorithms: Iterable[int]) -> str:
    return ", ".join(f"{each:02X}" for each in sorted(algorithms)) or "none"


def key_of(card: "SmartCard", reference: int) -> KeyObject | None:
    """The key of that reference in the current DF."""
    for key in card.channel.directory.node.keys:
        if key.reference == reference:
            return key
    return None


def _check_private(card: "SmartCard", crt: Crt, template: ControlReferenceTemplate) -> None:
    if template.public_key is not None:
        raise incorrect_data(
            _TEMPLATES, "the card computes with a private key (84), and the template has a public one (83)"
        )
    if template.private_key is None:
        # Without a key yet, the algorithm must be one that some key of this DF can carry out.
        keys = card.channel.directory.node.keys
        if template.algorithm is not None and not any(
            template.algorithm in key.algorithms.get(crt, ()) for key in keys
        ):
            pattern = "no key of {} takes algorithm {:02X} in template {}"
            raise incorrect_data(
                _TEMPLATES, pattern, card.channel.directory.path, template.algorithm, crt.value
            )
        return
    key = key_of(card, template.private_key)
    if key is None or card.persistent.private_key(card.channel.directory, key.reference) is None:
        raise not_on_card(
            _TEMPLATES, "{} has no private key {:02X}", card.channel.directory.path, template.private_key
        )
    accepted = key.algorithms.get(crt)
    if accepted is None or (template.algorithm is not None and template.algorithm not in accepted):
        pattern = "key {:02X} takes {} in template {}, not algorithm {}"
        named = _reference(template.algorithm)
        raise incorrect_data(
            _TEMPLATES, pattern, key.reference, _references(accepted or ()), crt.value, named
        )


def _check_public(card: "SmartCard", crt: Crt, template: ControlReferenceTemplate) -> None:
    reference = template.public_key
    if template.private_key is not None:
        raise incorrect_data(
            _TEMPLATES, "the card verifies with a public key (83), and the template has a private one (84)"
        )
    if crt is Crt.SIGNATURE:
        # The authority's key implies how its certificates are signed: there is nothing to choose.
        if template.algorithm is not None:
            raise incorrect_data(
                _TEMPLATES,
                "the authority's key implies the algorithm, and the template names {:02X}",
                template.algorithm,
            )
        if reference is not None and card.persistent.cv_root(reference) is None:
            raise not_on_card(_TEMPLATES, "the card knows no certification authority {}", reference)
    elif crt is Crt.AUTHENTICATION:
        if template.algorithm not in (None, ALGORITHM_RECOGNITION):
            raise incorrect_data(
                _TEMPLATES,
                "another card is recognised by algorithm {:02X}, not {:02X}",
                ALGORITHM_RECOGNITION,
                template.algorithm,
            )
        if reference is not None:
            peer = card.proven.peer
            if len(reference) != CHR_SIZE:
                raise incorrect_data(
                    _TEMPLATES,
                    "the reference of a card holder (CHR) has {} bytes, not {}",
                    CHR_SIZE,
                    len(reference),
                )
            if peer is None or peer.chr != reference:
                raise not_on_card(
                    _TEMPLATES,
                    "no certificate of the holder {} has been verified (PSO VERIFY CERTIFICATE)",
                    reference,
                )
    else:
        why = Why(_CLAUSE, "this card verifies by templates A4 and B6, not by {}", (crt.value,))
        raise CardError(SW.INCORRECT_P1_P2, why)


def usable_key(card: "SmartCard", crt: Crt, operation: Operation) -> tuple[int, "RSAPrivateKey"]:
    """Algorithm and private key that the environment has for *operation*.

    6985 when MSE SET has not named both, 6982 when the key's rule is not satisfied.
    """
    environment = card.channel.environment
    template = environment.computing.get(crt) if environment is not None else None
    if template is None or template.private_key is None or template.algorithm is None:
        pattern = "MSE SET has not named both the algorithm (80) and the private key (84) in template {}, which SELECT clears"
        raise out_of_turn(_CLAUSE, pattern, crt.value)
    key = key_of(card, template.private_key)
    private = card.persistent.private_key(card.channel.directory, template.private_key)
    if key is None or private is None:
        raise not_on_card(
            _TEMPLATES, "{} has no private key {:02X}", card.channel.directory.path, template.private_key
        )
    require(operation.value, f"key {template.private_key:02X}", key.access.get(operation), card.proven)
    return template.algorithm, private


MANAGE_SECURITY_ENVIRONMENT = Instruction(
    instructions.MANAGE_SECURITY_ENVIRONMENT, "MANAGE SECURITY ENVIRONMENT", _request, _set
)
