"""An authority made in a folder, with the addresses that will stand in its certificates."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.igc import Authority
    from bifente.igc.issuingkey import IssuingKey
    from bifente.igc.keyring import PassphraseSource
    from bifente.igc.keys import Progress


def make_authority(
    folder: Path,
    *,
    environment: str = "T",
    base_url: str | None = None,
    ldap_url: str | None = None,
    until: date | None = None,
    passphrase: "PassphraseSource | None" = None,
    progress: "Progress | None" = None,
) -> "Authority":
    """Make an authority in *folder* that ends with the day *until*, or open the one that is there.

    *passphrase* enciphers its private keys. Raises WorkbenchError, IgcError, OSError.
    """
    from bifente.igc import Authority
    from bifente.igc.chains import CA_NOT_AFTER
    from bifente.igc.names import PublicationUrls

    urls = None
    if base_url is not None or ldap_url is not None:
        try:
            urls = PublicationUrls((base_url or "").rstrip("/"), (ldap_url or "").rstrip("/"))
        except ValueError as error:
            raise WorkbenchError(str(error), "usage.url") from None
    return Authority.init(
        folder,
        environment=environment,
        urls=urls,
        not_after=_end_of(until) if until is not None else CA_NOT_AFTER,
        passphrase=passphrase,
        progress=progress,
    )


def new_key(
    authority: "Authority",
    gamme: str,
    *,
    root: bool = False,
    until: date | None = None,
    today: date | None = None,
    progress: "Progress | None" = None,
) -> "list[IssuingKey]":
    """Give the issuing authority of *gamme* a new key, with *root* its root too; the keys made.

    Raises WorkbenchError for an end before *today*, by which the authority could certify nobody any more; IgcError, OSError.
    """
    from bifente.igc import Gamme, OrganisationGamme
    from bifente.igc.chains import CA_NOT_AFTER
    from bifente.igc.rollover import roll_over

    if until is not None and until < (today or datetime.now(UTC).date()):
        raise WorkbenchError(
            f"a new key that ended on {until}: the authority could certify nobody by it",
            hint="give a day to come",
        )
    known = {one.value: one for one in (*Gamme, *OrganisationGamme)}
    end = _end_of(until) if until is not None else CA_NOT_AFTER
    return roll_over(authority, known[gamme], root=root, not_after=end, progress=progress)


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), UTC)
