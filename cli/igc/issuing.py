"""``bifente igc issue``: certificates for those who are not cards."""

from pathlib import Path

import click

from bifente.cli.authority import open_authority
from bifente.cli.options import FORCE, JSON, PATH, igc_option
from bifente.cli.progress import progress
from bifente.cli.visible import say, say_json


@click.group("issue", short_help="Issue a certificate for a caisse.")
def issue() -> None:
    """Issue certificates for those who are not cards."""


@issue.command("caisse")
@click.argument("code", metavar="CODE")
@igc_option
@click.option(
    "-o", "--out", "folder", required=True, metavar="DIR", type=PATH, help="The folder for the three files."
)
@click.option(
    "--domain",
    metavar="DOMAIN",
    help="What the caisse's address ends in; the real network's is rss.fr.  [default: rss.test]",
)
@FORCE
@JSON
def caisse(code: str, igc: Path | None, folder: Path, domain: str | None, force: bool, as_json: bool) -> None:
    """Certify the caisse CODE, two digits of régime and three of caisse, and write certificate, chain and key into a folder.

    Sheets are enciphered for this certificate, and its key signs what the caisse answers. The shape is that of the public
    certificates of software; what it certifies is synthetic.

    \b
    Examples:
      bifente igc issue caisse 01349 -o rhone
      bifente igc issue caisse 01996 -o essai --domain rss.test --json
    """
    from bifente.workbench.caisses import issue_caisse

    authority = open_authority(igc)
    with progress("RSA keys") as told:
        made = issue_caisse(authority, code, folder, domain=domain, replace=force, progress=told)
    if as_json:
        say_json(
            {
                "address": made.address,
                "certificate": str(made.certificate),
                "chain": str(made.chain),
                "key": str(made.key),
                "not_before": made.not_before.isoformat(),
                "not_after": made.not_after.isoformat(),
            }
        )
        return
    say(f"{made.address}, until {made.not_after:%Y-%m-%d}")
    say(f"  certificate  {made.certificate}")
    say(f"  chain        {made.chain}")
    say(f"  key          {made.key} (readable by you only)")
