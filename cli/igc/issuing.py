"""``bifente igc issue``: certificates for those who are not cards."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.authority import open_authority
from bifente.cli.options import FORCE, JSON, PATH, igc_option
from bifente.cli.progress import progress
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.workbench.authorities.organisations import OrganisationFiles

_CSR = click.option(
    "--csr",
    metavar="FILE",
    type=PATH,
    help="Certify the key of this request (PKCS #10).  [default: a key is made]",
)
_ORGANISATION = click.option(
    "--organisation",
    metavar="NAME",
    default="",
    help="Whose it is.  [default: the authority's own organisation]",
)
_OUT = click.option(
    "-o", "--out", "folder", required=True, metavar="DIR", type=PATH, help="The folder for the files."
)


@click.group("issue", short_help="Issue a certificate for a caisse, a server or software.")
def issue() -> None:
    """Issue certificates for those who are not cards."""


@issue.command("server", short_help="Certify a server.")
@click.argument("hosts", metavar="[HOST]…", nargs=-1)
@igc_option
@_CSR
@_ORGANISATION
@_OUT
@FORCE
@JSON
def server(
    hosts: tuple[str, ...],
    igc: Path | None,
    csr: Path | None,
    organisation: str,
    folder: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Certify a server of these names or addresses, or of those in its request, for TLS.

    The first name is the common name; all are alternative names. The form is that of the public certificates of software,
    with the usages of the old class 4 for servers; synthetic.

    \b
    bifente igc issue server localhost 127.0.0.1 -o site
    bifente igc issue server --csr site.csr -o site …
    """
    from bifente.workbench.authorities.organisations import issue_server

    authority = open_authority(igc)
    with progress("RSA keys") as told:
        made = issue_server(
            authority, hosts, folder, csr=csr, organisation=organisation, replace=force, progress=told
        )
    _say(made, as_json=as_json)


@issue.command("software", short_help="Certify software.")
@click.argument("name", metavar="[NAME]", required=False, default="")
@igc_option
@click.option(
    "--use",
    type=click.Choice(["signature", "authentication", "encryption"]),
    default="signature",
    show_default=True,
    help="What its key is for.",
)
@_CSR
@_ORGANISATION
@_OUT
@FORCE
@JSON
def software(
    name: str,
    igc: Path | None,
    use: str,
    csr: Path | None,
    organisation: str,
    folder: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Certify software of that NAME, or of the common name in its request.

    A certificate to sign is that of the real ones field by field; one to authenticate or to decipher is synthetic.

    \b
    bifente igc issue software logiciel.test -o software
    bifente igc issue software logiciel.test --use encryption -o other
    """
    from bifente.workbench.authorities.organisations import issue_software

    authority = open_authority(igc)
    with progress("RSA keys") as told:
        made = issue_software(
            authority,
            name,
            folder,
            use=use,
            csr=csr,
            organisation=organisation,
            replace=force,
            progress=told,
        )
    _say(made, as_json=as_json)


def _say(made: "OrganisationFiles", *, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "name": made.name,
                "serial": made.serial,
                "certificate": str(made.certificate),
                "chain": str(made.chain),
                "key": str(made.key) if made.key is not None else None,
                "not_after": made.not_after.isoformat(),
            }
        )
        return
    say(f"{made.name}, until {made.not_after:%Y-%m-%d}")
    say(f"  certificate  {made.certificate}")
    say(f"  chain        {made.chain}")
    if made.key is not None:
        say(f"  key          {made.key} (readable by you only)")


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
