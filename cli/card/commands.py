"""``bifente card``: make cards, look at them, change them, break them."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.authority import open_authority
from bifente.cli.card.change import COMMANDS
from bifente.cli.card.export import export
from bifente.cli.card.kiosk import KIOSK
from bifente.cli.card.parts import complete_part
from bifente.cli.errors import CliError, hint_of
from bifente.cli.options import (
    CARD,
    FORCE,
    JSON,
    OUTPUT,
    PATH,
    as_date,
    complete_profile,
    complete_profile_or_file,
    date_option,
    igc_option,
)
from bifente.cli.progress import progress
from bifente.cli.secretinput import SecretSource, pin_options
from bifente.cli.visible import say, say_json, say_text
from bifente.documents import new_file

if TYPE_CHECKING:
    from bifente.applets.perso import Profile, ProfileError


@click.group(short_help="Make, show, compare, change and break cards.")
def card() -> None:
    """Make, show, compare, change and break cards.

    A card is one file. Profiles say what card to make: bifente card profiles lists those that are shipped.
    """


for _command in (*COMMANDS, *KIOSK, export):
    card.add_command(_command)


@card.command("profiles", short_help="List the shipped profiles, or print one.")
@click.argument("name", required=False, shell_complete=complete_profile)
@JSON
def profiles(name: str | None, as_json: bool) -> None:
    """List the shipped profiles, or print the one called NAME: a beginning for your own.

    \b
    bifente card profiles
    bifente card profiles gp > my-doctor.yaml
    """
    from bifente.applets.perso.profile.shipped import shipped_profiles, shipped_text

    if name is not None:
        text = shipped_text(name)
        if as_json:
            say_json({"name": name, "yaml": text}, indent=None)
        else:
            say_text(text)
        return
    found = shipped_profiles()
    if as_json:
        say_json(found)
        return
    width = max(map(len, found))
    for one, description in found.items():
        say(f"{one:{width}}  {description}")


@card.command("create", short_help="Make a card from a profile.")
@click.argument("profile", metavar="PROFILE.yaml|NAME", shell_complete=complete_profile_or_file)
@OUTPUT
@FORCE
@igc_option
@date_option("The day of personalisation: validity begins then unless the profile says otherwise.")
@JSON
def create(
    profile: str, output: Path, force: bool, igc: Path | None, day: datetime | None, as_json: bool
) -> None:
    """Make a card from a profile: a YAML file, or the name of a shipped profile.

    Keys are made anew unless the profile holds them; certificates come from the authority of --igc, by default a
    TEST authority in your data folder, which is made when first needed. A dump with secrets gives the same card again.

    \b
    bifente card create gp -o doctor.card
    bifente card create my-doctor.yaml -o doctor.card --igc ./igc --date 2026-01-31
    """
    from bifente.applets.perso import ProfileError, read_profile

    try:
        wanted = read_profile(profile)
    except ProfileError as error:
        raise _spelled_out(error) from error
    _make(wanted, output, igc, as_date(day), force=force, as_json=as_json, notes=wanted.notes())


def _sha256(_ctx: click.Context, _parameter: click.Parameter, given: str | None) -> bytes | None:
    """The digest that an option gives."""
    if given is None:
        return None
    try:
        digest = bytes.fromhex(given)
    except ValueError:
        raise click.BadParameter("64 hexadecimal digits expected") from None
    if len(digest) != 32:
        raise click.BadParameter(f"64 hexadecimal digits expected, not {len(given)} characters")
    return digest


@card.command("import", short_help="Make a Vitale from an official card content (.in).")
@click.argument("content", metavar="FILE.in", type=PATH)
@OUTPUT
@FORCE
@igc_option
@date_option("The day of personalisation; the certificates are valid from then on.")
@click.option("--serial", metavar="DIGITS", help="Another number than that in field 101.2, which some share.")
@click.option(
    "--generation",
    type=click.Choice(["1", "2"]),
    default="2",
    show_default=True,
    help="Make a Vitale 1, the family card of 4 KB, or a Vitale 2.",
)
@click.option("--sha256", "digest", metavar="HEX", callback=_sha256, help="Refuse any other file.")
@JSON
def import_(
    content: Path,
    output: Path,
    force: bool,
    igc: Path | None,
    day: datetime | None,
    serial: str | None,
    generation: str,
    digest: bytes | None,
    as_json: bool,
) -> None:
    """Make a carte Vitale from an official virtual card content (.in).

    The groups are kept as they are; what is odd about them (keys, dates, codes) is told. Keys and certificates are new
    and valid from today on, whatever end of validity field 101.3 holds.

    A file that is cut inside a group is refused. The format holds no length: one that ends between two groups is
    imported, and what is unusual about its end is noticed. --sha256 makes sure that it is the file you want.

    A Vitale 1 (--generation 1) has 4 KB: a content that is larger is refused, and what of it does not fit is said.

    \b
    bifente card import 0101.in -o patient.card
    bifente card import 0101.in --generation 1 -o family.card
    bifente card import mine.in --sha256 "$(cut -c1-64 mine.in.sha256)" -o patient.card
    """
    from bifente.workbench.cards.making import imported

    read = imported(content, serial=serial, digest=digest, generation=int(generation))
    notes = list(read.findings)
    if read.unusual is not None:
        notes.append(f"the content may go on: {read.unusual}; --sha256 makes sure of it")
    told = {"groups": read.groups, "beneficiaries": read.beneficiaries}
    _make(
        read.profile,
        output,
        igc,
        as_date(day),
        force=force,
        as_json=as_json,
        notes=notes,
        imported=told,
    )


@card.command("show", short_help="Show a card, or parts of it, decoded.")
@CARD
@click.argument("parts", metavar="[PART]…", nargs=-1, shell_complete=complete_part)
@click.option("--brief", is_flag=True, help="A line for each PIN and file.")
@JSON
def show(card: Path, parts: tuple[str, ...], brief: bool, as_json: bool) -> None:
    """Show a card: files with their rules, values in words, and where each fact comes from.

    A PART is a file, directory, PIN or key by its name, FID, reference or path; or what is inside of a file, by the paths
    of card set.

    \b
    bifente card show doctor.card
    bifente card show doctor.card --brief
    bifente card show patient.card G101
    bifente card show patient.card BEN01/105 EF.NIR
    bifente card show doctor.card CPS_NAME_PS PIN 81
    bifente card show patient.card --json | jq .findings
    """
    from bifente.applets import read_card
    from bifente.applets.perso.edit.view import view

    records = read_card(card)
    seen = view(records)
    if parts and brief:
        raise click.UsageError("either --brief or parts of the card")
    if parts:
        from bifente.cli.card.parts import show_parts
        from bifente.workbench.cards.parts import part_of, parts_json

        found = {what: part_of(records, seen, what) for what in parts}
        if as_json:
            say_json(parts_json(found))
        else:
            show_parts(found)
        return
    if as_json:
        from bifente.workbench.cards.parts import card_json

        say_json(card_json(seen, brief=brief))
        return
    from bifente.cli.card.tree import show_brief, show_card

    (show_brief if brief else show_card)(seen)


@card.command("dump", short_help="Print a card as a profile.")
@CARD
@click.option("--secrets", is_flag=True, help="With keys, PINs and state: create makes the same card of it.")
@click.option("-o", "--out", "output", metavar="FILE", type=PATH, help="Write to FILE (mode 600).")
@FORCE
@JSON
def dump(card: Path, secrets: bool, output: Path | None, force: bool, as_json: bool) -> None:
    """Print a card as a profile: without secrets it makes an equal card with other keys and certificates.

    \b
    bifente card dump doctor.card > doctor.yaml
    bifente card dump doctor.card --secrets -o doctor-secret.yaml
    """
    from bifente.applets import read_card
    from bifente.applets.perso.edit.dump import dump as dumped
    from bifente.applets.perso.edit.dump import dump_text

    if secrets and output is None:
        raise click.UsageError("--secrets wants a file: -o FILE")
    records = read_card(card)
    if as_json:
        text = json.dumps(dumped(records, secrets=secrets), ensure_ascii=False, indent=2) + "\n"
    else:
        text = dump_text(records, secrets=secrets)
    if output is None:
        say_text(text)
    else:
        new_file(output, text.encode("utf-8"), replace=force)


@card.command("diff", short_help="Compare two cards.")
@click.argument("first", metavar="A.card", type=PATH)
@click.argument("second", metavar="B.card", type=PATH)
@JSON
def diff(first: Path, second: Path, as_json: bool) -> int:
    """Compare two cards, field by field. Exit code 1 when they differ, 0 when they do not.

    Secrets are compared and not shown.
    """
    from bifente.applets import read_card
    from bifente.applets.perso.edit.compare import compare

    found = compare(read_card(first), read_card(second))
    if as_json:
        entries = [{"where": one.where, "first": one.first, "second": one.second} for one in found]
        say_json(entries)
    else:
        for one in found:
            for line in (one.where, f"  - {one.first}", f"  + {one.second}"):
                say(line)
    return 1 if found else 0


@card.command("rights", short_help="Read the rights of a Vitale by APDUs, as a health software does.")
@CARD
@click.option(
    "--cps",
    required=True,
    metavar="Y.card",
    type=PATH,
    help="The professional's card that opens it.",
)
@pin_options()
@date_option("The day by which the cards are judged.")
@igc_option
@JSON
def rights(
    card: Path, cps: Path, pin: SecretSource, day: datetime | None, igc: Path | None, as_json: bool
) -> None:
    """Read the rights of a carte Vitale: PIN, mutual recognition, then the groups in the order of the card.

    With --json the fields have names, and what belongs to a beneficiary stands below it.

    \b
    bifente card rights patient.card --cps doctor.card --pin 1234
    bifente card rights patient.card --cps doctor.card --pin 1234 --json
    """
    from bifente.workbench.cards.dialogue import rights as read_rights

    groups = read_rights(
        card,
        cps,
        pin.read,
        day=day.date() if day is not None else None,
        authority=igc,
        note=lambda what: say(f"note: {_UNPROVEN[what.name]}", err=True),
    )
    if as_json:
        from bifente.ssv.named import named

        say_json(named(groups))
        return
    from bifente.cli.card.tree import show_groups

    show_groups(groups)


_UNPROVEN = {
    "DATE": "the cards alone judge the date, --igc names who issued them",
    "RIGHTS": "the card holds no issuer's signature: its rights are not proven",
}


def _make(
    profile: "Profile",
    output: Path,
    igc: Path | None,
    day: date,
    *,
    force: bool,
    as_json: bool,
    notes: list[str] | None = None,
    imported: dict[str, int] | None = None,
) -> None:
    """Personalise and write; the file is complete or not there at all. What was *imported* is told."""
    from bifente.workbench.cards.making import make_card, needs_authority

    needed = needs_authority(profile, output, named=igc is not None, force=force)
    issuer = open_authority(igc) if needed else None
    with progress("RSA keys of the card") as told:
        meta = make_card(profile, output, issuer, day, force=force, progress=told)
    if as_json:
        facts: dict[str, object] = {
            "card": str(output),
            "kind": meta.kind,
            "serial": meta.serial,
            "environment": meta.environment_name,
            "created": meta.created,
        }
        facts |= imported or {}
        if notes is not None:
            facts["findings"] = notes
        say_json(facts)
        return
    for note in notes or ():
        say(f"note: {note}", err=True)
    words = "".join(f", {what}: {value}" for what, value in (imported or {}).items())
    say(f"{output}: {meta.kind} card {meta.serial}{words}")


def _spelled_out(error: "ProfileError") -> CliError:
    """All problems of a profile but the last on lines of their own; the last is the error."""
    for problem in error.problems[:-1]:
        say(f"bifente: {problem}", err=True)
    return CliError(str(error.problems[-1]), hint=hint_of(error))
