"""Cards from the official virtual card contents (``.in`` files of the CNDA test cards)."""

from pathlib import Path

from bifente.applets.perso.errors import ContentError
from bifente.applets.perso.vitaleprofile import SsvGroup, VitaleProfile
from bifente.layouts import ssv
from bifente.layouts.errors import LayoutError
from bifente.layouts.ssv import Group

MAX_SIZE = 65536
"""Larger files are not read: the largest official one has 8 916 bytes."""


def read_content(path: Path) -> list[Group]:
    """The SSV groups of a ``.in`` file. Raises ContentError when it is none or is cut, OSError."""
    with path.open("rb") as file:
        data = file.read(MAX_SIZE + 1)
    if len(data) > MAX_SIZE:
        raise ContentError(
            f"{path}: more than {MAX_SIZE} bytes", hint="official card contents are much smaller"
        )
    try:
        return ssv.decode_card(data)
    except LayoutError as error:
        raise ContentError(
            f"{path}: not the content of a carte Vitale: {error}",
            hint="the file may be cut: fetch it again",
        ) from None


def imported_profile(groups: list[Group], comment: str = "", serial: str | None = None) -> VitaleProfile:
    """The profile of a card with these groups, as they are.

    Its number is that of field 101.2 unless *serial* is given; its certificates are new, whatever the date in 101.3.
    """
    return VitaleProfile(
        kind="vitale2",
        comment=comment,
        serial=serial,
        groups=[SsvGroup.model_validate(entry) for entry in _entries(groups)],
    )


def _entries(groups: list[Group]) -> list[dict[str, object]]:
    return [dict(entry) for entry in ssv.to_json(groups)]
