"""``bifente annuaire import|fill|mail|hide|unhide``: what changes the annuaire."""

from collections.abc import Sequence
from pathlib import Path

import click

from bifente.cli.annuaire.options import annuaire_option
from bifente.cli.options import JSON, PATH
from bifente.cli.progress import progress
from bifente.cli.visible import say, say_json


@click.command("import", short_help="Take in the public extracts of the Annuaire Santé.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=PATH)
@annuaire_option
@click.option(
    "--forget",
    is_flag=True,
    help="Take out who was imported before and is not in this extract of activities.",
)
@JSON
def import_(files: Sequence[Path], annuaire: Path | None, forget: bool, as_json: bool) -> None:
    """Take FILEs of the public extraction en libre accès into the annuaire, which is made if need be.

    Read are PS_LibreAcces_Personne_activite (56 columns: who practises what, and where) and Porteurs_CPS_CPF (cards), as text
    or as a zip. The first line tells which one it is. A file is taken whole, or not at all; a newer one takes the place of
    what an older one said.

    \b
    Examples:
      bifente annuaire import PS_LibreAcces_Personne_activite.txt
      bifente annuaire import PS_LibreAcces_Personne_activite.txt --forget
    """
    from bifente.workbench.annuaire.filling import import_extracts

    with progress("Bytes of the extract") as told:
        done = import_extracts(files, annuaire, forget=forget, told=told)
    if as_json:
        say_json(
            [
                {"extract": one.kind.value, "rows": one.rows, "forgotten": one.forgotten, "file": str(file)}
                for one, file in zip(done, files, strict=True)
            ]
        )
        return
    for one, file in zip(done, files, strict=True):
        gone = f", {one.forgotten} taken out" if one.forgotten else ""
        say(f"{file}: {one.rows} rows of {one.kind.value}{gone}")


@click.command("fill", short_help="Publish cards, certificates, what an authority issued.")
@click.argument("files", metavar="[CARD|CERTIFICATE|DIR]...", nargs=-1, type=PATH)
@annuaire_option
@click.option(
    "--igc", metavar="DIR", type=PATH, help="An authority: publish what it has issued, and follow its lists."
)
@click.option(
    "--mail", metavar="ADDRESS", default="", help="The mail address of the one holder that is named."
)
@click.option(
    "--without",
    metavar="ID",
    multiple=True,
    help="A national identifier that is not to be listed; may be repeated.",
)
@JSON
def fill(
    files: Sequence[Path],
    annuaire: Path | None,
    igc: Path | None,
    mail: str,
    without: Sequence[str],
    as_json: bool,
) -> None:
    """Publish the certificates of card files, of certificate files (DER, PEM, PKCS #7) and of all of these in folders.

    Whom a certificate names is listed: a person with a card, a server or an application with its structure. Holders who do
    not want to be listed are named with --without.

    \b
    Examples:
      bifente annuaire fill doctor.card --mail camille@cabinet.example
      bifente annuaire fill doctor.card copy.card --igc igc
    """
    from bifente.workbench.annuaire.filling import fill as fill_annuaire
    from bifente.workbench.authority import open_authority

    if not files and igc is None:
        raise click.UsageError("give cards, certificates or folders, or an authority with --igc")
    authority = open_authority(igc) if igc is not None else None
    done = fill_annuaire(files, annuaire, authority=authority, without=without, mail=mail)
    if as_json:
        say_json({"certificates": done.found, "new": done.new, "left_out": list(done.left_out)})
        return
    say(f"{done.found} certificates, {done.new} of them new")
    for identifier in done.left_out:
        say(f"  {identifier} is not listed")


@click.command("mail", short_help="Give somebody a mail address.")
@click.argument("identifier", metavar="ID")
@click.argument("address", metavar="ADDRESS")
@annuaire_option
def mail(identifier: str, address: str, annuaire: Path | None) -> None:
    """Give the professional with the national identifier ID a mail address, by which letters find his or her certificate.

    \b
    Example:
      bifente annuaire mail 899700000013 camille@cabinet.example
    """
    from bifente.workbench.annuaire.filling import add_mail

    add_mail(identifier, address, annuaire)
    say(f"{identifier}: {address}")


@click.command("hide", short_help="Do not list somebody who does not want it.")
@click.argument("identifier", metavar="ID")
@annuaire_option
def hide(identifier: str, annuaire: Path | None) -> None:
    """Do not list the professional with the national identifier ID: not now, and not after an import or a new card.

    Neither search nor pages, LDAP or FHIR show anything of such an entry.
    """
    from bifente.workbench.annuaire.filling import set_listed

    there = set_listed(identifier, annuaire, listed=False)
    say(f"{identifier} is not listed" if there else f"{identifier} will not be listed; there is no entry yet")


@click.command("unhide", short_help="List somebody again.")
@click.argument("identifier", metavar="ID")
@annuaire_option
def unhide(identifier: str, annuaire: Path | None) -> None:
    """List the professional with the national identifier ID again, who was hidden before."""
    from bifente.workbench.annuaire.filling import set_listed

    before = set_listed(identifier, annuaire, listed=True)
    say(f"{identifier} is listed again" if before else f"{identifier} was not hidden")
