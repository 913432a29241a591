"""``bifente igc``: make an authority of one's own, and look at it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.igc.issuing import issue
from bifente.cli.options import JSON, PATH
from bifente.cli.progress import progress
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from bifente.igc import Authority

_FOLDER = click.argument("directory", metavar="DIR", type=PATH)


@click.group(short_help="Make and show a certification authority of your own.")
def igc() -> None:
    """Make and show the certification authority that issues the certificates of your cards, and those of caisses."""


igc.add_command(issue)


@igc.command("init")
@_FOLDER
@click.option(
    "--environment",
    type=click.Choice(["T", "P"], case_sensitive=False),
    default="T",
    show_default=True,
    help="T: everything is marked TEST. P: production-like, just as invented.",
)
@JSON
def init(directory: Path, environment: str, as_json: bool) -> None:
    """Make an authority in DIR: two chains (FORT, STANDARD) and the CV roots of both kinds of card.

    An authority that is there already is shown and left as it is.
    """
    from bifente.igc import Authority

    reused = Authority.exists(directory)
    with progress("RSA keys") as told:
        authority = Authority.init(directory, environment=environment, progress=told)
    _show(authority, as_json=as_json, created=not reused)


@igc.command("show")
@_FOLDER
@JSON
def show(directory: Path, as_json: bool) -> None:
    """Show the authority in DIR."""
    from bifente.igc import Authority

    _show(Authority.open(directory), as_json=as_json)


def _show(authority: "Authority", *, as_json: bool, created: bool | None = None) -> None:
    facts = _facts(authority)
    if as_json:
        if created is not None:
            facts["created"] = created
        say_json(facts)
        return
    kind = "TEST" if authority.is_test else "production-like"
    say(f"{kind} authority in {authority.directory}{' (was there already)' if created is False else ''}")
    for certificate in authority.certificates.values():
        say(f"  {certificate.subject.rfc4514_string()}")
        say(f"    until {certificate.not_valid_after_utc:%Y-%m-%d}  SHA-256 {_fingerprint(certificate)}")
    for domain, holders in (("C", "professionals' cards"), ("V", "cartes Vitale")):
        root = authority.cv_root(domain)
        say(f"  CV root {root.car.decode()} for {holders}")


def _facts(authority: "Authority") -> dict[str, object]:
    return {
        "directory": str(authority.directory),
        "environment": authority.environment,
        "certificates": [
            {
                "name": name,
                "subject": certificate.subject.rfc4514_string(),
                "issuer": certificate.issuer.rfc4514_string(),
                "serial": f"{certificate.serial_number:036x}",
                "not_before": certificate.not_valid_before_utc.isoformat(),
                "not_after": certificate.not_valid_after_utc.isoformat(),
                "sha256": _fingerprint(certificate),
            }
            for name, certificate in authority.certificates.items()
        ],
        "cv_roots": [
            {"car": root.car.decode(), "modulus": f"{root.n:x}", "exponent": root.e}
            for root in (authority.cv_root("C"), authority.cv_root("V"))
        ],
    }


def _fingerprint(certificate: "Certificate") -> str:
    from cryptography.hazmat.primitives.hashes import SHA256

    return certificate.fingerprint(SHA256()).hex()
