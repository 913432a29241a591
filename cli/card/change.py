"""The commands of ``bifente card`` that change a card: what a tester needs broken, and the way back."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.authority import open_authority
from bifente.cli.card.news import say_news
from bifente.cli.errors import CliError, ExitCode, quoted
from bifente.cli.options import (
    CARD,
    FORCE,
    JSON,
    OUTPUT,
    PATH,
    Day,
    as_date,
    check_card_place,
    complete_place,
    date_option,
    edit,
    igc_option,
    replace_card_file,
    typed_text,
)
from bifente.cli.visible import say, say_json
from bifente.workbench.authority import authority_at_hand

if TYPE_CHECKING:
    from bifente.applets.perso.cardrecords import Records
    from bifente.applets.perso.edit.change import Changes
    from bifente.igc import Authority


@click.command("set", short_help="Change a field of a card.")
@CARD
@click.argument("path", metavar="PATH", shell_complete=complete_place)
@click.argument("value", metavar="VALUE", required=False)
@click.option("--json-value", is_flag=True, help="VALUE is JSON.")
@click.option("--remove", is_flag=True, help="Remove the optional field, item or file; no VALUE then.")
@click.option(
    "--unsigned",
    is_flag=True,
    help="Leave the issuer's signature as it is: a card that somebody has tampered with.",
)
@igc_option
@JSON
def set_(
    card: Path,
    path: str,
    value: str | None,
    json_value: bool,
    remove: bool,
    unsigned: bool,
    igc: Path | None,
    as_json: bool,
) -> None:
    """Change the field at PATH to VALUE, and say what it was; nothing but its file changes.

    PATH is the file's name, FID or path of FIDs, then what is inside: a key, a position from 1, for rights the number of
    group and field. Certificates stay as they are: the card may then contradict them, as a tester may want. The issuer's
    signature over rights and situations is made anew when its authority is at hand (--igc, or the default one); else the
    card says that it does not cover the change, and terminals refuse what is read.

    \b
    bifente card set patient.card G101/3 201512310000
    bifente card set patient.card BEN02/105/2 202612310000
    bifente card set patient.card EF.ID/nom EXEMPLE
    bifente card set doctor.card CPS_SIT_FACT/1/zone 30
    bifente card set doctor.card D107 FF00
    bifente card set doctor.card CPS_ACTIVITY_03_PS --json-value '{"exercice": {"mode": "01"}, "numero_logique": 3, …}'
    bifente card set doctor.card CPS_ACTIVITY_02_PS --remove
    """
    from bifente.applets.perso import PersoError
    from bifente.applets.perso.edit import change

    if remove == (value is not None):
        raise click.UsageError("either VALUE or --remove")

    def changed(records: "Records") -> "Changes":
        if value is None:
            return change.remove_field(records, path)
        try:
            return change.set_field(records, path, typed_text(value), as_json=json_value)
        except PersoError as error:
            if as_json and not json_value and value[:1] in ("{", "["):
                hint = "--json prints what changed; a VALUE in JSON is given with --json-value"
                raise CliError(str(error), hint=hint) from error
            raise

    issuer = None if unsigned else authority_at_hand(igc)
    news = edit(card, lambda records: _signed_anew(records, changed(records), issuer, named=igc is not None))
    say_news(news, as_json=as_json, but="the issuer's signature")
    _note_uncovered(card, igc)


def _signed_anew(
    records: "Records", changes: "Changes", issuer: "Authority | None", *, named: bool
) -> "Changes":
    """*changes*, and the signature of the card's issuer over them when it covered what was there before."""
    from bifente.applets.perso import issuersigned
    from bifente.applets.perso.edit import change
    from bifente.applets.perso.errors import PersoError

    after = change.after(records, changes)
    if issuer is None or issuersigned.uncovered(records) or not issuersigned.uncovered(after):
        return changes
    try:
        return {**changes, **change.sign(after, issuer, date.today())}
    except PersoError:
        if named:
            raise
        return changes  # another authority's card: what it shows then is said


def _note_uncovered(card: Path, igc: Path | None) -> None:
    from bifente.applets import read_card
    from bifente.applets.perso import issuersigned

    missing = issuersigned.uncovered(read_card(card))
    if missing:
        where = f" --igc {quoted(igc)}" if igc is not None else ""
        say(
            f"note: the issuer's signature does not cover {', '.join(missing)}: terminals refuse that; "
            f"bifente card sign {quoted(card)}{where} signs it anew",
            err=True,
        )


@click.command("sign", short_help="Have the issuer sign anew what stands on a card.")
@CARD
@igc_option
@date_option("When it is signed.")
def sign(card: Path, igc: Path | None, day: datetime | None) -> None:
    """Make the issuer's signature over rights or situations anew: it covers what stands on the card now.

    The authority must be the one that issued the card. A card that was made before there were such signatures gets one.

    \b
    bifente card set patient.card BEN01/106/3 1 --unsigned
    bifente card sign patient.card
    """
    from bifente.applets import read_card
    from bifente.applets.perso import issuersigned
    from bifente.applets.perso.edit import change

    if issuersigned.signature_record(read_card(card)) is None:
        raise CliError(f"{card}: nothing on this kind of card is signed by an issuer")
    authority = open_authority(igc)
    edit(card, lambda records: change.sign(records, authority, as_date(day)))
    say(f"{card}: signed by its issuer on {as_date(day)}")


@click.command("block", short_help="Take all tries from the PIN.")
@CARD
@click.option("--puk", is_flag=True, help="The PUK instead.")
@JSON
def block(card: Path, puk: bool, as_json: bool) -> None:
    """Take all tries from the card's PIN, or from its PUK, which is for good."""
    from bifente.applets.perso.edit import change

    say_news(edit(card, lambda records: change.block(records, puk=puk)), as_json=as_json)


@click.command("expire", short_help="Let a card have expired.")
@CARD
@click.option(
    "--on",
    "day",
    metavar="DATE",
    type=Day(),
    help="The last day of validity.  [default: yesterday]",
)
@igc_option
@JSON
def expire(card: Path, day: datetime | None, igc: Path | None, as_json: bool) -> None:
    """Issue a card's certificates again, with an end in the past; the fields that name it follow.

    The authority must be the one that issued the card.

    \b
    bifente card expire doctor.card
    bifente card expire patient.card --on 2020-12-31
    """
    from bifente.applets import read_card
    from bifente.applets.perso.edit import change

    read_card(card)
    authority = open_authority(igc)
    end = as_date(day) if day is not None else date.today() - timedelta(days=1)
    say_news(edit(card, lambda records: change.expire(records, authority, end)), as_json=as_json)


@click.command("oppose", short_help="Put a card on its authority's list of opposed cards.")
@CARD
@igc_option
@date_option("Since when.")
@click.option("--lift", is_flag=True, help="Take the card off the list again.")
@JSON
def oppose(card: Path, igc: Path | None, day: datetime | None, lift: bool, as_json: bool) -> None:
    """Declare a card lost or stolen, as its issuer would.

    A professional's certificates go to the revocation lists of the authority, a Vitale to its opposition list; both stand
    in the authority's folder, which must be that of the card's issuer. The card itself does not know: only a note for
    "card show" is kept in its file, and outlives "card restore" as the list does. The date of an opposition does not
    change: lift it, then oppose the card anew.

    \b
    bifente card oppose doctor.card --date 2026-01-31
    bifente card oppose doctor.card --lift
    """
    from bifente.applets import read_card
    from bifente.applets.perso.cardrecords import meta_of
    from bifente.applets.perso.edit import change
    from bifente.workbench.opposing import add_card, opposed_since, remove_card

    if lift and day is not None:
        raise click.UsageError("either --date or --lift")
    read_card(card)
    authority = open_authority(igc)
    written: list[Path] = []

    def changed(records: "Records") -> "Changes":
        # with the card in hand: one that is in use, or may not be written, comes on no list
        change.check_issuer(records, authority)
        earlier = opposed_since(authority, records)
        if lift:
            if earlier is None and meta_of(records).opposed is None:
                raise CliError(f"{card}: is on no list of opposed cards")
            changes = change.lift(records)
            written.extend(remove_card(authority, records) if earlier is not None else [])
            return changes
        since = earlier if earlier is not None and day is None else as_date(day)
        if earlier is not None and since != earlier:
            raise CliError(
                f"{card}: opposed since {earlier} already",
                hint=f"bifente card oppose {quoted(card)} --lift takes it off the list first",
            )
        changes = change.oppose(records, since)
        written.extend(add_card(authority, records, since))
        return changes

    edit(card, changed)
    if as_json:
        say_json({"written": [str(path) for path in written]})
    else:
        for path in written:
            say(f"{path} written")


@click.command("clone", short_help="Copy a card, its number and keys included.")
@CARD
@OUTPUT
@FORCE
def clone(card: Path, output: Path, force: bool) -> None:
    """Copy a card with everything in it: number, keys, PINs, counters.

    A reader refuses two cards of one number, as it would take the one for the other.
    """
    from bifente.applets.perso.cardrecords import meta_of
    from bifente.applets.store.stores import copy_card_file, read_snapshot

    check_card_place(output, force=force)
    records = read_snapshot(card)
    if output.exists():
        if output.samefile(card):
            raise CliError(f"{output}: is the card itself", hint="choose another name for the copy")
        replace_card_file(output, records)
    else:
        copy_card_file(card, output)
    meta = meta_of(records)
    say(f"{output}: {meta.kind} card {meta.serial}, as {card}")


@click.command("restore", short_help="Bring a card back to its first state, or to that of a copy.")
@CARD
@click.option(
    "--from",
    "source",
    metavar="COPY.card",
    type=PATH,
    help="Take everything from this copy.",
)
@click.option("--force", is_flag=True, help="Also from the copy of another card, and over a damaged file.")
def restore(card: Path, source: Path | None, force: bool) -> None:
    """Bring a card back to the state in which it was made: contents, PINs, tries, certificates, latest date.

    An opposition is not undone: the card stays on its authority's list, and the note of it in the file.

    \b
    bifente card restore doctor.card
    bifente card restore doctor.card --from copy.card
    """
    from bifente.applets import read_card
    from bifente.applets.kernel.errors import CorruptCard
    from bifente.applets.perso.cardrecords import meta_of
    from bifente.applets.perso.edit import change
    from bifente.applets.store.errors import NotACardFile

    if source is None:
        edit(card, change.restore, healing=True)
        meta = meta_of(read_card(card))
        say(f"{card}: as it was made on {meta.created}")
    else:
        copy = read_card(source)
        meta = meta_of(copy)

        def copied(records: "Records") -> "Changes":
            old = meta_of(records)
            if (old.kind, old.serial) != (meta.kind, meta.serial) and not force:
                raise CliError(
                    f"{source}: is {meta.kind} card {meta.serial}, not {old.kind} card {old.serial}",
                    hint="another card takes the place of this one with --force",
                )
            return change.copied(records, copy)

        try:
            edit(card, copied)
        except (NotACardFile, CorruptCard) as error:
            if not force:
                raise CliError(
                    str(error), ExitCode.CARD_FILE, hint="--force puts the copy in its place"
                ) from error
            replace_card_file(card, copy)
        meta = meta_of(read_card(card))
        say(f"{card}: {meta.kind} card {meta.serial}, as in {source}")
    if meta.opposed is not None:
        say(
            f"note: opposed since {meta.opposed} all the same; bifente card oppose {quoted(card)} --lift ends that",
            err=True,
        )


COMMANDS = (set_, sign, block, expire, oppose, clone, restore)
