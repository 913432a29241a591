"""Signed care sheets as files: verified by the roots of the authority at hand."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.authority import authority_at_hand
from bifente.workbench.cards.kinds import refuse_card_file
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.fse.sheet.verification import VerifiedSheet


def verify_sheet(
    file: Path,
    *,
    authority: Path | None = None,
    day: date | None = None,
    revocation: str = "register",
    hard_fail: bool = False,
) -> "VerifiedSheet":
    """Verify both signatures of a signed sheet, judged on *day*, by default the care date.

    *authority* is the folder of the one that issued the cards, by default the default one. *revocation* is who is asked
    whether the CPS is revoked: its ``register``, ``online`` what the certificate names, or nobody (``off``); with *hard_fail*
    a sheet is refused when nobody knows. Raises WorkbenchError without any, DocumentError, SheetRefused, IgcError.
    """
    from bifente.documents import read_bytes
    from bifente.fse.sheet.verification import MAX_SIZE, verify

    refuse_card_file(file, "a signed care sheet")
    signed = read_bytes(file, MAX_SIZE)
    _refuse_unsigned(file, signed)
    trusted = authority_at_hand(authority)
    if trusted is None:
        raise WorkbenchError("there is no authority to trust yet", "input.no-authority-at-hand")
    if revocation == "off":
        return verify(signed, trusted.trust_store, day=day)
    from bifente.igc.status import status_checker
    from bifente.igc.statussource import RevocationState

    checker = status_checker([trusted], online=revocation == "online", hard_fail=hard_fail)
    found = verify(signed, trusted.trust_store, day=day, revocation=checker)
    told = checker.status(found.signer)
    if told.state is not RevocationState.UNKNOWN:
        return found
    return replace(found, notes=(f"whether the CPS is revoked is not known: {told.words}",))


def _refuse_unsigned(file: Path, content: bytes) -> None:
    """Say of a sheet that nobody, or only the Vitale, has signed yet that it is one. Raises WorkbenchError."""
    from bifente.fse.errors import CanonicalError
    from bifente.fse.sheet import canonical
    from bifente.fse.sheet.signature import SignedContent

    try:
        SignedContent.parse(content)
    except ValueError:
        pass
    else:
        raise WorkbenchError(
            f"{file}: a prepared sheet, which the doctor has not signed yet", "signature.not-yet"
        )
    try:
        canonical.decode(content)
    except CanonicalError:
        return
    raise WorkbenchError(
        f"{file}: a sheet that no card has signed", "signature.none", hint="the paper bears the signatures"
    )
