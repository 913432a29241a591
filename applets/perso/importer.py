"""Cards from the official virtual card contents (``.in`` files of the CNDA test cards)."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bifente.applets.perso.errors import ContentError
from bifente.applets.perso.officialcontents import OfficialContent, begun, official
from bifente.applets.perso.vitaleprofile import SsvGroup, VitaleProfile
from bifente.documents import DocumentTooLong, read_bytes
from bifente.layouts import ssv
from bifente.layouts.errors import LayoutError
from bifente.layouts.ssv import Group
from bifente.layouts.ssv_findings import perhaps_cut

MAX_SIZE = 65536
"""Larger files are not read: the largest official one has 8 916 bytes."""

_FETCH_AGAIN = "the file may be cut: fetch it again"
_CUT_OR_WHOLE = "fetch it again; if it is whole all the same: bifente card import --whole"


@dataclass(frozen=True, slots=True)
class Content:
    """What a ``.in`` file holds: its groups, and which official content it is (None: another, or a changed one)."""

    groups: list[Group]
    official: OfficialContent | None


def read_content(path: Path, *, digest: bytes | None = None, whole: bool = False) -> Content:
    """The content of a ``.in`` file; ContentError when it is none or is cut, NotADocument, OSError.

    The format holds no length. A cut inside a group is always seen; between two groups it is seen in the contents that are
    known (:mod:`~bifente.applets.perso.officialcontents`), doubted in others, unless *whole* says that the caller knows
    better, and certain to be seen when the SHA-256 of the whole file is given as *digest*.
    """
    try:
        data = read_bytes(path, MAX_SIZE)
    except DocumentTooLong as error:
        raise ContentError(str(error), hint="official card contents are much smaller") from None
    try:
        groups = ssv.decode_card(data)
    except LayoutError as error:
        raise ContentError(f"{path}: not the content of a carte Vitale: {error}", hint=_FETCH_AGAIN) from None
    found = sha256(data)
    if digest is not None and found.digest() != digest:
        raise ContentError(
            f"{path}: not the file wanted, its SHA-256 is {found.hexdigest()}", hint=_FETCH_AGAIN
        )
    known = official(data)
    if known is None and digest is None and not whole:
        _refuse_cut(path, data, groups)
    return Content(groups, known)


def _refuse_cut(path: Path, data: bytes, groups: list[Group]) -> None:
    longer = begun(data)
    if longer:
        names = " or ".join(f"{one.name} ({one.size} bytes)" for one in longer)
        raise ContentError(
            f"{path}: cut after {len(data)} bytes: so begins the official content {names}",
            hint=_CUT_OR_WHOLE,
        )
    doubt = perhaps_cut(groups)
    if doubt is not None:
        raise ContentError(f"{path}: perhaps cut: {doubt}", hint=_CUT_OR_WHOLE)


def imported_profile(groups: list[Group], comment: str = "", serial: str | None = None) -> VitaleProfile:
    """The profile of a card with these groups, as they are.

    Its number is that of field 101.2; a *serial* stands there instead when it is given, so that both agree. Its certificates
    are new, whatever the date in 101.3. Raises ValidationError for another serial than 8 or 9 digits.
    """
    entries = [SsvGroup.model_validate(entry) for entry in ssv.to_json(groups)]
    if serial is not None:
        first = entries[0].fields
        entries[0] = SsvGroup(group=101, fields=[first[0], serial, *first[2:]])
    return VitaleProfile(kind="vitale2", comment=comment, serial=serial, groups=entries)
