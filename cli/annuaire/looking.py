"""``bifente annuaire search|show|certificate|recipient``: what looks into the annuaire."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.annuaire.options import annuaire_option
from bifente.cli.options import FORCE, JSON, PATH
from bifente.cli.styled import Spans, print_spans, screen_width, table
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.igc.annuaire.values import FoundEntry, SearchAnswer

_KINDS = ("professional", "structure", "server")


@click.command("search", short_help="Find professionals, structures, servers.")
@click.argument("text", metavar="[NAME|IDENTIFIER]", nargs=-1)
@click.option(
    "--kind", type=click.Choice(_KINDS), default=_KINDS[0], show_default=True, help="What is looked for."
)
@click.option("--name", metavar="NAME", default="", help="Family name, or the name of a structure or server.")
@click.option("--given-name", metavar="NAME", default="", help="Given name.")
@click.option(
    "--identifier",
    metavar="ID",
    default="",
    help="National identifier: RPPS, ADELI, FINESS, SIRET, with or without type digit.",
)
@click.option("--departement", default="", metavar="NUMBER|NAME", help="88, Vosges or 'Vosges (88)'.")
@click.option("--commune", metavar="NAME", default="", help="Commune of a place of practice.")
@click.option("--profession", default="", metavar="CODE|NAME", help="10 or Médecin, as in table G15.")
@click.option("--skill", default="", metavar="CODE|NAME", help="Savoir-faire: SM26, as in table R01.")
@click.option("--card", default="", metavar="NUMBER", help="Number of a card.")
@click.option("--mail", default="", metavar="ADDRESS", help="Mail address.")
@click.option("--serial", default="", metavar="HEX", help="Serial number of a certificate.")
@click.option(
    "--page",
    metavar="N",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Which page of the answers.",
)
@click.option(
    "--size",
    metavar="N",
    type=click.IntRange(1, 200),
    default=20,
    show_default=True,
    help="Answers on a page.",
)
@annuaire_option
@JSON
def search(
    text: tuple[str, ...],
    kind: str,
    name: str,
    given_name: str,
    identifier: str,
    departement: str,
    commune: str,
    profession: str,
    skill: str,
    card: str,
    mail: str,
    serial: str,
    page: int,
    size: int,
    annuaire: Path | None,
    as_json: bool,
) -> None:
    """Find entries by a name or an identifier, and by anything else; all that is given must hold.

    The first three letters are enough; accents and case do not matter.

    \b
    Examples:
      bifente annuaire search fic cam
      bifente annuaire search --departement 88 --profession infirmier
      bifente annuaire search --kind structure pharmacie --commune epinal --json
    """
    from bifente.workbench.annuaire.searching import AskedWords, search_words

    asked = AskedWords(
        " ".join(text),
        name,
        given_name,
        identifier,
        card,
        mail,
        serial,
        departement,
        commune,
        profession,
        skill,
    )
    found = search_words(kind, asked, annuaire, page=page, size=size)
    if as_json:
        say_json(
            {
                "total": found.total,
                "more": found.more,
                "entries": [
                    {
                        "kind": one.kind.value,
                        "identifier": one.identifier,
                        "name": one.name,
                        "what": one.what,
                        "place": one.place,
                    }
                    for one in found.entries
                ],
            }
        )
        return
    print_spans(_answers(found, page, size))


def _answers(found: "SearchAnswer", page: int, size: int) -> Iterator[Spans]:
    for one in found.entries:
        yield from _entry(one)
    count = f"more than {found.total}" if found.more else str(found.total)
    if not found.total:
        yield [("no answer", "")]
        return
    first = (page - 1) * size + 1
    last = first + len(found.entries) - 1
    said = f"{count} answers" if found.total > 1 else "1 answer"
    if not found.entries:
        yield [(f"{said}, none on page {page}", "dim")]
    elif found.total > len(found.entries):
        more = f"; --page {page + 1} has the next" if last < found.total else ""
        yield [(f"{first} to {last} of {said}{more}", "dim")]
    else:
        yield [(said, "dim")]


def _entry(one: "FoundEntry") -> Iterator[Spans]:
    yield [(one.name, "bold"), (f"  {one.identifier}", "")]
    about = " · ".join(part for part in (one.what, one.place) if part)
    if about:
        yield [(f"    {about}", "")]


@click.command("show", short_help="Show one entry whole.")
@click.argument("identifier", metavar="ID")
@annuaire_option
@JSON
def show(identifier: str, annuaire: Path | None, as_json: bool) -> None:
    """Show all that the annuaire says of the entry ID: identity, place of practice, cards, certificates.

    ID is a national identifier with or without its type digit, the identifier of a structure, the number of a card, or the
    name of a server.
    """
    from bifente.workbench.annuaire.entries import document_of, sections_of, whole_entry

    entry = whole_entry(identifier, annuaire)
    if as_json:
        say_json(document_of(entry))
        return
    for number, (title, rows) in enumerate(sections_of(entry)):
        if number:
            say()
        print_spans([[(title, "bold")]])
        print_spans(table(rows, screen_width()))


@click.command("certificate", short_help="Take a certificate out of the annuaire.")
@click.argument("serial", metavar="SERIAL")
@click.option(
    "--form",
    type=click.Choice(["der", "pem", "chain"]),
    default="pem",
    show_default=True,
    help="chain: PEM, with the authorities above it.",
)
@click.option(
    "-o", "--out", "output", metavar="FILE", type=PATH, help="Where to write it.  [default: standard output]"
)
@FORCE
@annuaire_option
def certificate(serial: str, form: str, output: Path | None, force: bool, annuaire: Path | None) -> None:
    """Write the certificate with the serial number SERIAL (hexadecimal): as PEM, as DER, or with its chain.

    \b
    Examples:
      bifente annuaire certificate 21b617… --form chain -o cps.pem
      bifente annuaire certificate 21b617… | openssl x509 -noout -text
    """
    from bifente.workbench.annuaire.searching import certificate_file, save_certificate

    taken = certificate_file(serial, form, annuaire)
    if output is not None:
        save_certificate(taken, output, replace=force)
        say(f"{output}: {len(taken.content)} bytes")
        return
    if form == "der" and sys.stdout.isatty():
        raise click.UsageError("DER is not for a terminal: give -o FILE")
    sys.stdout.flush()
    sys.stdout.buffer.write(taken.content)
    sys.stdout.buffer.flush()


@click.command("recipient", short_help="Whom a letter to an address is enciphered for.")
@click.argument("address", metavar="ADDRESS")
@annuaire_option
@JSON
def recipient(address: str, annuaire: Path | None, as_json: bool) -> None:
    """Say which certificate a letter to the mail ADDRESS is enciphered for: a valid one, the newest if there are several."""
    from bifente.workbench.annuaire.searching import recipient_at

    found = recipient_at(address, annuaire)
    taken = found.certificate
    if as_json:
        say_json(
            {
                "address": found.address,
                "name": found.name,
                "serial": taken.serial,
                "use": taken.use.value,
                "subject": taken.subject,
                "issuer": taken.issuer,
                "not_before": taken.not_before.isoformat(),
                "not_after": taken.not_after.isoformat(),
                "others": [one.serial for one in found.others],
            }
        )
        return
    say(f"{found.name}, {found.address}")
    say(f"  {taken.use.value} certificate {taken.serial}, until {taken.not_after:%Y-%m-%d}")
    if found.remark:
        say(f"  {found.remark}")
