"""``bifente annuaire serve|fhir``: the annuaire for browsers and programs."""

from pathlib import Path

import click

from bifente.cli.annuaire.options import annuaire_option
from bifente.cli.visible import say, say_json


@click.command("fhir", short_help="Ask as a program asks: FHIR-shaped JSON.")
@click.argument("question", metavar="QUESTION")
@annuaire_option
def fhir(question: str, annuaire: Path | None) -> None:
    """Print the answer to a QUESTION as JSON in the shape of FHIR R4, with the field names of the Annuaire Santé.

    Practitioner takes identifier, name, family, given, number-smartcard, mailbox-mss, qualification-code and address-city;
    Organization takes identifier, name, address-city, address-postalcode (a beginning of one: a département) and mailbox-mss.

    \b
    Examples:
      bifente annuaire fhir 'Practitioner?family=fictif&qualification-code=10'
      bifente annuaire fhir 'Organization?address-postalcode=88&name=cabinet'
      bifente annuaire fhir Practitioner/899700000013
    """
    from bifente.workbench.annuaire.fhirsearch import answer_from

    say_json(answer_from(question, annuaire))


@click.command("serve", short_help="Serve the annuaire's pages to a browser, on loopback.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8088,
    show_default=True,
    metavar="PORT",
    help="0: any that is free.",
)
@annuaire_option
def serve(port: int, annuaire: Path | None) -> None:
    """Serve the annuaire as web pages, in French and English, and as FHIR-shaped JSON below /fhir; on 127.0.0.1 only.

    The pages need no script and no network. Ctrl-C ends it.

    \b
    Example:
      bifente annuaire serve --port 0 …
    """
    from bifente.web.annuaire.serving import serve_annuaire

    serve_annuaire(annuaire, port, ready=lambda url: say(f"the annuaire is at {url} (Ctrl-C ends it)"))
