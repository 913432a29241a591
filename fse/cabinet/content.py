"""What a document that the surgery keeps says of itself: read from its bytes, signed or not."""

from dataclasses import dataclass
from hashlib import sha256

from bifente.fse.cabinet.errors import CabinetError
from bifente.fse.errors import CanonicalError
from bifente.fse.lots.values import billing_number
from bifente.fse.sheet import canonical
from bifente.fse.sheet.cms import parse
from bifente.fse.sheet.model import CareSheet
from bifente.fse.sheet.signature import SignedContent
from bifente.fse.sheet.verification import MAX_SIZE


@dataclass(frozen=True, slots=True)
class SheetContent:
    """A sheet and its bytes; ``signed`` says whether a CPS has signed them, which is not verified here."""

    sheet: CareSheet
    raw: bytes
    signed: bool

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, in hexadecimal."""
        return digest_of(self.raw)

    @property
    def professional(self) -> str:
        """Under whose number the sheet is billed: the number for billing with its key, 9 digits."""
        return billing_number(self.sheet)


def digest_of(raw: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return sha256(raw).hexdigest()


def read_sheet(raw: bytes, source: str = "the sheet") -> SheetContent:
    """The sheet in a signed message, in what only the Vitale has signed, or in its canonical bytes.

    Signatures are not looked at. Raises CabinetError.
    """
    if len(raw) > MAX_SIZE:
        raise CabinetError(f"{source}: longer than {MAX_SIZE} bytes, the most that a sheet has")
    try:
        if raw[:1] == b"{":
            return SheetContent(canonical.decode(raw), raw, signed=False)
        prepared = _prepared(raw)
        content = prepared or SignedContent.parse(parse(raw).content)
        return SheetContent(canonical.decode(content.sheet), raw, signed=prepared is None)
    except (CanonicalError, ValueError) as error:
        raise CabinetError(f"{source}: not a care sheet: {error}") from error


def _prepared(raw: bytes) -> SignedContent | None:
    """What a secretariat has had the Vitale sign, before the CPS of the professional; None when it is not such."""
    try:
        return SignedContent.parse(raw)
    except ValueError:
        return None
