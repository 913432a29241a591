"""``bifente igc``: make an authority of one's own, and look at it."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.authority import new_passphrase
from bifente.cli.igc.certificate import certificate
from bifente.cli.igc.issuing import issue
from bifente.cli.igc.renewing import renew, rollover
from bifente.cli.igc.revoking import crl, list_, revoke, serve
from bifente.cli.igc.serverexample import server_example
from bifente.cli.options import JSON, PATH, Day, one_of
from bifente.cli.progress import progress
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from bifente.igc import Authority

_FOLDER = click.argument("directory", metavar="DIR", type=PATH)


@click.group(short_help="Make, show and publish a certification authority of your own.")
def igc() -> None:
    """The certification authority that issues the certificates of your cards, and those of caisses: make it, look at it,
    revoke what it issued, and publish its lists."""


for _command in (certificate, issue, list_, renew, revoke, rollover, crl, serve, server_example):
    igc.add_command(_command)


@igc.command("init")
@_FOLDER
@click.option(
    "--environment",
    type=click.Choice(["T", "P"], case_sensitive=False),
    metavar=one_of(["T", "P"]),
    default="T",
    show_default=True,
    help="T: everything is marked TEST. P: production-like, just as invented.",
)
@click.option(
    "--base-url",
    metavar="URL",
    help="Where it will be published (igc serve): stands in its certificates.  [default: a host that no network has]",
)
@click.option(
    "--ldap-url",
    metavar="URL",
    help="Where its directory will be: stands in its certificates.  [default: a host that no network has]",
)
@click.option(
    "--until", metavar="DATE", type=Day(), help="The last day of its certificates.  [default: 2049-12-31]"
)
@click.option(
    "--passphrase",
    "enciphered",
    is_flag=True,
    help="Encipher its private keys: asks for a passphrase, or takes that of BIFENTE_IGC_PASSPHRASE.",
)
@JSON
def init(
    directory: Path,
    environment: str,
    base_url: str | None,
    ldap_url: str | None,
    until: datetime | None,
    enciphered: bool,
    as_json: bool,
) -> None:
    """Make an authority in DIR: two chains (FORT, STANDARD) and the CV roots of both kinds of card.

    An authority that is there already is shown and left as it is.

    \b
    bifente igc init igc
    bifente igc init my-igc --base-url http://127.0.0.1:8470
    """
    from bifente.igc import Authority
    from bifente.workbench.authorities.making import make_authority

    reused = Authority.exists(directory)
    passphrase = new_passphrase() if enciphered and not reused else b""
    with progress("RSA keys") as told:
        authority = make_authority(
            directory,
            environment=environment,
            base_url=base_url,
            ldap_url=ldap_url,
            until=until.date() if until is not None else None,
            passphrase=(lambda: passphrase) if passphrase else None,
            progress=told,
        )
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
    if authority.names.urls.base:
        say(f"  published at {authority.names.urls.base}")
    for one in authority.certificates.values():
        say(f"  {one.subject.rfc4514_string()}")
        say(f"    until {one.not_valid_after_utc:%Y-%m-%d}  SHA-256 {_fingerprint(one)}")
    for domain, holders in (("C", "professionals' cards"), ("V", "cartes Vitale")):
        root = authority.cv_root(domain)
        say(f"  CV root {root.car.decode()} for {holders}")


def _facts(authority: "Authority") -> dict[str, object]:
    return {
        "directory": str(authority.directory),
        "environment": authority.environment,
        "base_url": authority.names.urls.base or None,
        "ldap_url": authority.names.urls.ldap or None,
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
