"""``bifente igc list``, ``revoke``, ``crl`` and ``serve``: what was issued, and what is told of its state."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.authority import existing_authority
from bifente.cli.options import FORCE, JSON, PATH, REASONS, Day, igc_option, one_of
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.igc.register import IssuedCertificate

_HIGHEST_PORT = 65_535


@click.command("list", short_help="List what an authority has issued.")
@click.argument("what", metavar="[SERIAL|CARD|HOLDER]", required=False, default="")
@igc_option
@JSON
def list_(what: str, igc: Path | None, as_json: bool) -> None:
    """List the certificates that the authority has issued, or those of one serial number, card or holder.

    \b
    bifente igc list
    bifente igc list 899700000013 --json
    """
    from bifente.workbench.authorities.issued import issued_certificates

    found = issued_certificates(existing_authority(igc), what)
    now = datetime.now(UTC)
    if as_json:
        say_json([_facts(one, now) for one in found])
        return
    for one in found:
        say(_line(one, now))


@click.command("revoke", short_help="Revoke a certificate, or a card with all of its certificates.")
@click.argument("what", metavar="SERIAL|CARD")
@igc_option
@click.option(
    "--reason",
    type=click.Choice(REASONS, case_sensitive=False),
    metavar=one_of(REASONS),
    default="unspecified",
    show_default=True,
    help="Why, in the words of RFC 5280. Only certificateHold can be taken back.",
)
@click.option("--date", "day", metavar="DATE", type=Day(), help="Since when.  [default: now]")
@JSON
def revoke(what: str, igc: Path | None, reason: str, day: datetime | None, as_json: bool) -> None:
    """Revoke the certificate of a SERIAL number, or a CARD: its number, or its file.

    A card is opposed as "card oppose" does it: its certificates are revoked together, and it is on the list of opposed cards.
    Revocation lists in the authority's folder are written anew; "igc serve" and the responder know at once.

    \b
    bifente igc list
    bifente igc revoke 4f2a…6b7c --reason keyCompromise
    bifente igc revoke doctor.card --reason cessationOfOperation
    """
    from bifente.workbench.authorities.issued import revoke_certificates

    news = revoke_certificates(existing_authority(igc), what, reason, day.date() if day is not None else None)
    now = datetime.now(UTC)
    if as_json:
        say_json(
            {
                "card": news.card or None,
                "certificates": [_facts(one, now) for one in news.certificates],
                "written": [str(path) for path in news.written],
            }
        )
        return
    for one in news.certificates:
        say(_line(one, now))
    for path in news.written:
        say(f"{path} written")


@click.command("crl", short_help="Write the revocation lists of an authority into a folder.")
@igc_option
@click.option(
    "-o", "--out", "folder", required=True, metavar="DIR", type=PATH, help="The folder for the lists."
)
@FORCE
@JSON
def crl(igc: Path | None, folder: Path, force: bool, as_json: bool) -> None:
    """Write a complete list of each authority and a delta list of each that issues, as they are published.

    Beside them stand lists.pem, all complete lists in one file, and chain.pem, the certificates above: what nginx calls
    ssl_crl and ssl_client_certificate.

    \b
    bifente igc crl -o lists
    openssl verify -crl_check_all -CRLfile lists/lists.pem -CAfile lists/chain.pem certificate.pem
    """
    from bifente.workbench.authorities.publishing import write_revocation_lists

    news = write_revocation_lists(existing_authority(igc), folder, replace=force)
    if as_json:
        say_json([{"file": str(one.path), "number": one.number, "entries": one.revoked} for one in news])
        return
    for one in news:
        say(f"{one.path}  number {one.number}, {one.revoked} revoked")


@click.command("serve", short_help="Publish certificates, revocation lists and OCSP over HTTP.")
@igc_option
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, _HIGHEST_PORT),
    help="On loopback; 0 takes a free one.  [default: that of the address in the certificates, else a free one]",
)
@click.option("--quiet", is_flag=True, help="Do not print each request.")
def serve(igc: Path | None, port: int | None, quiet: bool) -> None:
    """Publish the authority on loopback until Ctrl-C: certificates, revocation lists, delta lists and the OCSP responder.

    "igc init --base-url" writes the address into the certificates, so that programs find all of it by themselves.

    \b
    bifente igc init my-igc --base-url http://127.0.0.1:8470
    bifente igc serve --igc my-igc
    """
    import sys

    from bifente.workbench.authorities.publishing import serving
    from bifente.workbench.served.serving import Stop, until_signal

    authority = existing_authority(igc)
    stop = Stop()
    with until_signal(stop), serving(authority, port=port, tell=None if quiet else say) as there:
        say(there.url)
        for path, what in there.paths:
            say(f"  {path}  {what}")
        if not there.named:
            say("note: the certificates name another address: programs must be told this one")
        sys.stdout.flush()
        stop.wait()


def _facts(one: "IssuedCertificate", now: datetime) -> dict[str, object]:
    def text(when: datetime | None) -> str | None:
        return when.isoformat() if when is not None else None

    return {
        "serial": one.serial_hex,
        "authority": one.authority,
        "purpose": one.purpose.value,
        "holder": one.holder,
        "card": one.card or None,
        "not_before": text(one.not_before),
        "not_after": text(one.not_after),
        "status": one.status_at(now),
        "revoked": text(one.revoked),
        "reason": one.reason.value if one.reason is not None else None,
    }


def _line(one: "IssuedCertificate", now: datetime) -> str:
    state = one.status_at(now)
    if one.revoked is not None and one.reason is not None:
        state += f" since {one.revoked:%Y-%m-%d} ({one.reason.value})"
    until = f"until {one.not_after:%Y-%m-%d}" if one.not_after is not None else ""
    card = f"card {one.card}" if one.card else ""
    words = (one.serial_hex, one.purpose.value, one.holder, card, until, state)
    return "  ".join(word for word in words if word)
