"""The whole way once: two cards, one PIN, their recognition, the rights, and a care sheet signed by both and verified."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.documents import replace_file
from bifente.workbench.cards.files import failing_as_files
from bifente.workbench.demoacts import act_of

if TYPE_CHECKING:
    from bifente.fse.sheet.model import CareSheet
    from bifente.fse.sheet.rights import Rights
    from bifente.fse.sheet.verification import VerifiedSheet
    from bifente.igc import Authority
    from bifente.traces.model import Item


@dataclass(slots=True)
class Demonstration:
    """What the demonstration did. Times are in seconds; ``seconds`` is the whole, with making the cards."""

    folder: Path
    day: date
    rights: "Rights"
    problems: list[str]
    sheet: "CareSheet"
    verdict: "VerifiedSheet"
    signed: bytes
    items: "list[Item]"
    timings: dict[str, float]
    key_operations: int
    key_seconds: float
    seconds: float = 0.0


def is_card_file(given: str) -> bool:
    """Whether *given* names a card file, and not a profile or an official content."""
    return Path(given).suffix.lower() == ".card"


def card_file(given: str, authority: "Authority", path: Path, day: date) -> Path:
    """The card file that *given* names, or a new one at *path* from the profile or official content it names."""
    from bifente.applets.families.vitale2.importer import imported_profile, read_content
    from bifente.applets.perso import personalise, read_profile
    from bifente.applets.store.stores import create_card_file

    if is_card_file(given):
        return Path(given)
    if Path(given).suffix.lower() == ".in":
        profile = imported_profile(read_content(Path(given)).groups, comment=Path(given).name)
        records = personalise(profile, authority, today=day)
    else:
        records = personalise(read_profile(given), authority, today=day)
    create_card_file(path, records)
    return path


def pin_of(profile: str) -> bytes:
    """The PIN that a professional's profile sets; empty for a profile of another card. Raises PersoError."""
    from bifente.applets.perso import read_profile

    pin = read_profile(profile).secrets().get("pin")
    return pin.get_secret_value().encode() if pin is not None else b""


def demonstrate(
    authority: "Authority", folder: Path, cps: Path, vitale: Path, pin: bytes, day: date, *, accept: bool
) -> Demonstration:
    """PIN, recognition, rights, sheet, signatures, verification: all of it by APDUs through the two-slot reader.

    Sheet, signed sheet, trusted roots and trace are left in *folder*. With *accept* the sheet is made whatever the rights
    are. Raises TerminalError, FseError, WorkbenchError, StoreError, OSError.
    """
    from bifente.applets import open_card
    from bifente.fse.sheet.rights import ProblemKind
    from bifente.fse.sheet.session import CareSession
    from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
    from bifente.traces.files import TraceList
    from bifente.traces.record import Recorder, Stopwatch

    kept, clock = TraceList(), Stopwatch()
    devices = [open_card(path) for path in (cps, vitale)]
    with failing_as_files(*devices), TwoSlotReader() as reader:
        for slot, device in zip((CPS_SLOT, VITALE_SLOT), devices, strict=True):
            reader.insert(slot, Recorder(device, kept, slot=slot, clock=clock))
        with CareSession(
            reader.link(CPS_SLOT), reader.link(VITALE_SLOT), trust=authority.trust_store, today=day
        ) as session:
            session.present_pin(pin)
            session.recognise()
            _, problems = session.rights_at(day)
            sheet = session.draw_up(
                [act_of(session.professional(), day)],
                number=1,
                care_date=day,
                accept=frozenset(ProblemKind) & {problem.kind for problem in problems} if accept else (),
            )
            signed = session.sign(sheet)
            verdict = session.verify(signed)
            done = Demonstration(
                folder,
                day,
                session.rights_at(day)[0],
                [problem.message for problem in problems],
                sheet,
                verdict,
                signed,
                kept.items,
                dict(session.timings),
                session.private_key_operations,
                session.private_key_seconds,
            )
    _leave(done, authority)
    return done


def _leave(done: Demonstration, authority: "Authority") -> None:
    """Put sheet, signed sheet, trusted roots and the trace beside the cards."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from bifente.fse.sheet import canonical
    from bifente.traces.files import TraceWriter
    from bifente.traces.model import TraceHeader

    roots = b"".join(root.public_bytes(Encoding.PEM) for root in authority.trust_anchors())
    for name, content in (
        ("sheet.json", canonical.encode(done.sheet)),
        ("sheet.p7m", done.signed),
        ("roots.pem", roots),
    ):
        replace_file(done.folder / name, content)
    with TraceWriter.create(done.folder / "trace.jsonl", TraceHeader()) as trace:
        for item in done.items:
            trace.write(item)
