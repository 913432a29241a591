"""Secret keys of today: DES found by trying on a key most of which is known, AES, and how many keys partners need.

Single DES is triple DES with one key three times (FIPS 46-3, keying option 3).
"""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from bifente.crypto.primer.lesson import Lesson, PrimerError, PrimerStep

MOST_UNKNOWN_BITS: Final = 24
MOST_PARTNERS: Final = 10**9
_TOLD_EVERY: Final = 4096
Told = Callable[[int, int], None]


def des_block(key: bytes, block: bytes) -> bytes:
    """One block of 8 bytes by single DES. Raises ValueError for other lengths."""
    if len(key) != 8 or len(block) != 8:
        raise ValueError("a key and a block of DES have 8 bytes")
    cipher = Cipher(TripleDES(key * 3), modes.ECB()).encryptor()  # noqa: S305 - one block, to be broken
    return cipher.update(block) + cipher.finalize()


def effective(key: bytes) -> int:
    """The 56 bits of a key: the last of each byte is parity, which DES does not look at."""
    number = 0
    for byte in key:
        number = number << 7 | byte >> 1
    return number


def key_of(bits: int) -> bytes:
    """The 8 bytes of a key with these 56 bits, parity odd."""
    sevens = (bits >> shift & 0x7F for shift in range(49, -7, -7))
    return bytes(seven << 1 | (seven.bit_count() + 1) % 2 for seven in sevens)


def search(
    clear: bytes, cryptogram: bytes, known: int, unknown_bits: int, told: Told | None = None
) -> Iterator[bytes]:
    """All keys that make *cryptogram* of *clear*, tried by counting in the last *unknown_bits* of *known*. Raises PrimerError."""
    if not 1 <= unknown_bits <= MOST_UNKNOWN_BITS:
        raise PrimerError(
            f"between 1 and {MOST_UNKNOWN_BITS} bits of the key are searched, not {unknown_bits}"
        )
    total = 1 << unknown_bits
    base = known >> unknown_bits << unknown_bits
    for tried in range(total):
        if told is not None and not tried % _TOLD_EVERY:
            told(tried, total)
        key = key_of(base | tried)
        if des_block(key, clear) == cryptogram:
            yield key


def des_lesson(clear: bytes, key: bytes, unknown_bits: int, found: list[bytes], seconds: float) -> Lesson:
    """What a search did that took *seconds*; *clear* is a block of 8 bytes."""
    tries = 1 << unknown_bits
    pace = tries / max(seconds, 1e-6)
    whole = (1 << 56) / pace / 31_557_600
    return Lesson(
        "DES: the key found by trying",
        (
            PrimerStep("A block whose clear text is known, and what DES makes of it",
                       (f"clear       {clear.hex()}", f"cryptogram  {des_block(key, clear).hex()}")),
            PrimerStep(f"Of the 56 bits of the key {56 - unknown_bits} are told, {unknown_bits} are not",
                       (f"{effective(key) >> unknown_bits:0{56 - unknown_bits}b}{'?' * unknown_bits}",)),
            PrimerStep(f"All {tries} keys are tried", tuple(f"found       {one.hex()}" for one in found)),
            PrimerStep("At this pace", (f"{pace:,.0f} keys a second: {whole:,.0f} years for all 2^56 on this one machine",)),
        ),
        {"cryptogram": des_block(key, clear).hex(), "found": [one.hex() for one in found], "tried": tries,
         "keys_per_second": round(pace), "years_for_56_bits": round(whole, 1)},
        ("17 June 1997, says the lecture: broken in three weeks by a federation of small machines on the Internet",),
    )  # fmt: skip


def aes_lesson(clear: bytes, key: bytes, nonce: bytes) -> Lesson:
    """AES in one block and in GCM: what one bit changes, why equal blocks must not show, and who altered. Raises PrimerError."""
    if len(key) not in (16, 24, 32):
        raise PrimerError(f"a key of AES has 16, 24 or 32 bytes, not {len(key)}")
    if not clear:
        raise PrimerError("there is nothing to encipher")
    block = clear[:16].ljust(16, b"\0")
    flipped = bytes((block[0] ^ 1,)) + block[1:]
    one, other = _aes_block(key, block), _aes_block(key, flipped)
    changed = (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
    sealed = AESGCM(key).encrypt(nonce, clear, None)
    altered = bytes((sealed[0] ^ 1,)) + sealed[1:]
    return Lesson(
        "AES",
        (
            PrimerStep("The first block of 16 bytes, enciphered alone", (f"clear       {block.hex()}", f"cryptogram  {one.hex()}")),
            PrimerStep("One bit of the clear text changed", (f"cryptogram  {other.hex()}", f"{changed} of 128 bits differ")),
            PrimerStep("Alone, an equal block gives an equal cryptogram: a mode with a nonce prevents that (GCM)",
                       (f"again       {_aes_block(key, block).hex()}", f"nonce       {nonce.hex()}", f"sealed      {sealed[:-16].hex()}", f"tag         {sealed[-16:].hex()}")),
            PrimerStep("One bit of what is sealed changed on the way",
                       ("opened all the same" if _opens(key, nonce, altered) else "refused: the tag does not fit",)),
        ),
        {"block": one.hex(), "bits_changed": changed, "sealed": sealed.hex(), "opens": _opens(key, nonce, sealed), "altered_opens": _opens(key, nonce, altered)},
        (f"a key has {len(key) * 8} bits: 2^{len(key) * 8 - 56} times as many keys as DES",),
    )  # fmt: skip


def _aes_block(key: bytes, block: bytes) -> bytes:
    cipher = Cipher(AES(key), modes.ECB()).encryptor()  # noqa: S305 - one block, to show what that gives
    return cipher.update(block) + cipher.finalize()


def _opens(key: bytes, nonce: bytes, sealed: bytes) -> bool:
    try:
        AESGCM(key).decrypt(nonce, sealed, None)
    except InvalidTag:
        return False
    return True


def key_count(partners: int) -> Lesson:
    """The keys that *partners* need, each two of them their own: n(n−1)/2. Raises PrimerError."""
    if not 1 <= partners <= MOST_PARTNERS:
        raise PrimerError(f"between 1 and {MOST_PARTNERS} partners are counted, not {partners}")
    count = partners * (partners - 1) // 2
    names = ("Alice", "Bob", "Carole", "David", "Émile", "Fanny")[:partners]
    shown = (
        tuple(f"{one} – {other}" for one, other in combinations(names, 2)) if partners <= len(names) else ()
    )
    return Lesson(
        "Number of keys",
        (
            PrimerStep("Each two partners share a key of their own", shown),
            PrimerStep("n(n−1)/2", (f"{partners} × {partners - 1} / 2 = {count}",)),
            PrimerStep("With public keys each has one pair", (f"{partners}",)),
        ),
        {"partners": partners, "secret_keys": count, "key_pairs": partners},
        ("the slide says 16 for four partners, which is a slip: its own formula gives 6",)
        if partners == 4
        else (),
    )
