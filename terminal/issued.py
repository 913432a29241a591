"""What the issuer has signed on a card, held against what the card gives (:mod:`bifente.apdu.issuersignature`)."""

from collections.abc import Callable, Collection
from typing import Final

from bifente.apdu import SW
from bifente.apdu.cvc import CvKey
from bifente.apdu.issuersignature import IssuerSignature, IssuerSignatureError
from bifente.layouts.cards import cps3, vitale2
from bifente.layouts.nodes import EF
from bifente.terminal.anchors import verify_issued
from bifente.terminal.errors import CardKind, CardRefused, NotIssued

_FILES: Final = {
    CardKind.CPS: {node.fid: node for _, node in cps3.LAYOUT.issued()},
    CardKind.VITALE: {node.fid: node for _, node in vitale2.LAYOUT.issued()},
}
"""The files that an issuer may have signed, by FID."""

_DOMAIN: Final = {CardKind.CPS: "C", CardKind.VITALE: "V"}


def verified(card: CardKind, raw: bytes, chr_: bytes, anchors: Collection[CvKey]) -> IssuerSignature | None:
    """The signature in the file *raw* of the card *chr_*; None when the file is empty. Raises NotIssued."""
    if not raw:
        return None
    try:
        signature = verify_issued(raw, _DOMAIN[card], anchors)
    except IssuerSignatureError as error:
        raise NotIssued(card, f"the issuer's signature is refused: {error}") from error
    if signature.chr != chr_:
        raise NotIssued(card, "the issuer's signature is that of another card")
    return signature


def read_covered(
    card: CardKind,
    signature: IssuerSignature,
    read: Callable[[EF], bytes],
) -> dict[str, bytes]:
    """All files under *signature* by name, each as it was signed; what else a card may hold is not read.

    Raises NotIssued that names the files which are changed or missing; what *read* raises.
    """
    contents: dict[int, bytes] = {}
    bad: list[str] = []
    known = _FILES[card]
    for fid in signature.digests:
        node = known.get(fid)
        try:
            if node is not None:
                contents[fid] = read(node)
        except CardRefused as refused:
            if refused.sw != SW.FILE_NOT_FOUND:
                raise
        if fid not in contents:
            bad.append(node.name if node is not None else f"{fid:04X}")
    bad += [known[fid].name for fid in signature.uncovered(contents)]
    if bad:
        raise NotIssued(card, f"the issuer's signature does not cover {', '.join(bad)}", files=bad)
    return {known[fid].name: content for fid, content in contents.items()}
