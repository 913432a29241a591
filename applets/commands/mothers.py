"""The recognition of a Vitale 1 by a professional's card: its mother key gives the key of the Vitale that MSE SET names.

Algorithm E3 beside those of :mod:`bifente.applets.commands.environment` and :mod:`bifente.applets.commands.authentication`,
whose commands these are for every other one. ``synthetic``: see :mod:`bifente.layouts.symmetric`.
"""

from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from bifente.apdu.cvc import DOMAIN_VITALE, USAGE_AUTHENTICATION, Cha, CvError
from bifente.apdu.files.security import Operation
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands import authentication, environment
from bifente.applets.commands.authentication import AuthenticateRequest, issued_digest
from bifente.applets.commands.environment import SetRequest
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.refusals import RECOGNITION, incorrect_data, not_on_card, out_of_turn, require
from bifente.applets.kernel.state import ControlReferenceTemplate, Environment, Peer, PeerAuthentication
from bifente.layouts import symmetric
from bifente.layouts.nodes import Crt, SecretKey
from bifente.layouts.recognition import CHA_SIZE, CHALLENGE_SIZE, CHR_SIZE
from bifente.slotted import replace

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_NAMES: Final = f"{RECOGNITION}, Vitale 1, steps 3 and 6"
_SIGNS: Final = f"{RECOGNITION}, Vitale 1, step 3"
_VERIFIES: Final = f"{RECOGNITION}, Vitale 1, step 6"


def _set(card: "SmartCard", request: SetRequest) -> bytes:
    if request.mutual or request.crt is not Crt.AUTHENTICATION or request.algorithm != symmetric.ALGORITHM:
        return environment.MANAGE_SECURITY_ENVIRONMENT.run(card, request)
    holder = request.public_key
    if holder is None or len(holder) != CHR_SIZE:
        raise incorrect_data(_NAMES, "the Vitale 1 is named by its holder reference (83), {} bytes", CHR_SIZE)
    _mother_key(card)
    if request.computing != (request.private_key == symmetric.MOTHER_KEY) or (
        not request.computing and request.private_key is not None
    ):
        raise incorrect_data(
            _NAMES, "84 names mother key {:02X} in step 3, and nothing in step 6", symmetric.MOTHER_KEY
        )
    current = card.channel.environment or Environment()
    side = current.computing if request.computing else current.verifying
    side[Crt.AUTHENTICATION] = ControlReferenceTemplate(request.algorithm, request.private_key, holder)
    current.mutual = None
    card.channel.environment = current
    return b""


def _mother_key(card: "SmartCard") -> tuple[SecretKey, bytes]:
    """The mother key of the current DF, with its description."""
    directory = card.channel.directory
    for key in directory.node.secrets:
        value = card.persistent.secret(directory.path, key.reference)
        if key.mother and value is not None:
            return key, value
    raise not_on_card(_NAMES, "{} has no mother key {:02X}", directory.path, symmetric.MOTHER_KEY)


def _named(card: "SmartCard", *, computing: bool) -> bytes | None:
    """The holder reference of the Vitale 1 that the environment names; None when it names another algorithm."""
    current = card.channel.environment
    if current is None or current.mutual is not None:
        return None
    template = (current.computing if computing else current.verifying).get(Crt.AUTHENTICATION)
    return template.public_key if template is not None and template.algorithm == symmetric.ALGORITHM else None


def _card_key(card: "SmartCard", operation: Operation, chr_vitale: bytes) -> bytes:
    """The key of that Vitale 1, if *operation* is allowed with the mother key."""
    from bifente.crypto.legacy.diversified import card_key  # few CPS meet a Vitale 1

    key, value = _mother_key(card)
    require(operation.value, f"key {key.reference:02X}", key.access.get(operation), card.proven)
    return card_key(value, chr_vitale)


def _internal(card: "SmartCard", request: AuthenticateRequest) -> bytes:
    """Step 3: the card's authorisation, and its MAC over both challenges."""
    chr_vitale = _named(card, computing=True)
    if chr_vitale is None:
        return authentication.INTERNAL_AUTHENTICATE.run(card, request)
    from bifente.crypto.legacy.diversified import retail_mac

    key = _card_key(card, Operation.INTERNAL_AUTHENTICATE, chr_vitale)
    if len(request.data) != CHALLENGE_SIZE:
        pattern = "the Vitale's challenge has {} bytes, not {}"
        raise incorrect_data(_SIGNS, pattern, CHALLENGE_SIZE, len(request.data))
    own, challenge = card.persistent.identity, card.proven.challenge
    if challenge is None or challenge.answered is not None or chr_vitale == own.chr:
        raise out_of_turn(_SIGNS, "no challenge of 16 bytes stands that this card has not certified yet")
    challenge.answered = request.data
    token = symmetric.cps_token(
        own.cha.encode(), own.chr, challenge.value, chr_vitale, request.data, issued_digest(card)
    )
    return own.cha.encode() + retail_mac(key, token)


def _internal_refused(card: "SmartCard") -> None:
    """A token that was refused burns the challenge that it was for."""
    if _named(card, computing=True) is not None:
        card.proven.challenge = None
    elif authentication.INTERNAL_AUTHENTICATE.refused is not None:
        authentication.INTERNAL_AUTHENTICATE.refused(card)


def _external(card: "SmartCard", request: AuthenticateRequest) -> bytes:
    """Step 6: the Vitale's MAC over both challenges. The challenge is burnt whatever comes out."""
    chr_vitale = _named(card, computing=False)
    if chr_vitale is None:
        return authentication.EXTERNAL_AUTHENTICATE.run(card, request)
    from bifente.crypto.legacy.diversified import mac_holds

    proven = card.proven
    challenge, proven.challenge = proven.challenge, None
    key = _card_key(card, Operation.EXTERNAL_AUTHENTICATE, chr_vitale)
    if len(request.data) != symmetric.ANSWER_SIZE:
        pattern = "RV, the Vitale's authorisation and its MAC have {} bytes, {} came"
        raise incorrect_data(_VERIFIES, pattern, symmetric.ANSWER_SIZE, len(request.data))
    rv, rest = request.data[:CHALLENGE_SIZE], request.data[CHALLENGE_SIZE:]
    if challenge is None or challenge.answered is None or not compare_digest(challenge.answered, rv):
        raise out_of_turn(
            _VERIFIES, "the Vitale's challenge is not the one that this card has certified in step 3"
        )
    own = card.persistent.identity
    token = symmetric.vitale_token(rest[:CHA_SIZE], chr_vitale, rv, own.chr, challenge.value)
    if not mac_holds(key, token, rest[CHA_SIZE:]):
        proven.forget_recognition()
        raise CardError(
            SW.CHANGED_WARNING,
            Why(_VERIFIES, "the MAC is not that of {} over this card's challenge", (chr_vitale,)),
        )
    try:
        cha = Cha.parse(rest[:CHA_SIZE])
    except CvError as error:
        raise incorrect_data(_VERIFIES, "the authorisation cannot be read: {}", str(error)) from None
    if (cha.domain, cha.usage) != (DOMAIN_VITALE, USAGE_AUTHENTICATION):
        raise out_of_turn(_VERIFIES, "the authorisation is not that of a patient's card")
    proven.role = cha
    peer = Peer(chr_vitale, cha, 0, 0, card.persistent.latest_date)
    proven.recognition = PeerAuthentication(peer, challenge.value, rv, symmetric.NO_DIGEST)
    return b""


MANAGE_SECURITY_ENVIRONMENT = replace(environment.MANAGE_SECURITY_ENVIRONMENT, run=_set)
INTERNAL_AUTHENTICATE = replace(
    authentication.INTERNAL_AUTHENTICATE, run=_internal, refused=_internal_refused
)
EXTERNAL_AUTHENTICATE = replace(authentication.EXTERNAL_AUTHENTICATE, run=_external)
