"""The NIR, number of the registration of persons: thirteen characters and a key of two digits.

``s aa mm dd ccc ooo``: sex, year and month of birth, department and commune of birth, order number (Code de la sécurité
sociale, R.115-1; INSEE). Months 13 to 19 are never assigned: a NIR with one of them is fictitious, as those of the CNDA
test cards and of this project are.
"""

import re
from enum import Enum

from bifente.codes.errors import CodeError
from bifente.slotted import dataclass

_SHAPE = re.compile(r"[1-8][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{6}|A[0-9]{12}")


class NirKind(Enum):
    """What a NIR stands for, by its first characters."""

    NORMAL = "normal"
    REGISTERING = "registration under way (3, 4)"
    MIGRANT = "migrant passing through (5, 6)"
    MSA = "provisional of the MSA (555555)"
    PROVISIONAL = "provisional (7, 8)"
    ANONYMOUS = "anonymous (A 555555)"


@dataclass(frozen=True, slots=True)
class Nir:
    """``number`` has 13 characters; ``key`` two digits, or is empty when it is not known.

    Another shape raises CodeError. A key that does not fit is kept and found by :meth:`check_key`.
    """

    number: str
    key: str = ""

    def __post_init__(self) -> None:
        if _SHAPE.fullmatch(self.number) is None:
            raise CodeError(
                "NIR",
                "1-8, year, month, department (2A and 2B too) and six digits, or A and twelve, expected",
            )
        if self.key and not (len(self.key) == 2 and self.key.isascii() and self.key.isdigit()):
            raise CodeError("NIR", "a key of two digits expected")

    @classmethod
    def parse(cls, text: str) -> "Nir":
        """The NIR of 13 or 15 characters, spaces between them allowed; CodeError for another shape."""
        compact = "".join(text.split()).upper()
        if len(compact) not in (13, 15):
            raise CodeError("NIR", f"13 characters, or 15 with the key, expected, not {len(compact)}")
        return cls(compact[:13], compact[13:])

    @classmethod
    def with_key(cls, number: str) -> "Nir":
        """The NIR of 13 characters with its right key; CodeError, also when it has none (anonymous)."""
        nir = cls.parse(number)
        key = nir.compute_key()
        if key is None:
            raise CodeError("NIR", "an anonymous number has no computed key")
        return cls(nir.number, key)

    def compute_key(self) -> str | None:
        """``97 - (N mod 97)`` in two digits, with 2A as 19 and 2B as 18; None for an anonymous NIR.

        That is the same as to write 0 for the letter and to subtract 1 000 000 (2A) or 2 000 000 (2B).
        """
        if self.kind is NirKind.ANONYMOUS:
            return None
        digits = (
            self.number[:5]
            + {"2A": "19", "2B": "18"}.get(self.number[5:7], self.number[5:7])
            + self.number[7:]
        )
        return f"{97 - int(digits) % 97:02d}"

    def check_key(self) -> bool:
        """Whether the key is the right one. False without a key; True for any key of an anonymous NIR."""
        if not self.key:
            return False
        expected = self.compute_key()
        return expected is None or expected == self.key

    @property
    def kind(self) -> NirKind:
        """What the number stands for."""
        first = self.number[0]
        if first == "A":
            return NirKind.ANONYMOUS
        if self.number.startswith("555555"):
            return NirKind.MSA
        if first in "34":
            return NirKind.REGISTERING
        if first in "56":
            return NirKind.MIGRANT
        return NirKind.PROVISIONAL if first in "78" else NirKind.NORMAL

    @property
    def sex(self) -> str:
        """The first character: odd for men, even for women, A for an anonymous NIR."""
        return self.number[0]

    @property
    def year(self) -> str:
        """The last two digits of the year of birth."""
        return self.number[1:3]

    @property
    def month(self) -> int:
        """The month of birth; 20, 30 to 42 and 50 to 99 when it is unknown."""
        return int(self.number[3:5])

    @property
    def department(self) -> str:
        """The department of birth: two characters, three from 97 on, 99 abroad."""
        return self.number[5 : 8 if self.number[5:7] in ("97", "98") else 7]

    @property
    def commune(self) -> str:
        """The commune (or country) of birth, three digits, two overseas."""
        return self.number[5 + len(self.department) : 10]

    @property
    def order(self) -> str:
        """The order number, three digits."""
        return self.number[10:]

    @property
    def fictitious(self) -> bool:
        """Month 13 to 19, which is never assigned: nobody has this NIR."""
        return self.kind is not NirKind.ANONYMOUS and 13 <= self.month <= 19

    def show(self) -> str:
        """For a screen: ``1 42 19 62 965 165 96``, with the customary spaces."""
        n = self.number
        groups = (n[0], n[1:3], n[3:5], n[5:7], n[7:10], n[10:])
        return " ".join((*groups, self.key) if self.key else groups)

    def __str__(self) -> str:
        return self.number + self.key
