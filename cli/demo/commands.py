"""``bifente demo``: two cards, one PIN, one care sheet signed by both, on one screen."""

import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from bifente.cli.authority import open_authority
from bifente.cli.options import PATH, Day, complete_profile_or_file, failing_as_files
from bifente.cli.secretinput import SecretSource, pin_options
from bifente.cli.visible import say_json
from bifente.documents import replace_file
from bifente.workbench.cardkinds import need_pair
from bifente.workbench.demoacts import act_of

if TYPE_CHECKING:
    from bifente.fse.rights import Rights
    from bifente.fse.sheet import CareSheet
    from bifente.fse.verify import VerifiedSheet
    from bifente.igc import Authority
    from bifente.traces.model import Item


@dataclass(slots=True)
class Road:
    """What the demonstration did."""

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


@click.command(short_help="Two cards, one PIN, one care sheet signed by both.")
@click.option(
    "--cps",
    default="gp",
    show_default=True,
    metavar="PROFILE|FILE",
    shell_complete=complete_profile_or_file,
    help="The professional's card.",
)
@click.option(
    "--vitale",
    default="vitale-single",
    show_default=True,
    metavar="PROFILE|FILE",
    shell_complete=complete_profile_or_file,
    help="The patient's card: a profile, a card file, or an official virtual card (.in).",
)
@pin_options()
@click.option("--igc", "igc_folder", metavar="DIR", type=PATH, help="Authority that certifies the cards.")
@click.option("--date", "care_date", metavar="DATE", type=Day(), help="Care date.  [default: today]")
@click.option("-o", "--out", metavar="DIR", type=PATH, help="Folder for the files.  [default: a new one]")
@click.option("--all", "show_all", is_flag=True, help="Show every APDU, not one line for each purpose.")
@click.option(
    "--accept",
    is_flag=True,
    help="Make the sheet whatever the rights are; a certificate that has ended is refused.",
)
@click.option("--svg", metavar="FILE", type=PATH, help="Keep the screen as a picture too.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole as JSON.")
def demo(
    cps: str,
    vitale: str,
    pin: SecretSource,
    igc_folder: Path | None,
    care_date: datetime | None,
    out: Path | None,
    show_all: bool,
    accept: bool,
    svg: Path | None,
    as_json: bool,
) -> None:
    """Make two cards, let them recognise each other, read the rights, sign a care sheet with both and verify it.

    \b
    bifente demo
    bifente demo --vitale vitale-family --date 2027-01-15
    bifente demo --vitale 0101.in --date 2008-06-01

    The PIN is asked for only when --cps is a card file; a profile says its own, unless another is given.
    """
    begin = time.perf_counter()
    day = care_date.date() if care_date is not None else date.today()
    authority = open_authority(igc_folder)
    folder = _folder(out)
    try:
        cards = [
            _card(given, authority, folder / name, day)
            for given, name in ((cps, "cps.card"), (vitale, "vitale.card"))
        ]
        need_pair(cards[0], cards[1], (cps, vitale))
        road = _drive(authority, folder, cards, _pin(cps, pin), day, accept=accept)
    except BaseException:
        if out is None:  # a folder that nobody has been told of
            shutil.rmtree(folder, ignore_errors=True)
        raise
    road.seconds = time.perf_counter() - begin
    if as_json:
        say_json(facts(road))
    else:
        from bifente.cli.demo.screen import show

        show(road, show_all=show_all, svg=svg)


def _pin(cps: str, given: SecretSource) -> bytes:
    """The PIN of the professional's card: the one that is given, else that of its profile, else what is typed."""
    from bifente.applets.perso import read_profile

    by_option = click.get_current_context().get_parameter_source("pin") is ParameterSource.COMMANDLINE
    if Path(cps).suffix.lower() == ".card" or by_option or given.path is not None:
        return given.read()
    of_profile = read_profile(cps).secrets().get("pin")
    return of_profile.get_secret_value().encode() if of_profile is not None else b""


def _folder(out: Path | None) -> Path:
    if out is None:
        return Path(tempfile.mkdtemp(prefix="bifente-demo-"))
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    return out


def _card(given: str, authority: "Authority", path: Path, day: date) -> Path:
    """The card file that *given* names, or a new one at *path* from the profile or official content it names."""
    from bifente.applets.families.vitale2.importer import imported_profile, read_content
    from bifente.applets.perso import personalise, read_profile
    from bifente.applets.store.stores import create_card_file

    suffix = Path(given).suffix.lower()
    if suffix == ".card":
        return Path(given)
    if suffix == ".in":
        profile = imported_profile(read_content(Path(given)).groups, comment=Path(given).name)
        records = personalise(profile, authority, today=day)
    else:
        records = personalise(read_profile(given), authority, today=day)
    create_card_file(path, records)
    return path


def _drive(
    authority: "Authority", folder: Path, cards: list[Path], pin: bytes, day: date, *, accept: bool
) -> Road:
    """PIN, recognition, rights, sheet, signatures, verification: all of it by APDUs through the two-slot reader."""
    from bifente.applets import open_card
    from bifente.fse.rights import ProblemKind
    from bifente.fse.session import CareSession
    from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
    from bifente.traces.files import TraceList, TraceWriter
    from bifente.traces.model import TraceHeader
    from bifente.traces.record import Recorder, Stopwatch

    kept, clock = TraceList(), Stopwatch()
    devices = [open_card(path) for path in cards]
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
            road = Road(
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
    _leave(road, authority)
    with TraceWriter.create(folder / "trace.jsonl", TraceHeader()) as trace:
        for item in kept.items:
            trace.write(item)
    return road


def _leave(road: Road, authority: "Authority") -> None:
    """Put sheet, signed sheet and trusted roots beside the cards."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from bifente.fse import canonical

    roots = b"".join(root.public_bytes(Encoding.PEM) for root in authority.trust_anchors())
    for name, content in (
        ("sheet.json", canonical.encode(road.sheet)),
        ("sheet.p7m", road.signed),
        ("roots.pem", roots),
    ):
        replace_file(road.folder / name, content)


def facts(road: Road) -> dict[str, object]:
    """Everything for a program."""
    from bifente.cli.sheet.commands import facts as verified_facts
    from bifente.traces.follow import Follower
    from bifente.traces.model import Exchange

    follower = Follower()
    return {
        "folder": str(road.folder),
        "files": sorted(path.name for path in road.folder.iterdir()),
        "care_date": road.day.isoformat(),
        "problems": road.problems,
        **verified_facts(road.verdict),
        "signed_bytes": len(road.signed),
        "apdus": [
            {
                "slot": item.slot,
                "command": item.command.hex(),
                "response": item.response.hex(),
                "meaning": follower.explain(item).text,
            }
            for item in road.items
            if isinstance(item, Exchange)
        ],
        "seconds": {
            **{part: round(seconds, 6) for part, seconds in road.timings.items()},
            "private_key_operations": round(road.key_seconds, 6),
            "all": round(road.seconds, 3),
        },
        "private_key_operations": road.key_operations,
    }
