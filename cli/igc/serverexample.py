"""``bifente igc server-example``: a web server that lets in who has a CPS."""

from pathlib import Path

import click

from bifente.cli.authority import open_authority
from bifente.cli.options import FORCE, JSON, PATH, igc_option
from bifente.cli.progress import progress
from bifente.cli.visible import say, say_json

_HIGHEST_PORT = 65_535


@click.command("server-example", short_help="Write a web server's configuration that lets in who has a CPS.")
@click.argument("server", type=click.Choice(["nginx", "apache"]))
@igc_option
@click.option(
    "-o", "--out", "folder", required=True, metavar="DIR", type=PATH, help="The folder for its files."
)
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(1, _HIGHEST_PORT),
    default=8443,
    show_default=True,
    help="Where it listens, on loopback.",
)
@click.option(
    "--ocsp",
    "responder",
    metavar="URL",
    default="",
    help='Ask this responder about each card ("igc serve" prints its address).  [default: read revocation lists]',
)
@FORCE
@JSON
def server_example(
    server: str, igc: Path | None, folder: Path, port: int, responder: str, force: bool, as_json: bool
) -> None:
    """Write a site for nginx or Apache where the card is the key, and print the line that starts it.

    At / every card of the authority enters and is greeted by name; at /cps/ only that of a professional, not those of an
    establishment. Who is refused reads why: no card, expired, revoked, the signature certificate. It needs no root and
    listens on loopback only.

    \b
    bifente igc server-example nginx -o site
    bifente igc server-example apache -o site --port 9443
    bifente igc server-example nginx -o site --ocsp http://127.0.0.1:8470/OCSP
    """
    import shlex

    from bifente.workbench.authorities.servers.writing import write_server_example

    authority = open_authority(igc)
    with progress("RSA keys") as told:
        made = write_server_example(
            authority, server, folder, port=port, responder=responder, replace=force, progress=told
        )
    start, reload = shlex.join(made.start), shlex.join(made.reload)
    if as_json:
        say_json(
            {
                "server": made.server,
                "url": made.url,
                "directory": str(made.folder),
                "configuration": str(made.configuration),
                "root": str(made.root),
                "start": list(made.start),
                "reload": list(made.reload),
                "lists": str(made.lists) if made.lists is not None else None,
                "lists_until": made.lists_until.isoformat() if made.lists_until is not None else None,
            }
        )
        return
    say(f"{made.server} at {made.url}: every card; {made.url}cps/: a professional's only")
    say(f"  start    {start}")
    say(f"  browser  trusts {made.root}")
    if made.lists is not None and made.lists_until is not None:
        renew = shlex.join(
            ["bifente", "igc", "crl", "--igc", str(authority.directory), "-o", str(made.lists)]
        )
        say(f"  lists    until {made.lists_until:%Y-%m-%d}; then, and when a card is revoked:")
        say(f"           {renew} --force && {reload}")
    else:
        say(f"  asks     {responder}")
