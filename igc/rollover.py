"""A new key for an authority: it issues from then on, and the one before goes on signing its revocation lists and answers.

Both keys have certificates of one subject; a certificate names its issuer's by the key identifier. Each key has its own lists,
at an address with its number (``ACI-FO-PP-TEST-2.crl``).
"""

from datetime import datetime
from typing import TYPE_CHECKING

from bifente.crypto import rsa
from bifente.documents import new_file
from bifente.igc.chains import (
    CA_NOT_AFTER,
    CA_NOT_BEFORE,
    ca_name,
    issuer_kind,
    pem,
    read_keys,
    sign_intermediate,
    sign_root,
)
from bifente.igc.crls import second
from bifente.igc.errors import CertificateRefused
from bifente.igc.issuingkey import IssuingKey
from bifente.igc.keys import KeySource, Progress, make_keys
from bifente.igc.names import AnyGamme

if TYPE_CHECKING:
    from bifente.igc.authority import Authority

CA_BITS = 4096


def roll_over(
    authority: "Authority",
    gamme: AnyGamme,
    *,
    root: bool = False,
    not_before: datetime = CA_NOT_BEFORE,
    not_after: datetime = CA_NOT_AFTER,
    key_source: KeySource = rsa.generate,
    progress: Progress | None = None,
) -> list[IssuingKey]:
    """Give the issuing authority of *gamme* a new key, and with *root* its root too; the new keys, whose files are written.

    The key is written before its certificate, and the certificate makes it count: whoever is killed in between has changed
    nothing. Raises CertificateRefused, IgcError, OSError.
    """
    period = second(not_before), second(not_after)
    if period[0] >= period[1]:
        raise CertificateRefused(f"an authority cannot end on {period[1]:%Y-%m-%d}, before it begins")
    if not any(key.gamme is gamme for key in authority.issuing_keys):
        raise CertificateRefused(
            f"there is no authority {gamme.value} yet", hint="it is made when it first issues a certificate"
        )
    kinds = (*(("root",) if root else ()), issuer_kind(gamme))
    made = make_keys(dict.fromkeys(kinds, CA_BITS), key_source, progress)
    files = {kind: authority.key_pem(key) for kind, key in made.items()}
    folder, names = authority.directory, authority.names
    with authority.register.writing():  # two who roll over take turns
        there = read_keys(folder, names, [gamme])
        above = [key for key in there if key.root][-1]
        numbers = {
            kind: 1 + max(key.generation for key in there if key.root is (kind == "root")) for kind in kinds
        }
        if root:
            root_key, root_number = made["root"], numbers["root"]
            certificate = sign_root(names, gamme, root_key, period)
        else:
            root_key, root_number, certificate = authority.private_key(above), above.generation, None
            period = period[0], min(period[1], above.certificate.not_valid_after_utc)
        issuing = made[issuer_kind(gamme)].public_key()
        below = sign_intermediate(names, gamme, issuing, root_key, period, root_generation=root_number)
        for kind, signed in (("root", certificate), (issuer_kind(gamme), below)):
            if signed is not None:
                file = ca_name(kind, gamme, numbers[kind])
                new_file(folder / f"{file}.key", files[kind], replace=True)
                new_file(folder / f"{file}.pem", pem(signed))
    authority.take_keys(gamme)
    return [key for key in authority.issuing_keys if key.gamme is gamme and key not in there]
