"""The messages by which a professional's card and a carte Vitale 1 recognise each other, and what the Vitale 1 certifies.

Provenance: **synthetic**. Neither commands nor keys of the Vitale 1 are public (``spec/cards.md`` §1.4, §4.5), nor is the
deployed recognition (§4.1). What is public, and was taken: the card is symmetric, of triple DES and without certificates;
the CPS has commands to diversify keys and to certify (*Diversifie* 10, *Certifie* 5C, §4.1); a Vitale signs by 8 bytes under
a key that a mother key gives (*SignatureVitale* of MICA, whose assertion names type, number and mother key: ``spec/ssv.md``
§3). So each Vitale 1 has keys of its own, derived from mother keys by its number (:mod:`bifente.crypto.legacy.diversified`):

==  ===================  ==================================================================================
01  recognition          its mother key is on every professional's card (key 85), usable under the PIN only
02  sheet certificate    its mother key stays with the issuer: the caisses check by it, no professional forges by it
==  ===================  ==================================================================================

The dialogue, in the steps of :class:`bifente.layouts.recognition.Step`::

    0  both     read the CPS's CV certificate and the Vitale's number (free files)
    2  both     GET CHALLENGE 16: RC from the CPS, RV from the Vitale
    3  CPS      MSE SET 41 A4 {80 E3, 84 85, 83 CHR_V}, INTERNAL AUTHENTICATE RV -> CHA_C || MAC_C over cps_token
    4  Vitale   EXTERNAL AUTHENTICATE (P2 01) RC || CHR_C || D_C || CHA_C || MAC_C -> auth(CHA_C)
    5  Vitale   INTERNAL AUTHENTICATE (P2 01) RC -> CHA_V || MAC_V over vitale_token
    6  CPS      MSE SET 81 A4 {80 E3, 83 CHR_V}, EXTERNAL AUTHENTICATE RV || CHA_V || MAC_V

There is no step 1: no certificate is verified, for there is nothing to verify it by. The tokens are those of the other
recognition under a label of their own; D_V is zeros, because a Vitale 1 holds no signature of its issuer. What a mother key
on every CPS means: whoever gets it out of one of them recognises, and may read, every Vitale 1. That is why the Vitale 2
has certificates.
"""

from typing import Final

from bifente.layouts import recognition
from bifente.layouts.recognition import CHA_SIZE, CHALLENGE_SIZE, CHR_SIZE, DIGEST_SIZE

TOKEN_LABEL: Final = b"bifente-C2C/V1"
SHEET_LABEL: Final = b"bifente-FSE/V1"

ALGORITHM: Final = 0xE3
"""Algorithm reference on the CPS: MAC of a token by a key derived from mother key 85, nothing else."""

MOTHER_KEY: Final = 0x85
"""Reference of the mother key of the recognition on a professional's card."""

KEY_RECOGNITION: Final = 0x01
KEY_SHEET: Final = 0x02
"""References of the keys of a Vitale 1, which P2 names."""

MAC_SIZE: Final = 8

KEY_INFORMATION: Final = bytes.fromhex("E10B") + b"\x80\x06V1SCOT" + b"\x83\x01\x01"
"""Which key certified a care sheet: type of card (``V1SCOT``, one of those that MICA's assertion names) and number of the
mother key, in a template of our own (``spec/ssv.md`` §3 names the parts, not their form)."""
NO_DIGEST: Final = bytes(DIGEST_SIZE)

PROVEN_SIZE: Final = CHA_SIZE + MAC_SIZE
"""Bytes that a card answers in steps 3 and 5: its authorisation and its MAC."""

PROOF_SIZE: Final = CHALLENGE_SIZE + CHR_SIZE + DIGEST_SIZE + PROVEN_SIZE
"""Bytes of the data field of step 4."""

ANSWER_SIZE: Final = CHALLENGE_SIZE + PROVEN_SIZE
"""Bytes of the data field of step 6."""


def cps_token(
    cha_cps: bytes, chr_cps: bytes, rc: bytes, chr_vitale: bytes, rv: bytes, issued_cps: bytes
) -> bytes:
    """What the CPS certifies in step 3; sizes as for :func:`bifente.layouts.recognition.cps_token`."""
    return _relabelled(recognition.cps_token(cha_cps, chr_cps, rc, chr_vitale, rv, issued_cps))


def vitale_token(cha_vitale: bytes, chr_vitale: bytes, rv: bytes, chr_cps: bytes, rc: bytes) -> bytes:
    """What the Vitale certifies in step 5."""
    return _relabelled(recognition.vitale_token(cha_vitale, chr_vitale, rv, chr_cps, rc, NO_DIGEST))


def sheet_payload(
    sheet_hash: bytes, chr_vitale: bytes, rv: bytes, chr_cps: bytes, rc: bytes, issued_cps: bytes
) -> bytes:
    """What a Vitale 1 certifies of a care sheet: its hash, both cards, both challenges, the issuer's signature of the CPS."""
    payload = recognition.sheet_payload(sheet_hash, chr_vitale, rv, chr_cps, rc, NO_DIGEST, issued_cps)
    return SHEET_LABEL + payload.removeprefix(recognition.SHEET_LABEL)


def _relabelled(token: bytes) -> bytes:
    return TOKEN_LABEL + token.removeprefix(recognition.TOKEN_LABEL)
