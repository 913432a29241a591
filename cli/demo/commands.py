"""``bifente demo``: two cards, one PIN, one care sheet signed by both, on one screen."""

import shutil
import tempfile
import time
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from bifente.cli.authority import open_authority
from bifente.cli.options import PATH, Day, complete_profile_or_file
from bifente.cli.secretinput import SecretSource, pin_options
from bifente.cli.visible import say_json
from bifente.workbench.cards.kinds import need_pair

if TYPE_CHECKING:
    from bifente.workbench.demo import Demonstration


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
    from bifente.workbench.demo import card_file, demonstrate

    begin = time.perf_counter()
    day = care_date.date() if care_date is not None else date.today()
    authority = open_authority(igc_folder)
    folder = _folder(out)
    try:
        professional = card_file(cps, authority, folder / "cps.card", day)
        patient = card_file(vitale, authority, folder / "vitale.card", day)
        need_pair(professional, patient, (cps, vitale))
        done = demonstrate(authority, folder, professional, patient, _pin(cps, pin), day, accept=accept)
    except BaseException:
        if out is None:  # a folder that nobody has been told of
            shutil.rmtree(folder, ignore_errors=True)
        raise
    done.seconds = time.perf_counter() - begin
    if as_json:
        say_json(facts(done))
    else:
        from bifente.cli.demo.screen import show

        show(done, show_all=show_all, svg=svg)


def _pin(cps: str, given: SecretSource) -> bytes:
    """The PIN of the professional's card: the one that is given, else that of its profile, else what is typed."""
    from bifente.workbench.demo import is_card_file, pin_of

    by_option = click.get_current_context().get_parameter_source("pin") is ParameterSource.COMMANDLINE
    return given.read() if is_card_file(cps) or by_option or given.path is not None else pin_of(cps)


def _folder(out: Path | None) -> Path:
    if out is None:
        return Path(tempfile.mkdtemp(prefix="bifente-demo-"))
    from bifente.documents import make_folder

    make_folder(out, 0o700)
    return out


def facts(done: "Demonstration") -> dict[str, object]:
    """Everything for a program."""
    from bifente.cli.sheet.verify import facts as verified_facts
    from bifente.traces.explanation.dialogue import Follower
    from bifente.traces.model import Exchange

    follower = Follower()
    return {
        "folder": str(done.folder),
        "files": sorted(path.name for path in done.folder.iterdir()),
        "care_date": done.day.isoformat(),
        "problems": done.problems,
        **verified_facts(done.verdict),
        "signed_bytes": len(done.signed),
        "apdus": [
            {
                "slot": item.slot,
                "command": item.command.hex(),
                "response": item.response.hex(),
                "meaning": follower.explain(item).text,
            }
            for item in done.items
            if isinstance(item, Exchange)
        ],
        "seconds": {
            **{part: round(seconds, 6) for part, seconds in done.timings.items()},
            "private_key_operations": round(done.key_seconds, 6),
            "all": round(done.seconds, 3),
        },
        "private_key_operations": done.key_operations,
    }
