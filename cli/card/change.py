"""The commands of ``bifente card`` that change a card: what a tester needs broken, and the way back."""

from datetime import date, datetime, timedelta
from pathlib import Path

import click

from bifente.cli.authority import open_authority
from bifente.cli.card.news import say_news
from bifente.cli.errors import CliError, quoted
from bifente.cli.options import (
    CARD,
    FORCE,
    JSON,
    OUTPUT,
    PATH,
    REASONS,
    Day,
    as_date,
    complete_place,
    date_option,
    igc_option,
    one_of,
    typed_text,
)
from bifente.cli.visible import say, say_json


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
    from bifente.workbench.authority import authority_at_hand
    from bifente.workbench.cards import editing

    if remove == (value is not None):
        raise click.UsageError("either VALUE or --remove")
    try:
        news = editing.set_field(
            card,
            path,
            None if value is None else typed_text(value),
            as_json=json_value,
            issuer=None if unsigned else authority_at_hand(igc),
            must_sign=igc is not None,
        )
    except PersoError as error:
        if as_json and not json_value and value is not None and value[:1] in ("{", "["):
            hint = "--json prints what changed; a VALUE in JSON is given with --json-value"
            raise CliError(str(error), hint=hint) from error
        raise
    say_news(news, as_json=as_json, but="the issuer's signature")
    missing = editing.uncovered(card)
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
    from bifente.workbench.cards import editing

    editing.need_signature(card)
    day_signed = as_date(day)
    editing.sign(card, open_authority(igc), day_signed)
    say(f"{card}: signed by its issuer on {day_signed}")


@click.command("block", short_help="Take all tries from the PIN.")
@CARD
@click.option("--puk", is_flag=True, help="The PUK instead.")
@JSON
def block(card: Path, puk: bool, as_json: bool) -> None:
    """Take all tries from the card's PIN, or from its PUK, which is for good."""
    from bifente.workbench.cards import editing

    say_news(editing.block(card, puk=puk), as_json=as_json)


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
    from bifente.workbench.cards import editing

    editing.need_card(card)
    end = as_date(day) if day is not None else date.today() - timedelta(days=1)
    say_news(editing.expire(card, open_authority(igc), end), as_json=as_json)


@click.command("oppose", short_help="Put a card on its authority's list of opposed cards.")
@CARD
@igc_option
@date_option("Since when.")
@click.option("--lift", is_flag=True, help="Take the card off the list again.")
@click.option(
    "--reason",
    type=click.Choice(REASONS, case_sensitive=False),
    metavar=one_of(REASONS),
    help="Why a professional's certificates are revoked, in the words of RFC 5280.  [default: certificateHold]",
)
@JSON
def oppose(
    card: Path, igc: Path | None, day: datetime | None, lift: bool, reason: str | None, as_json: bool
) -> None:
    """Declare a card lost or stolen, as its issuer would.

    A professional's certificates go to the revocation lists of the authority, a Vitale to its opposition list; both stand
    in the authority's folder, which must be that of the card's issuer. The card itself does not know: only a note for
    "card show" is kept in its file, and outlives "card restore" as the list does. The date of an opposition does not
    change: lift it, then oppose the card anew. Only certificateHold can be lifted; every other reason is for good.

    \b
    bifente card oppose doctor.card --date 2026-01-31
    bifente card oppose doctor.card --lift
    bifente card oppose doctor.card --reason keyCompromise
    """
    from bifente.workbench.cards import editing

    if lift and (day is not None or reason is not None):
        raise click.UsageError("either --date and --reason, or --lift")
    editing.need_card(card)
    authority = open_authority(igc)
    if lift:
        written = editing.lift(card, authority)
    else:
        since = day.date() if day is not None else None
        written = editing.oppose(card, authority, since, reason or "certificateHold")
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
    from bifente.workbench.cards import editing

    meta = editing.clone(card, output, force=force)
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
    from bifente.workbench.cards import editing

    if source is None:
        meta = editing.restore(card)
        say(f"{card}: as it was made on {meta.created}")
    else:
        meta = editing.restore_from(card, source, force=force)
        say(f"{card}: {meta.kind} card {meta.serial}, as in {source}")
    if meta.opposed is not None:
        say(
            f"note: opposed since {meta.opposed} all the same; bifente card oppose {quoted(card)} --lift ends that",
            err=True,
        )


COMMANDS = (set_, sign, block, expire, oppose, clone, restore)
