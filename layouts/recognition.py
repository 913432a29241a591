"""The messages by which a professional's card and a carte Vitale recognise each other, and what the Vitale signs.

Provenance: **synthetic**. The deployed protocol is not public; this one is built from published parts (RSA CV
certificates with message recovery, challenges, signed tokens). Both cards and the terminal take labels, key
references, algorithm references and payloads from here, so that there is one definition of each signed byte.

The dialogue, in the order of :class:`Step`::

    0  both     read the CV certificates (free files)
    1  both     MSE SET 81 B6 {83 CAR}, PSO VERIFY CERTIFICATE: each card verifies the other's certificate
    2  both     GET CHALLENGE 16: RC from the CPS, RV from the Vitale
    3  CPS      MSE SET 41 A4 {80 E1, 84 83}, INTERNAL AUTHENTICATE RV -> SIG_C over cps_token
    4  Vitale   MSE SET 81 A4 {80 E1, 83 CHR_C}, EXTERNAL AUTHENTICATE RC || D_C || SIG_C -> auth(CHA_C)
    5  Vitale   MSE SET 41 A4 {80 E1, 84 83}, INTERNAL AUTHENTICATE RC -> SIG_V over vitale_token
    6  CPS      MSE SET 81 A4 {80 E1, 83 CHR_V}, EXTERNAL AUTHENTICATE RV || D_V || SIG_V

D_C and D_V are the SHA-256 of the issuer's signature (:mod:`bifente.apdu.issuersignature`) that each card holds *now*,
zeros on a card without one; the terminal reads that file before steps 3 and 5, under the PIN and under the recognition.
Each card puts its own into its token, so that nobody between card and terminal can pass an earlier one off as current.

All signatures are RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2) by keys of 2048 bits.

The signature of a care sheet, afterwards, by the Vitale's key 81 in Adèle: MSE SET 41 B6 {80 E2, 84 81}, PSO HASH
{90 20 H} where H = SHA-256 of the sheet's canonical bytes, PSO CDS. Algorithm E2 means that the *card* builds
:func:`sheet_payload` around H with the identities and challenges of its own recognition: a terminal cannot have
it name another CPS.
"""

from collections.abc import Callable
from enum import IntEnum
from hashlib import sha256
from typing import Final

from bifente.slotted import dataclass, field

TOKEN_LABEL: Final = b"bifente-C2C/2"
"""Begins each token of the mutual recognition."""

SHEET_LABEL: Final = b"bifente-FSE/2"
"""Begins what a Vitale signs for a care sheet."""

SHEET_LABEL_1: Final = b"bifente-FSE/1"
"""Began it before the issuer's signatures: no card signs so any more, and such sheets are still verified."""

ROLE_CPS: Final = 0x01
ROLE_VITALE: Final = 0x02

ALGORITHM_RECOGNITION: Final = 0xE1
"""Algorithm reference of key 83 on both cards: RSASSA-PKCS1-v1_5/SHA-256 over a token, nothing else."""

ALGORITHM_SHEET: Final = 0xE2
"""Algorithm reference of key 81 in Adèle: RSASSA-PKCS1-v1_5/SHA-256 over :func:`sheet_payload`, nothing else."""

KEY_RECOGNITION: Final = 0x83
KEY_SHEET: Final = 0x81

CHALLENGE_SIZE: Final = 16
CHR_SIZE: Final = 12
CHA_SIZE: Final = 7
CAR_SIZE: Final = 8
DIGEST_SIZE: Final = 32
SIGNATURE_SIZE: Final = 256

DOMAIN_CPS: Final = 0x01
DOMAIN_VITALE: Final = 0x02
USAGE_AUTHENTICATION: Final = 0x01
USAGE_SHEET_SIGNATURE: Final = 0x02

CPS_ISSUER_SIGNATURE_FID: Final = 0xD084
"""EF of the issuer's signature, in ADF 0001 of the CPS; under the PIN, as what it covers."""

VITALE_ISSUER_SIGNATURE_FID: Final = 0x2003
"""EF of the issuer's signature, in the ADF VITALE; open to any recognised card. POINTERS does not list it."""

CPS_CERTIFICATE_FID: Final = 0xD083
"""EF of the CV certificate of key 83, in ADF 0001 of the CPS; free to read."""

VITALE_CERTIFICATE_FID: Final = 0xC001
"""EF of the CV certificate of key 83, in the MF of the Vitale; free to read."""

SHEET_CERTIFICATE_FID: Final = 0xC081
"""EF of the CV certificate of key 81, in the ADF Adèle of the Vitale; free to read."""


class Step(IntEnum):
    """Where in the recognition something happened; refusals are told as the pair (step, status word)."""

    READ_CERTIFICATES = 0
    VERIFY_CERTIFICATES = 1
    CHALLENGES = 2
    CPS_SIGNS = 3
    VITALE_VERIFIES = 4
    VITALE_SIGNS = 5
    CPS_VERIFIES = 6


def cps_token(
    cha_cps: bytes, chr_cps: bytes, rc: bytes, chr_vitale: bytes, rv: bytes, issued_cps: bytes
) -> bytes:
    """What the CPS signs in step 3 and the Vitale verifies in step 4 (109 bytes).

    *cha_cps* 7 bytes, *chr_cps* and *chr_vitale* 12 bytes, the challenges *rc* and *rv* 16 bytes each, *issued_cps* (D_C)
    32 bytes; ValueError for any other length.
    """
    return _token_head(ROLE_CPS, cha_cps) + _identities(chr_cps, rc, chr_vitale, rv) + _digest(issued_cps)


def vitale_token(
    cha_vitale: bytes, chr_vitale: bytes, rv: bytes, chr_cps: bytes, rc: bytes, issued_vitale: bytes
) -> bytes:
    """What the Vitale signs in step 5 and the CPS verifies in step 6; sizes as for :func:`cps_token`."""
    identities = _identities(chr_vitale, rv, chr_cps, rc)
    return _token_head(ROLE_VITALE, cha_vitale) + identities + _digest(issued_vitale)


def sheet_payload(
    sheet_hash: bytes,
    chr_vitale: bytes,
    rv: bytes,
    chr_cps: bytes,
    rc: bytes,
    issued_vitale: bytes,
    issued_cps: bytes,
) -> bytes:
    """The message of the Vitale's signature under a care sheet (165 bytes).

    *sheet_hash* is the SHA-256 of the sheet's canonical bytes, *issued_vitale* and *issued_cps* are D_V and D_C of the
    recognition. The RSA signature is over this message hashed once more, see :func:`sheet_digest`. ValueError for a
    wrong length.
    """
    identities = _identities(chr_vitale, rv, chr_cps, rc)
    return SHEET_LABEL + _digest(sheet_hash) + identities + _digest(issued_vitale) + _digest(issued_cps)


def sheet_payload_1(sheet_hash: bytes, chr_vitale: bytes, rv: bytes, chr_cps: bytes, rc: bytes) -> bytes:
    """The message under a sheet of version 1 (101 bytes), which names no issuer's signature."""
    return SHEET_LABEL_1 + _digest(sheet_hash) + _identities(chr_vitale, rv, chr_cps, rc)


def sheet_digest(
    sheet_hash: bytes,
    chr_vitale: bytes,
    rv: bytes,
    chr_cps: bytes,
    rc: bytes,
    issued_vitale: bytes,
    issued_cps: bytes,
) -> bytes:
    """SHA-256 of :func:`sheet_payload`: the digest inside the Vitale's signature (32 bytes)."""
    return sha256(sheet_payload(sheet_hash, chr_vitale, rv, chr_cps, rc, issued_vitale, issued_cps)).digest()


def _digest(value: bytes) -> bytes:
    if len(value) != DIGEST_SIZE:
        raise ValueError(f"a digest has {DIGEST_SIZE} bytes, not {len(value)}")
    return value


def _token_head(role: int, cha: bytes) -> bytes:
    if len(cha) != CHA_SIZE:
        raise ValueError(f"a CHA has {CHA_SIZE} bytes, not {len(cha)}")
    return TOKEN_LABEL + bytes((role,)) + cha


def _identities(own_chr: bytes, own: bytes, peer_chr: bytes, peer: bytes) -> bytes:
    for chr_, challenge in ((own_chr, own), (peer_chr, peer)):
        if len(chr_) != CHR_SIZE:
            raise ValueError(f"a CHR has {CHR_SIZE} bytes, not {len(chr_)}")
        if len(challenge) != CHALLENGE_SIZE:
            raise ValueError(f"a challenge has {CHALLENGE_SIZE} bytes, not {len(challenge)}")
    return own_chr + own + peer_chr + peer


Token = Callable[[bytes, bytes, bytes, bytes, bytes, bytes], bytes]
"""Own CHA, CHR and challenge, the other's CHR and challenge, digest of the own issuer's signature → what is signed."""


@dataclass(frozen=True, slots=True)
class Party:
    """One side of the recognition: whose card signs which token, and who certifies it.

    A kind of card takes one part (:attr:`bifente.layouts.nodes.Layout.party`) or none; several may take the same.
    """

    name: str
    """Also that of the slot in which programs look for its card."""
    domain: int
    """The first byte of the authorisation (CHA) of its cards."""
    root: str
    """The letter by which its root of CV certificates is asked for: ``C`` or ``V``."""
    token: Token = field(repr=False)
    """What its card signs."""
    signs_first: bool
    """It proves itself before the other has: in step 3, not 5."""

    @property
    def peer(self) -> "Party":
        """The other party."""
        return VITALE if self is CPS else CPS


CPS: Final = Party("CPS", DOMAIN_CPS, "C", cps_token, signs_first=True)
VITALE: Final = Party("Vitale", DOMAIN_VITALE, "V", vitale_token, signs_first=False)
