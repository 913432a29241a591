"""Cards from the official virtual card contents (``.in`` files of the CNDA test cards)."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bifente.applets.families.vitale1.profile import FamilyCardProfile
from bifente.applets.families.vitale2.profile import VitaleProfile
from bifente.applets.perso.errors import ContentError
from bifente.applets.perso.profile.insured import InsuredProfile, SsvGroup
from bifente.documents import DocumentTooLong, read_bytes
from bifente.ssv import wire
from bifente.ssv.errors import SsvError
from bifente.ssv.findings import unusual_end
from bifente.ssv.groups import Group

MAX_SIZE = 65536
"""Larger files are not read: the largest official one has 8 916 bytes."""

SERIAL = "numéro de série de la carte"
"""The field of group 101 that names the card."""

_FETCH_AGAIN = "the file may be cut: fetch it again"


@dataclass(frozen=True, slots=True)
class Content:
    """What a ``.in`` file holds: its groups, and what is unusual about its end (None: nothing)."""

    groups: list[Group]
    unusual: str | None


def read_content(path: Path, *, digest: bytes | None = None) -> Content:
    """The content of a ``.in`` file; ContentError when it is none or is cut inside a group, NotADocument, OSError.

    The format holds no length: what ends between two groups is a whole card, and ``unusual`` says what such cards mostly
    have besides. Whoever knows the SHA-256 of the file gives it as *digest*: any other file is a ContentError, and
    nothing is unusual about the right one.
    """
    try:
        data = read_bytes(path, MAX_SIZE)
    except DocumentTooLong as error:
        raise ContentError(str(error), hint="official card contents are much smaller") from None
    try:
        groups = wire.decode_card(data)
    except SsvError as error:
        raise ContentError(f"{path}: not the content of a carte Vitale: {error}", hint=_FETCH_AGAIN) from None
    if digest is not None:
        found = sha256(data)
        if found.digest() != digest:
            raise ContentError(
                f"{path}: not the file wanted, its SHA-256 is {found.hexdigest()}", hint=_FETCH_AGAIN
            )
    return Content(groups, unusual_end(groups) if digest is None else None)


def imported_profile(
    groups: list[Group], comment: str = "", serial: str | None = None, *, generation: int = 2
) -> InsuredProfile:
    """The profile of a card of that *generation* (1 or 2) with these groups, as they are.

    Its number is that of field 101.2; a *serial* stands there instead when it is given, so that both agree. Its certificates
    are new, whatever the date in 101.3. Raises ValidationError for another serial than 8 or 9 digits.
    """
    entries = [SsvGroup.model_validate(entry) for entry in wire.to_json(groups)]
    if serial is not None:
        entries[0].fields[groups[0].number(SERIAL) - 1] = serial
    if generation == 1:
        return FamilyCardProfile(kind="vitale1", comment=comment, serial=serial, groups=entries)
    return VitaleProfile(kind="vitale2", comment=comment, serial=serial, groups=entries)
