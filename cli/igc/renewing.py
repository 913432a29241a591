"""``bifente igc renew`` and ``rollover``: new certificates for a card, and a new key for an authority."""

from datetime import datetime
from pathlib import Path

import click

from bifente.cli.authority import existing_authority, open_authority
from bifente.cli.card.news import say_news
from bifente.cli.options import CARD, JSON, Day, as_date, date_option, igc_option
from bifente.cli.progress import progress
from bifente.cli.visible import say, say_json


@click.command("renew", short_help="Renew the certificates of a professional's card.")
@CARD
@igc_option
@date_option("From when they are valid.")
@JSON
def renew(card: Path, igc: Path | None, day: datetime | None, as_json: bool) -> None:
    """Issue new certificates for the keys of a professional's card: the same holder, the same number, another three years.

    The certificates before stay valid until their end; whoever finds two takes the newer one. A card that is opposed gets none.

    \b
    bifente igc renew doctor.card
    bifente igc list 899700000013
    """
    from bifente.workbench.cards.editing import need_card, renew_professional

    need_card(card)
    say_news(renew_professional(card, open_authority(igc), as_date(day)), as_json=as_json)


@click.command("rollover", short_help="Give an authority a new key.")
@click.argument(
    "gamme", metavar="GAMME", type=click.Choice(["FORT", "STANDARD", "ELEMENTAIRE"], case_sensitive=False)
)
@igc_option
@click.option("--root", is_flag=True, help="Its root gets a new key too.")
@click.option(
    "--until", metavar="DATE", type=Day(), help="The last day of its certificate.  [default: 2049-12-31]"
)
@JSON
def rollover(gamme: str, igc: Path | None, root: bool, until: datetime | None, as_json: bool) -> None:
    """Give the issuing authority of GAMME a new key, by which it issues from now on.

    The key before goes on signing its own revocation lists and OCSP answers, so that cards of the time before stay valid. With
    --root there is a new root as well, which everybody has to trust beside the old one.

    \b
    bifente igc rollover FORT
    """
    from bifente.workbench.authorities.making import new_key

    authority = existing_authority(igc)
    with progress("RSA keys") as told:
        made = new_key(
            authority, gamme, root=root, until=until.date() if until is not None else None, progress=told
        )
    if as_json:
        say_json(
            [{"key": one.name, "until": one.certificate.not_valid_after_utc.isoformat()} for one in made]
        )
        return
    for one in made:
        say(f"{authority.directory / one.name}.pem, until {one.certificate.not_valid_after_utc:%Y-%m-%d}")
