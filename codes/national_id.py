"""National identifiers with their type digit: PS_IdNat of a person (G08), Struct_IdNat of a structure (G07).

``8`` + RPPS, ``0`` + ADELI, ``1`` + FINESS, ``3`` + SIRET …; an employee is ``<type><structure>/<internal number>``.
Published test identifiers hold letters ("00B6077602"): only lengths and the type digit are required.
"""

from dataclasses import dataclass

from bifente.codes.errors import CodeError
from bifente.codes.finess import Finess
from bifente.codes.gip import label
from bifente.codes.luhn import luhn_valid

_PERSON_LENGTHS = {"0": 9, "8": 11}
_STRUCTURE_LENGTHS = {"1": 9, "2": 9, "3": 14, "4": 14, "5": 9}


@dataclass(frozen=True, slots=True)
class NationalId:
    """``kind`` is the type digit, ``value`` what follows it up to a slash, ``internal`` the number after the slash."""

    kind: str
    value: str
    internal: str = ""
    table: str = "G08"

    @classmethod
    def person(cls, text: str) -> "NationalId":
        """The identifier of a person (PS_IdNat); CodeError for an unknown type or a wrong length.

        Before a slash the digit may be that of the structure (``1`` + FINESS) or that of G08 (``3`` FINESS/registre):
        the length tells which.
        """
        kind, value, internal = _parts(text)
        if internal and len(value) == _STRUCTURE_LENGTHS.get(kind):
            return cls(kind, value, internal, "G07")
        if label("G08", kind) is None:
            raise CodeError("PS_IdNat", "the first character is not a type of identifier of persons")
        wanted = _PERSON_LENGTHS.get(kind, len(value))
        if not internal and len(value) != wanted:
            raise CodeError("PS_IdNat", f"type {kind} has {wanted} characters after it, not {len(value)}")
        return cls(kind, value, internal)

    @classmethod
    def structure(cls, text: str) -> "NationalId":
        """The identifier of a structure (Struct_IdNat); CodeError for an unknown type or a wrong length."""
        kind, value, internal = _parts(text)
        if internal or label("G07", kind) is None:
            raise CodeError("Struct_IdNat", "a type of identifier of structures and no slash expected")
        wanted = _STRUCTURE_LENGTHS.get(kind, len(value))
        if len(value) != wanted:
            raise CodeError("Struct_IdNat", f"type {kind} has {wanted} characters after it, not {len(value)}")
        return cls(kind, value, "", "G07")

    @property
    def label(self) -> str:
        """What the type digit says, e.g. "RPPS"."""
        return label(self.table, self.kind) or ""

    def check_key(self) -> bool | None:
        """Whether the key inside is right: RPPS, ADELI, FINESS, SIREN, SIRET; None where there is none to check."""
        digits = self.value.isdigit()
        if self.table == "G08":
            return luhn_valid(self.value) if digits and self.kind in _PERSON_LENGTHS else None
        if self.kind == "1":
            try:
                return Finess(self.value).check_key()
            except CodeError:
                return None
        return luhn_valid(self.value) if digits and self.kind in ("2", "3") else None

    def __str__(self) -> str:
        return self.kind + self.value + (f"/{self.internal}" if self.internal else "")


def _parts(text: str) -> tuple[str, str, str]:
    identifier, slash, internal = text.partition("/")
    kind, value = identifier[:1], identifier[1:]
    if not (text.isascii() and text.isprintable()) or not value.isalnum() or not kind.isdigit():
        raise CodeError("national identifier", "a type digit, then letters and digits expected")
    if bool(slash) != bool(internal):
        raise CodeError("national identifier", "nothing follows the slash")
    return kind, value, internal
