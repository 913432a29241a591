"""The lessons that need paper and pencil only, as the faces ask for them."""

from bifente.crypto.primer.blocks import key_count
from bifente.crypto.primer.law import law
from bifente.crypto.primer.smallrsa import rsa_by_hand
from bifente.crypto.primer.substitution import DEFAULT_ALPHABET, polybius, polybius_back, substitute
from bifente.crypto.primer.vigenere import vigenere

__all__ = [
    "DEFAULT_ALPHABET",
    "key_count",
    "law",
    "polybius",
    "polybius_back",
    "rsa_by_hand",
    "substitute",
    "vigenere",
]
