"""``bifente annuaire``: filled, searched, shown."""

import click

from bifente.cli.lazygroup import LazyGroup

TABLE: dict[str, tuple[str, str]] = {
    "certificate": ("bifente.cli.annuaire.looking:certificate", "Take a certificate out of the annuaire."),
    "fhir": ("bifente.cli.annuaire.programs:fhir", "Ask as a program asks: FHIR-shaped JSON."),
    "fill": ("bifente.cli.annuaire.filling:fill", "Publish cards, certificates, what an authority issued."),
    "hide": ("bifente.cli.annuaire.filling:hide", "Do not list somebody who does not want it."),
    "import": ("bifente.cli.annuaire.filling:import_", "Take in the public extracts of the Annuaire Santé."),
    "ldap": (
        "bifente.cli.annuaire.programs:ldap",
        "Serve the published certificates over LDAP, on loopback.",
    ),
    "mail": ("bifente.cli.annuaire.filling:mail", "Give somebody a mail address."),
    "recipient": ("bifente.cli.annuaire.looking:recipient", "Whom a letter to an address is enciphered for."),
    "search": ("bifente.cli.annuaire.looking:search", "Find professionals, structures, servers."),
    "serve": (
        "bifente.cli.annuaire.programs:serve",
        "Serve the annuaire's pages to a browser, on loopback.",
    ),
    "show": ("bifente.cli.annuaire.looking:show", "Show one entry whole."),
    "unhide": ("bifente.cli.annuaire.filling:unhide", "List somebody again."),
}


@click.group(cls=LazyGroup, table=TABLE, short_help="Search the directory of professionals and certificates.")
def annuaire() -> None:
    """The directory of health professionals, structures and servers, with their cards and certificates.

    It is filled from cards and authorities of your own, and from the public extracts of the Annuaire Santé.

    \b
    Examples:
      bifente annuaire fill doctor.card --mail camille@cabinet.example
      bifente annuaire import PS_LibreAcces_Personne_activite.txt
      bifente annuaire search fictif --departement Vosges
      bifente annuaire show 899700000013
    """
