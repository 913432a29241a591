"""``bifente igc certificate``: what a certificate says."""

from pathlib import Path

import click

from bifente.cli.options import JSON, PATH, igc_option
from bifente.cli.visible import say, say_json


@click.command("certificate", short_help="Show what a certificate says.")
@click.argument("file", metavar="FILE", type=PATH)
@igc_option
@JSON
def certificate(file: Path, igc: Path | None, as_json: bool) -> None:
    """Show whom a certificate (PEM or DER) names and by whom it was issued: of IGC-Santé, of the IGC-CPS before it (AC-CLASSE-4 and
    the like), or of an authority of one's own, whose register then tells whether it is revoked.

    \b
    bifente igc issue server localhost -o a-site
    bifente igc certificate a-site/server.pem
    """
    from bifente.workbench.authorities.reading import certificate_facts

    found = certificate_facts(file, igc)
    read = found.read
    lines = [
        ("subject", read.subject),
        ("issuer", read.issuer),
        ("IGC", found.generation),
        ("serial", read.serial),
        ("from", f"{read.not_before:%Y-%m-%d %H:%M:%S} UTC"),
        ("until", f"{read.not_after:%Y-%m-%d %H:%M:%S} UTC ({found.state})"),
        ("key", f"{found.key}, signed with {found.algorithm}"),
        ("use", read.use.value),
        *found.holder,
        *found.addresses,
        ("revocation", found.revocation),
    ]
    if as_json:
        say_json([{"what": what, "told": told} for what, told in lines if told])
        return
    for what, told in lines:
        if told:
            say(f"{what:16}{told}")
