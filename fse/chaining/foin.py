"""Two keyed passes over NIR, month of birth and sex: the shape of the *Fonction d'Occultation des Informations Nominatives*.

Provenance: **synthetic**. Public are the two passes with two secret keys (the producer has one, the platform that brings all
producers together the other, so that neither can rebuild the link alone), what goes in, the 17 characters that come out, and
that twins of the same sex get the same number (``spec/fse.md`` §6). How FOIN joins, hashes and writes is secret: this is not it,
and no number of ours meets one of theirs.

Here each pass is HMAC-SHA-256 (RFC 2104); the first writes 52 characters of base32 (RFC 4648 §6) without padding, the second
the first 17 of them, 85 bits.
"""

import hmac
import re
from base64 import b32encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from bifente.codes.errors import CodeError
from bifente.codes.nir import Nir
from bifente.fse.errors import FseError

KEY_SIZE: Final = 32
"""Bytes of a key of either pass."""

SIZE: Final = 17
"""Characters of the number, as in the SNDS."""

_FIRST: Final = re.compile(r"[A-Z2-7]{52}")
_MONTH: Final = re.compile(r"[0-9]{4}[0-9]{2}")
_SEXES: Final = ("1", "2")


class ChainingError(FseError, ValueError):
    """What cannot be chained: the message says which part of it is wrong, and shows none of it."""

    kind = "input.chaining"


@dataclass(frozen=True, slots=True)
class ChainingIdentity:
    """What goes in: the NIR of the *ouvrant droit* (13 characters), month of birth of the person cared for (``AAAAMM``), sex.

    The rank of twins is not among it. Raises ChainingError.
    """

    nir: str
    birth: str
    sex: str

    def __post_init__(self) -> None:
        try:
            Nir(self.nir)
        except CodeError as error:
            raise ChainingError(str(error)) from error
        if not _MONTH.fullmatch(self.birth):
            raise ChainingError("month of birth: six digits AAAAMM expected")
        if self.sex not in _SEXES:
            raise ChainingError("sex: 1 (male) or 2 (female) expected")

    @classmethod
    def parse(cls, line: str) -> "ChainingIdentity":
        """From ``NIR;AAAAMM;sex``; the NIR may have its key, which is checked. Raises ChainingError."""
        parts = [part.strip() for part in line.split(";")]
        if len(parts) != 3:
            raise ChainingError(f"three parts NIR;AAAAMM;sex expected, not {len(parts)}")
        try:
            nir = Nir.parse(parts[0])
        except CodeError as error:
            raise ChainingError(str(error)) from error
        if nir.key and not nir.check_key():
            raise ChainingError("NIR: its key does not fit")
        return cls(nir.number, parts[1], parts[2])


def first_pass(identity: ChainingIdentity, key: bytes) -> str:
    """What the producer hands on: 52 characters. Raises ChainingError for a key of another size."""
    said = f"{identity.nir}|{identity.birth}|{identity.sex}"
    return _hidden(key, b"first\0" + said.encode("ascii"))


def second_pass(hidden: str, key: bytes) -> str:
    """The chaining number of what the first pass gave: 17 characters. Raises ChainingError for anything else."""
    if not _FIRST.fullmatch(hidden):
        raise ChainingError("52 characters of the first pass expected (A-Z, 2-7)")
    return _hidden(key, b"second\0" + hidden.encode("ascii"))[:SIZE]


def chained(identity: ChainingIdentity, first: bytes, second: bytes) -> str:
    """Both passes, where one party holds both keys: in tests and demonstrations only. Raises ChainingError."""
    return second_pass(first_pass(identity, first), second)


def _hidden(key: bytes, message: bytes) -> str:
    if len(key) != KEY_SIZE:
        raise ChainingError(f"a key has {KEY_SIZE} bytes, not {len(key)}")
    return b32encode(hmac.digest(key, message, sha256)).decode("ascii").rstrip("=")
