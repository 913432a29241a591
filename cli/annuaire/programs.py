"""``bifente annuaire serve|ldap|fhir``: the annuaire for browsers and programs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.annuaire.options import annuaire_option
from bifente.cli.options import FORCE, PATH
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.workbench.annuaire.slapd import ServedDirectory


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


@click.command("ldap", short_help="Serve the published certificates over LDAP, on loopback.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=3389,
    show_default=True,
    metavar="PORT",
    help="0: any that is free.",
)
@click.option("--base", metavar="DN", help="Where the directory begins.  [default: o=gip-cps-test,c=fr]")
@click.option(
    "--limit",
    type=click.IntRange(0, 100_000),
    default=10,
    show_default=True,
    metavar="N",
    help="Answers to a search, as the real one had it; 0: no limit.",
)
@click.option(
    "--ldif", metavar="FILE", type=PATH, help="Write the entries as LDIF instead, and serve nothing."
)
@FORCE
@annuaire_option
def ldap(
    port: int, base: str | None, limit: int, ldif: Path | None, force: bool, annuaire: Path | None
) -> None:
    """Serve whoever has published certificates, and the authorities with their lists, over LDAP on 127.0.0.1.

    The tree is that of the old directory: cn=01349@349.01.rss.fr,ou=339172288100045,l=Sarthe (72),o=gip-cps,c=fr, with
    userCertificate;binary; authorities are pkiCA below their own base. Debian's slapd does the work: it is configured here, runs
    without root, cannot be written to, and ends with Ctrl-C.

    \b
    Examples:
      bifente annuaire ldap --ldif annuaire.ldif --force
      bifente annuaire ldap --port 3389 …
      ldapsearch -x -H ldap://127.0.0.1:3389 -b o=gip-cps-test,c=fr '(cn=01349*)' 'userCertificate;binary'
    """
    from bifente.workbench.annuaire.slapd import serve_directory, write_ldif

    if ldif is not None:
        count = write_ldif(ldif, annuaire, base=base, replace=force)
        say(f"{ldif}: {count} entries")
        return

    def ready(served: "ServedDirectory") -> None:
        say(f"the annuaire is at {served.url} with {served.entries} entries (Ctrl-C ends it)")
        for one in served.bases:
            say(f"  {one}")

    serve_directory(annuaire, port, base=base, limit=limit, ready=ready)
