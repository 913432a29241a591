"""The access rule that a security condition byte names, found in the security environment of its number.

The way back from :mod:`bifente.layouts.roles`: ISO/IEC 7816-4:2020 §9.3.3 and §10.3.2. Files that a command creates
bring their conditions as bytes.
"""

from collections.abc import Iterable

from bifente.apdu import tlv
from bifente.apdu.cvc import ChaPattern
from bifente.apdu.errors import ApduError
from bifente.apdu.files.security import Scb
from bifente.layouts.access import ALWAYS, NEVER, Auth, Pin, Rule, SecureMessagingRule
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import SecurityEnvironment

_CONTENT, _AUTHENTICATION, _CHECKSUM = 0x7B, 0xA4, 0xB4
_REFERENCE, _USAGE, _PATTERN = 0x83, 0x95, 0x5F4C
_BY_USER = 0x08
_PATTERN_SIZE, _ANY = 7, 0xFF


def rule_of(scb: Scb, environments: Iterable[SecurityEnvironment]) -> Rule:
    """The rule of *scb*; *environments* are those of the directory, and of those around it, from the inside out.

    Raises LayoutError when the environment is missing, does not say enough, or several conditions are combined.
    """
    if scb.always or scb.never:
        return ALWAYS if scb.always else NEVER
    kinds = (scb.user_authentication, scb.external_authentication, scb.secure_messaging)
    if sum(kinds) != 1:
        raise LayoutError(f"condition {scb.value:02X} combines several, which no file here has")
    number = scb.environment
    found = next((each for each in environments if each.number == number), None)
    if found is None or number is None:
        raise LayoutError(f"condition {scb.value:02X} names a security environment that is not there")
    try:
        templates = tlv.decode(tlv.find(found.content, _CONTENT) or b"")
        rule = _rule(scb, number, found.meaning, templates)
    except ApduError as error:
        raise LayoutError(f"SE#{number}: {error}") from None
    if rule is None:
        raise LayoutError(f"SE#{number} does not say what condition {scb.value:02X} needs")
    return rule


def _rule(scb: Scb, number: int, meaning: str, templates: list[tlv.Tlv]) -> Rule | None:
    if scb.secure_messaging:
        keysets = [tlv.find(each.value, _REFERENCE) for each in templates if each.tag == _CHECKSUM]
        return SecureMessagingRule(number, keysets[0][-1]) if keysets and keysets[0] else None
    authentications = [each.value for each in templates if each.tag == _AUTHENTICATION]
    if scb.user_authentication:
        for each in authentications:
            reference, usage = tlv.find(each, _REFERENCE), tlv.find(each, _USAGE)
            if reference and usage and usage[0] & _BY_USER:
                return Pin(reference[0], number)
        return None
    patterns = [tlv.find(each, _PATTERN) for each in authentications]
    known = tuple(_pattern(pattern) for pattern in patterns if pattern and len(pattern) == _PATTERN_SIZE)
    return Auth(number, known, meaning) if known else None


def _pattern(raw: bytes) -> ChaPattern:
    """Seven bytes, ``FF`` for any value where one is allowed."""
    _prefix, domain, g01, g02, profession, g04, usage = raw
    profession_, g04_, g01_ = (None if each == _ANY else each for each in (profession, g04, g01))
    return ChaPattern(domain, g02, profession_, g04_, g01_, usage)
