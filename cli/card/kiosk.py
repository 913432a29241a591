"""``bifente card update`` and ``card renew``: what a kiosk of the assurance maladie does with a carte Vitale."""

from datetime import datetime
from pathlib import Path

import click

from bifente.cli.authority import open_authority
from bifente.cli.card.news import say_news
from bifente.cli.options import CARD, JSON, as_date, complete_profile_or_file, date_option, igc_option


@click.command("update", short_help="Put new rights on a Vitale, as a kiosk does.")
@CARD
@click.argument("rights", metavar="RIGHTS.in|PROFILE", shell_complete=complete_profile_or_file)
@igc_option
@date_option("The day of the update.")
@JSON
def update(card: Path, rights: str, igc: Path | None, day: datetime | None, as_json: bool) -> None:
    """Refresh the rights of a carte Vitale 2 (mise à jour): those of an official content or a profile, of the same assuré.

    The new rights travel as one command under secure messaging, by keys that only the card's authority has, with the
    issuer's signature over them: the card has all of them or none, whenever it is pulled out. Number, keys, certificates
    and end of validity stay. How a real kiosk does it is not public: all of this is synthetic.

    \b
    bifente card update patient.card 0101.in
    bifente card update patient.card vitale-family --igc igc --date 2027-01-04
    """
    from bifente.workbench.cards.kiosk import update as updated

    say_news(updated(card, rights, open_authority(igc), as_date(day)), as_json=as_json)


@click.command("renew", short_help="Renew a Vitale for five years.")
@CARD
@igc_option
@date_option("The day from which the card is valid again.")
@JSON
def renew(card: Path, igc: Path | None, day: datetime | None, as_json: bool) -> None:
    """Renew a carte Vitale 2: it is valid for five years from today on, with the rights and the keys that it has.

    Its certificates are issued anew and travel to the card as bifente card update has it.

    \b
    bifente card renew patient.card
    bifente card renew patient.card --date 2027-01-04
    """
    from bifente.workbench.cards.kiosk import renew as renewed

    say_news(renewed(card, open_authority(igc), as_date(day)), as_json=as_json)


KIOSK = (update, renew)
