"""Fields of B2 that follow from the facts of a sheet alone (FIDES TF)."""

from datetime import date
from typing import Final

from bifente.codes.nir import Nir
from bifente.fse.tariff.errors import TariffError

ANONYMOUS: Final = {"IST": "333", "CONTRACEPTION": "042"}
"""Reason of an anonymous invoice → the last three digits of the NIR (FIDES TF p.344; a public billing guide for 042)."""


def accident_field(number: str, day: date | None) -> str:
    """Record 2, columns 86–94: the number of an accident du travail, else the day as ``000AAMMJJ`` (TF p.346)."""
    if number:
        if len(number) != 9 or not (number.isascii() and number.isdigit()):
            raise TariffError(f"number of an accident {number[:20]!r}: nine digits were expected")
        return number
    return f"000{day:%y%m%d}" if day is not None else "0" * 9


def amc_field(top: str, amount: int) -> str:
    """Record 4, columns 123–128: the part of the complementary, 0 when it goes on an invoice of its own (TF p.332)."""
    if top not in ("", "F"):
        raise TariffError(f"top éclatement {top[:5]!r}: F or nothing was expected")
    if not 0 <= amount <= 999_999:
        raise TariffError(f"{amount} cents do not fit six columns")
    return f"{0 if top == 'F' else amount:06d}"


def anonymous_nir(sex: str, caisse: str, reason: str) -> Nir:
    """``A 55 55 55 CCC zzz`` with its key (TF p.344). *sex* F or M, *caisse* three digits. Raises TariffError."""
    digit = {"F": "2", "M": "1", "H": "1", "2": "2", "1": "1"}.get(sex.upper()[:1])
    if digit is None:
        raise TariffError(f"sexe {sex[:10]!r}: F or M was expected")
    if len(caisse) != 3 or not (caisse.isascii() and caisse.isdigit()):
        raise TariffError(f"caisse {caisse[:10]!r}: three digits were expected")
    ending = next((code for word, code in ANONYMOUS.items() if reason.upper().startswith(word)), None)
    if ending is None:
        raise TariffError(f"cas {reason[:20]!r}: {' or '.join(ANONYMOUS)} was expected")
    return Nir.with_key(f"{digit}555555{caisse}{ending}")
