"""A card file from a profile or from an official content: what is noticed about them, and the card itself."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.cards.files import check_card_place, place_card
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.applets.perso import Profile
    from bifente.applets.perso.cardrecords import Meta
    from bifente.applets.perso.make.keys import Progress
    from bifente.igc import Authority


@dataclass(frozen=True, slots=True)
class ImportedContent:
    """An official content as a profile, what is odd about it, and how much of it there is.

    ``unusual`` says what is unusual about its end, None when nothing is: the format holds no length, so it may go on.
    """

    profile: "Profile"
    findings: tuple[str, ...]
    unusual: str | None
    groups: int
    beneficiaries: int


def imported(
    content: Path, *, serial: str | None = None, digest: bytes | None = None, generation: int = 2
) -> ImportedContent:
    """Read an official virtual card content (``.in``) for a Vitale of that *generation* (1 or 2).

    Only the content of *digest* (SHA-256) is taken when one is given.

    Raises ContentError, WorkbenchError.
    """
    from pydantic import ValidationError

    from bifente.applets.families.vitale2.importer import imported_profile, read_content
    from bifente.applets.perso.make.profilefiles import said_of
    from bifente.ssv.findings import findings
    from bifente.workbench.cards.kinds import refuse_card_file

    refuse_card_file(content, "the content of a carte Vitale")
    read = read_content(content, digest=digest)
    groups = read.groups
    try:
        profile = imported_profile(groups, content.name, serial, generation=generation)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise WorkbenchError(f"{where}: {said_of(first)}") from None
    odd = [
        f"{one.group}{f'.{one.field}' if one.field is not None else ''}: {one.message}"
        for one in findings(groups)
    ]
    return ImportedContent(
        profile, tuple(odd), read.unusual, len(groups), sum(group.id == 104 for group in groups)
    )


def needs_authority(profile: "Profile", output: Path, *, named: bool, force: bool = False) -> bool:
    """Whether the card needs certificates, and so an authority; *named*: there is another than the default one.

    Refuses early what would be refused after the work: a place that is taken, the default authority, which is for test
    cards, for another card. Raises WorkbenchError.
    """
    from bifente.applets.perso.make.build import needs_issuer

    check_card_place(output, force=force)
    if not needs_issuer(profile):
        return False
    if not named and not profile.test:
        raise WorkbenchError("a production-like card needs an authority of its own", "input.needs-authority")
    return True


def make_card(
    profile: "Profile",
    output: Path,
    issuer: "Authority | None",
    day: date,
    *,
    force: bool = False,
    progress: "Progress | None" = None,
) -> "Meta":
    """Personalise and write: the file *output* is complete or not there at all.

    Raises PersoError, StoreError, what the authority raises.
    """
    from bifente.applets.perso import personalise
    from bifente.applets.perso.cardrecords import meta_of

    records = personalise(profile, issuer, today=day, progress=progress)
    place_card(output, records, force=force)
    return meta_of(records)
