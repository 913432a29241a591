"""Invoices, lots and files as values: what the surgery hands to the post, and what the caisse takes from it."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Final

from bifente.fse.errors import FseError
from bifente.fse.sheet.model import CareSheet

MAX_INVOICE: Final = 999_999_999
MAX_LOT: Final = 999
_FILE_ID = re.compile(r"[A-Z0-9]{6}")


class LotError(FseError, ValueError):
    """A lot or file that cannot be made of these sheets; the message names what stands in the way."""

    kind = "input.lot"


@dataclass(frozen=True, slots=True, order=True)
class Organisme:
    """Where a lot goes (*organisme destinataire*): code régime, caisse and centre, 2, 3 and 4 digits.

    A file goes to régime and caisse; the centre is the caisse's own matter, and empty when several share a lot.
    """

    regime: str
    caisse: str
    centre: str = ""

    def __post_init__(self) -> None:
        for name, value, size in (("régime", self.regime, 2), ("caisse", self.caisse, 3)):
            if not (len(value) == size and value.isascii() and value.isdigit()):
                raise LotError(f"organisme destinataire: {name} {value!r} has not {size} digits")
        if self.centre and not (len(self.centre) <= 4 and self.centre.isascii() and self.centre.isalnum()):
            raise LotError(
                f"organisme destinataire: centre {self.centre!r} has not up to 4 digits or letters"
            )

    @classmethod
    def of(cls, sheet: CareSheet) -> "Organisme":
        """The one that manages the insured of *sheet*, without its centre."""
        insured = sheet.rights.insured
        return cls(insured.regime, insured.caisse)

    @property
    def code(self) -> str:
        """Régime and caisse in five digits, as they stand in mail addresses (``01349``)."""
        return self.regime + self.caisse


@dataclass(frozen=True, slots=True)
class Invoice:
    """A sheet that asks for its money under a *numéro de facture*, from 1 to 999 999 999.

    *signed* is the CMS of the sheet, or its canonical bytes when nobody could sign it (degraded). *replaces* is the number
    under which it was rejected before. Only an invoice that replaces another may have another number than its sheet.
    """

    number: int
    sheet: CareSheet
    signed: bytes
    replaces: int | None = None

    def __post_init__(self) -> None:
        for what, number in (("invoice number", self.number), ("replaced invoice", self.replaces)):
            if number is not None and not 1 <= number <= MAX_INVOICE:
                raise LotError(f"{what} {number}: 1 to {MAX_INVOICE}")
        if self.replaces == self.number:
            raise LotError(
                f"invoice {self.number} cannot replace itself: a rejected invoice takes a new number"
            )
        if self.replaces is None and self.number != self.sheet.number:
            raise LotError(f"invoice {self.number} holds sheet {self.sheet.number}, and replaces none")


@dataclass(frozen=True, slots=True)
class Lot:
    """Invoices of one professional to one organisme, signed in one way.

    With *complementary* the lot is a DRE (*demande de remboursement électronique*): it asks the complementary insurer of that
    number for its part, beside the lot that asks the organisme. *professional* is the *numéro de facturation* with its key (9 digits), *number* runs from 1 to 999, *mode* is the *top
    certification* of record 1 (``S``, ``F``, ``D``), *day* its day of creation.
    """

    professional: str
    number: int
    organisme: Organisme
    mode: str
    day: date
    invoices: tuple[Invoice, ...]
    complementary: str = ""

    def __post_init__(self) -> None:
        if not (len(self.professional) == 9 and self.professional.isascii() and self.professional.isdigit()):
            raise LotError(
                f"professional {self.professional!r}: the number for billing has 9 digits with its key"
            )
        if not 1 <= self.number <= MAX_LOT:
            raise LotError(f"lot {self.number}: 1 to {MAX_LOT}")
        if not self.invoices:
            raise LotError(f"lot {self.number}: there is no invoice in it")
        counts = Counter(invoice.number for invoice in self.invoices)
        if len(counts) != len(self.invoices):
            twice = min(number for number, count in counts.items() if count > 1)
            raise LotError(f"lot {self.number}: invoice {twice} stands in it twice")
        for invoice in self.invoices:
            if Organisme.of(invoice.sheet).code != self.organisme.code:
                raise LotError(
                    f"lot {self.number}: invoice {invoice.number} belongs to {Organisme.of(invoice.sheet).code}, "
                    f"not to {self.organisme.code}"
                )
            if billing_number(invoice.sheet) != self.professional:
                raise LotError(
                    f"lot {self.number}: invoice {invoice.number} is that of professional "
                    f"{billing_number(invoice.sheet)}, not of {self.professional}"
                )
            if mode_of(invoice.sheet) != self.mode:
                raise LotError(
                    f"lot {self.number}: invoice {invoice.number} is of mode {mode_of(invoice.sheet)}, "
                    f"not {self.mode}"
                )
            if self.complementary and dre_insurer(invoice.sheet) != self.complementary:
                raise LotError(
                    f"lot {self.number}: invoice {invoice.number} asks nothing of {self.complementary} by a DRE"
                )

    @property
    def receiver(self) -> str:
        """Who gets the file: the complementary insurer's number, or régime and caisse in five digits."""
        return self.complementary or self.organisme.code


@dataclass(frozen=True, slots=True)
class LotFile:
    """A B2 file as it travels: its records, and each of its lots signed. ``complementary`` gets it instead of the caisse: a DRE."""

    identification: str
    organisme: Organisme
    b2: bytes
    signed_lots: tuple[bytes, ...]
    complementary: str = ""

    def __post_init__(self) -> None:
        check_file_id(self.identification)


def check_file_id(identification: str) -> None:
    """Raise LotError unless *identification* can name a file (6 capital letters or digits)."""
    if not _FILE_ID.fullmatch(identification):
        raise LotError(f"identification of the file {identification!r}: 6 capital letters or digits")


def billing_number(sheet: CareSheet) -> str:
    """*Numéro de facturation* and key of the professional (SSV 2.9 and 2.10), 9 digits."""
    return sheet.situation.billing_id + sheet.situation.billing_id_key


def mode_of(sheet: CareSheet) -> str:
    """The *top certification* of the lots in which a sheet may stand."""
    return sheet.mode.value


def dre_insurer(sheet: CareSheet) -> str:
    """The number of the complementary insurer that *sheet* asks by a DRE; empty when none is asked, or by the caisse.

    A mutuelle (SSV group 107) is asked by the caisse, which hands its part on; an AMC (109) has a road of its own, by its
    *code de routage* or *nom de domaine*.
    """
    named = sheet.third_party.complementary
    asked = any(act.price is not None and act.price.amc for act in sheet.acts)
    return (
        insurer_number(named.number)
        if named is not None and asked and (named.routing or named.domain)
        else ""
    )


def insurer_number(number: str) -> str:
    """The number of a complementary insurer as returns name it, ten digits: cards have up to ten, without zeros before them."""
    return number.strip().zfill(10)
