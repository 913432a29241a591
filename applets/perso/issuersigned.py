"""The issuer's signature over a card's files: made at personalisation, and what of it still holds afterwards."""

from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING

from bifente.apdu.issuersignature import IssuerSignature, IssuerSignatureError
from bifente.applets.kernel.files import file_record
from bifente.applets.kernel.state import IDENTITY_RECORD
from bifente.applets.perso.cardrecords import Records, content_bytes, content_record, layout_of

if TYPE_CHECKING:
    from bifente.applets.perso.issuer import Issuer


def signature_record(records: Records) -> str | None:
    """The name of the record with the issuer's signature; None for a kind of card that has none."""
    path = layout_of(records).issuer_signature
    return None if path is None else file_record(path)


def contents(records: Records) -> dict[int, bytes]:
    """The files that an issuer signs, as READ BINARY gives them, by FID."""
    return {
        node.fid: content_bytes(records, node, path)
        for path, node in layout_of(records).issued()
        if file_record(path) in records
    }


def signed(records: Records, issuer: "Issuer", day: date) -> dict[str, bytes]:
    """The record with *issuer*'s signature over the files that *records* hold now; empty for a card without one.

    Raises what the issuer raises.
    """
    layout = layout_of(records)
    path = layout.issuer_signature
    if path is None or layout.party is None:
        return {}
    raw = issuer.sign_contents(
        domain=layout.party.root,
        pan=records[IDENTITY_RECORD][2:12],
        digests={fid: sha256(content).digest() for fid, content in contents(records).items()},
        day=day,
    )
    return {file_record(path): content_record(layout.file(path), path, {"hex": raw.hex().upper()})}


def read(records: Records) -> IssuerSignature | None:
    """The issuer's signature on the card; None when there is none. Raises IssuerSignatureError."""
    name = signature_record(records)
    if name is None or name not in records:
        return None
    path = name.removeprefix("file/")
    return IssuerSignature.parse(content_bytes(records, layout_of(records).file(path), path))


def uncovered(records: Records) -> list[str]:
    """The names of the files that the issuer's signature on the card does not cover as they are now.

    Empty when there is no signature; all of them when it cannot be read or is another card's. Whether the signature
    itself is genuine only the issuer's key shows.
    """
    names = {node.fid: node.name for _, node in layout_of(records).issued()}
    present = contents(records)
    try:
        signature = read(records)
    except IssuerSignatureError:
        return [names[fid] for fid in present]
    if signature is None:
        return []
    if signature.chr != records[IDENTITY_RECORD][:12]:
        return [names[fid] for fid in present]
    gone = [fid for fid in signature.digests if fid not in present]
    return [names.get(fid, f"{fid:04X}") for fid in sorted({*signature.uncovered(present), *gone})]
