"""MANAGE SECURITY ENVIRONMENT, function SET (ISO/IEC 7816-4:2020 §11.6.11)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.security import Operation
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.state import Environment, Template
from bifente.layouts.nodes import Crt, KeyObject
from bifente.layouts.recognition import ALGORITHM_RECOGNITION, CHR_SIZE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from bifente.applets.kernel.card import SmartCard

ALGORITHM_TAG = 0x80
PUBLIC_KEY_TAG = 0x83
PRIVATE_KEY_TAG = 0x84
USAGE_TAG = 0x95

HASH_ALGORITHMS = {0x10: "sha1", 0x40: "sha256"}
"""Algorithm references of template AA (CIAInfo of a CPS3, OpenSC commit 405ecfc40)."""


class SetRequest(NamedTuple):
    """What goes into which template; ``computing`` is the card's own side (P1 = 41)."""

    computing: bool
    crt: Crt
    algorithm: int | None
    private_key: int | None
    public_key: bytes | None


_SIDES = {0x41: True, 0x81: False}
_CRTS = {crt.tag: crt for crt in Crt}


def _request(apdu: CommandAPDU) -> SetRequest:
    computing, crt = _SIDES.get(apdu.p1), _CRTS.get(apdu.p2)
    if computing is None or crt is None:
        raise CardError(SW.INCORRECT_P1_P2)
    if not apdu.data or apdu.ne is not None:
        raise CardError(SW.WRONG_LENGTH)
    try:
        items = tlv.decode(apdu.data)
    except ApduError:
        raise CardError(SW.INCORRECT_DATA_FIELD) from None
    values: dict[int, bytes] = {}
    for item in items:
        wanted = item.tag in (ALGORITHM_TAG, PRIVATE_KEY_TAG, PUBLIC_KEY_TAG, USAGE_TAG)
        if not wanted or item.tag in values or not item.value:
            raise CardError(SW.INCORRECT_DATA_FIELD)
        if item.tag != PUBLIC_KEY_TAG and len(item.value) != 1:
            raise CardError(SW.INCORRECT_DATA_FIELD)
        values[item.tag] = item.value
    algorithm, private = values.get(ALGORITHM_TAG), values.get(PRIVATE_KEY_TAG)
    return SetRequest(
        computing,
        crt,
        algorithm[0] if algorithm else None,
        private[0] if private else None,
        values.get(PUBLIC_KEY_TAG),
    )


def _set(card: "SmartCard", request: SetRequest) -> bytes:
    """Add to the template; what cannot work together is refused here and changes nothing."""
    volatile = card.volatile
    environment = volatile.environment or Environment()
    side = environment.computing if request.computing else environment.verifying
    old = side.get(request.crt, Template())
    template = Template(
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
    volatile.environment = environment
    return b""


def _check_hash(template: Template) -> None:
    if template.private_key is not None or template.public_key is not None:
        raise CardError(SW.INCORRECT_DATA_FIELD)
    if template.algorithm not in HASH_ALGORITHMS:
        raise CardError(SW.INCORRECT_DATA_FIELD)


def key_of(card: "SmartCard", reference: int) -> KeyObject | None:
    """The key of that reference in the current DF."""
    for key in card.volatile.directory.node.keys:
        if key.reference == reference:
            return key
    return None


def _check_private(card: "SmartCard", crt: Crt, template: Template) -> None:
    if template.public_key is not None:
        raise CardError(SW.INCORRECT_DATA_FIELD)
    if template.private_key is None:
        # Without a key yet, the algorithm must be one that some key of this DF can carry out.
        keys = card.volatile.directory.node.keys
        if template.algorithm is not None and not any(
            template.algorithm in key.algorithms.get(crt, ()) for key in keys
        ):
            raise CardError(SW.INCORRECT_DATA_FIELD)
        return
    key = key_of(card, template.private_key)
    if key is None or card.persistent.private_key(card.volatile.directory, key.reference) is None:
        raise CardError(SW.REFERENCED_DATA_NOT_FOUND)
    accepted = key.algorithms.get(crt)
    if accepted is None or (template.algorithm is not None and template.algorithm not in accepted):
        raise CardError(SW.INCORRECT_DATA_FIELD)


def _check_public(card: "SmartCard", crt: Crt, template: Template) -> None:
    reference = template.public_key
    if template.private_key is not None:
        raise CardError(SW.INCORRECT_DATA_FIELD)
    if crt is Crt.SIGNATURE:
        # The authority's key implies how its certificates are signed: there is nothing to choose.
        if template.algorithm is not None:
            raise CardError(SW.INCORRECT_DATA_FIELD)
        if reference is not None and card.persistent.cv_root(reference) is None:
            raise CardError(SW.REFERENCED_DATA_NOT_FOUND)
    elif crt is Crt.AUTHENTICATION:
        if template.algorithm not in (None, ALGORITHM_RECOGNITION):
            raise CardError(SW.INCORRECT_DATA_FIELD)
        if reference is not None:
            peer = card.volatile.peer
            if len(reference) != CHR_SIZE:
                raise CardError(SW.INCORRECT_DATA_FIELD)
            if peer is None or peer.chr != reference:
                raise CardError(SW.REFERENCED_DATA_NOT_FOUND)
    else:
        raise CardError(SW.INCORRECT_P1_P2)


def usable_key(card: "SmartCard", crt: Crt, operation: Operation) -> tuple[int, "RSAPrivateKey"]:
    """Algorithm and private key that the environment has for *operation*.

    6985 when MSE SET has not named both, 6982 when the key's rule is not satisfied.
    """
    environment = card.volatile.environment
    template = environment.computing.get(crt) if environment is not None else None
    if template is None or template.private_key is None or template.algorithm is None:
        raise CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED)
    key = key_of(card, template.private_key)
    private = card.persistent.private_key(card.volatile.directory, template.private_key)
    if key is None or private is None:
        raise CardError(SW.REFERENCED_DATA_NOT_FOUND)
    rule = key.access.get(operation)
    if rule is None or not rule.allows(card.volatile):
        raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED)
    return template.algorithm, private


MANAGE_SECURITY_ENVIRONMENT = Instruction(0x22, "MANAGE SECURITY ENVIRONMENT", _request, _set)
