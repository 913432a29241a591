"""The lists of opposed cards beside an authority: revocation lists for professionals, an opposition list for Vitales.

``oppositions.json`` is ours (``synthetic``: the real lists are tables of the reader's software); the revocation lists are
RFC 5280 CRLs made from it. Format::

    {"format": 1, "cps": [{"card", "gamme", "certificates": [serial…], "date"}], "vitale": [{"card", "pan", "date"}]}
"""

import json
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.cli.errors import CliError, ExitCode, quoted
from bifente.documents import DocumentError, Fields, read_json, replace_file

if TYPE_CHECKING:
    from bifente.applets.perso.cardrecords import Records
    from bifente.igc import Authority

LIST = "oppositions.json"
_LONGEST_LIST = 16 << 20
_SERIAL = re.compile(r"[0-9a-f]{1,40}")
_NEXT_UPDATE = timedelta(days=7)

Entries = dict[str, list[dict[str, object]]]


def opposed_since(authority: "Authority", records: "Records") -> date | None:
    """Since when the card is on the authority's lists. Raises CliError."""
    kind, serial = _kind(records)
    for entry in read_list(authority.directory / LIST)[kind]:
        if entry.get("card") == serial:
            return date.fromisoformat(str(entry["date"]))
    return None


def add_card(authority: "Authority", records: "Records", since: date) -> list[Path]:
    """Put a card on the authority's lists and return the files written. Raises CliError."""
    kind, serial = _kind(records)
    entry = (
        _professional(records)
        if kind == "cps"
        else {"card": serial, "pan": records["identity"][2:12].hex().upper()}
    )
    return _replace(authority, kind, serial, {**entry, "date": since.isoformat()})


def remove_card(authority: "Authority", records: "Records") -> list[Path]:
    """Take a card off the authority's lists and return the files written. Raises CliError."""
    kind, serial = _kind(records)
    return _replace(authority, kind, serial, None)


def _kind(records: "Records") -> tuple[str, str]:
    """The list that a card belongs to, and its number."""
    from bifente.applets.perso.cardrecords import meta_of

    meta = meta_of(records)
    kind = {"cps3": "cps", "vitale2": "vitale"}.get(meta.kind)
    if kind is None:
        raise CliError("this card has no issuer that could oppose it")
    return kind, meta.serial


def _replace(authority: "Authority", kind: str, serial: str, entry: dict[str, object] | None) -> list[Path]:
    """Write the lists with *entry*, or nothing, in the place of what they say of a card."""
    path = authority.directory / LIST
    entries = read_list(path)
    before = [one for one in entries[kind] if one.get("card") == serial]
    others = [one for one in entries[kind] if one.get("card") != serial]
    entries[kind] = [*others, entry] if entry is not None else others
    written = [path]
    replace_file(path, json.dumps({"format": 1, **entries}, indent=2).encode() + b"\n")
    if kind == "cps":
        touched = {str(one["gamme"]) for one in (*before, *([entry] if entry is not None else []))}
        written += [_revoke(authority, entries["cps"], gamme) for gamme in sorted(touched)]
    return written


def read_list(path: Path) -> Entries:
    """The list, empty when there is none. Raises CliError."""
    try:
        fields = Fields(read_json(path, _LONGEST_LIST), str(path))
        if fields.integer("format") != 1:
            fields.refuse("1 was expected: another release wrote this list", "format")
        lists = {
            "cps": [_professional_entry(entry) for entry in fields.objects("cps")],
            "vitale": [_vitale_entry(entry) for entry in fields.objects("vitale")],
        }
        fields.end()
    except FileNotFoundError:
        return {"cps": [], "vitale": []}
    except DocumentError as error:
        raise CliError(
            f"{error} (not a list of opposed cards)",
            ExitCode.BAD_INPUT,
            hint=f"repair it, or remove {quoted(path)}: the lists begin anew",
        ) from None
    return lists


def _professional_entry(fields: Fields) -> dict[str, object]:
    from bifente.igc import Gamme

    entry: dict[str, object] = {"card": fields.text("card"), "gamme": fields.text("gamme")}
    if entry["gamme"] not in {gamme.value for gamme in Gamme}:
        fields.refuse(f"one of {', '.join(gamme.value for gamme in Gamme)} was expected", "gamme")
    entry["certificates"] = fields.texts("certificates")
    for serial in fields.texts("certificates"):
        if not _SERIAL.fullmatch(serial):
            fields.refuse("serial numbers in hexadecimal were expected", "certificates")
    entry["date"] = fields.day("date").isoformat()
    fields.end()
    return entry


def _vitale_entry(fields: Fields) -> dict[str, object]:
    entry: dict[str, object] = {name: fields.text(name) for name in ("card", "pan")}
    entry["date"] = fields.day("date").isoformat()
    fields.end()
    return entry


def _professional(records: "Records") -> dict[str, object]:
    from cryptography import x509

    from bifente.applets.perso.cardrecords import content_bytes, layout_of, meta_of
    from bifente.igc import Gamme

    layout = layout_of(records)
    serials = []
    issuer = ""
    for name in ("EF.C.CH.SIG", "EF.C.CH.AUT"):
        path, node = layout.named(name)
        try:
            certificate = x509.load_der_x509_certificate(content_bytes(records, node, path))
        except ValueError:
            raise CliError(f"{name} holds no certificate") from None
        serials.append(f"{certificate.serial_number:x}")
        issuer = certificate.issuer.rfc4514_string()
    gamme = next((gamme for gamme in Gamme if gamme.value in issuer), Gamme.FORT)
    return {"card": meta_of(records).serial, "gamme": gamme.value, "certificates": serials}


def _revoke(authority: "Authority", entries: list[dict[str, object]], gamme_name: str) -> Path:
    from bifente.igc import Gamme

    gamme = Gamme(gamme_name)
    revoked = [
        (int(serial, 16), datetime.combine(date.fromisoformat(str(entry["date"])), time(), UTC))
        for entry in entries
        if entry["gamme"] == gamme_name
        for serial in _serials(entry)
    ]
    now = datetime.now(UTC)
    path = authority.directory / f"persons-{gamme_name.lower()}.crl"
    number = int(now.timestamp())
    replace_file(
        path,
        authority.crl(gamme, revoked, this_update=now, next_update=now + _NEXT_UPDATE, number=number),
    )
    return path


def _serials(entry: dict[str, object]) -> list[str]:
    serials = entry["certificates"]
    return [str(one) for one in serials] if isinstance(serials, list) else []
