"""What an issuer sends to a carte Vitale that it updates or renews: the files that become others, and what the file notes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bifente.applets.families.vitale2.profile import VitaleProfile
from bifente.applets.kernel.files import file_record
from bifente.applets.kernel.records import INITIAL
from bifente.applets.kernel.state import META_RECORD
from bifente.applets.perso import issuersigned
from bifente.applets.perso.cardrecords import (
    Records,
    content_bytes,
    content_record,
    layout_of,
    meta_of,
)
from bifente.applets.perso.edit.dump import profile_of
from bifente.applets.perso.errors import PersoError
from bifente.applets.perso.issuer import Issuer
from bifente.applets.perso.make.build import meta as meta_for
from bifente.applets.perso.profile.insured import SsvGroup
from bifente.applets.perso.profile.model import years_later
from bifente.layouts.cards.vitale2 import UPDATED
from bifente.layouts.issuerupdate import IssuerUpdate
from bifente.layouts.nodes import EF
from bifente.ssv import wire
from bifente.ssv.groups import Group


class Refreshment(NamedTuple):
    """What travels to the card, and the profile that it has from then on."""

    update: IssuerUpdate
    profile: VitaleProfile


def refreshed(records: Records, groups: Sequence[Group], issuer: Issuer, day: date) -> Refreshment:
    """The card with the rights *groups* in the place of its own; number and end of validity stay the card's.

    Raises PersoError for the rights of another assuré, for groups that make no card, and what the issuer raises.
    """
    profile = _vitale(records)
    own, new = profile.ssv_groups()[0], groups[0]
    if new["NIR"] != own["NIR"]:
        raise PersoError("these rights are those of another assuré: the NIR in group 101 differs")
    return _with(records, profile, groups, issuer, day)


def renewed(
    records: Records, groups: Sequence[Group], keys: Mapping[str, RSAPublicKey], issuer: Issuer, day: date
) -> Refreshment:
    """The card valid for another term from *day* on, with its rights *groups* and the same keys, certified anew.

    *keys* are the card's, by their use. Raises PersoError and what the issuer raises.
    """
    profile = _vitale(records)
    end = years_later(day, profile.VALIDITY_YEARS) - timedelta(days=1)
    longer = profile.model_copy(update={"issued": day, "expires": end})
    return _with(records, longer, groups, issuer, day, longer.certificates(keys, issuer))


def noted(records: Records, profile: VitaleProfile, day: date) -> dict[str, bytes | None]:
    """What the card file keeps of the profile that the card has now; no command of the card can read it."""
    old = meta_of(records)
    changed = replace(old, profile=meta_for(profile, day).profile).record()
    kept = {} if INITIAL + META_RECORD in records else {INITIAL + META_RECORD: records[META_RECORD]}
    return {META_RECORD: changed, **kept}


def _vitale(records: Records) -> VitaleProfile:
    profile = profile_of(meta_of(records))
    if not isinstance(profile, VitaleProfile):
        raise PersoError("a kiosk updates and renews a carte Vitale 2, and no other card")
    return profile


def _with(
    records: Records,
    profile: VitaleProfile,
    groups: Sequence[Group],
    issuer: Issuer,
    day: date,
    certificates: Mapping[str, bytes] | None = None,
) -> Refreshment:
    """The update that makes of *records* a card of *profile* with *groups*."""
    entries = [SsvGroup.model_validate(entry) for entry in wire.to_json(list(groups))]
    first = entries[0].fields
    assert profile.expires is not None
    for name, text in (
        ("type de carte Vitale", profile.ssv_groups()[0]["type de carte Vitale"]),
        ("numéro de série de la carte", profile.serial or ""),
        ("date de fin de validité de la carte", f"{profile.expires:%Y%m%d}0000"),
    ):
        first[groups[0].number(name) - 1] = text
    unsaid: dict[str, object] = {
        "assure": None,
        "beneficiaires": [],
        "service_famille": None,
        "accidents_travail": [],
    }
    given = profile.model_dump() | unsaid | {"groups": [entry.model_dump() for entry in entries]}
    new = VitaleProfile.model_validate(given)
    values = new.contents() | {name: {"hex": raw.hex().upper()} for name, raw in (certificates or {}).items()}
    layout = layout_of(records)
    after = dict(records)
    for path, node in layout.walk():
        if isinstance(node, EF) and node.name in UPDATED:
            if node.name in values:
                after[file_record(path)] = content_record(node, path, values[node.name])
            elif node.issued:
                after.pop(file_record(path), None)
    after |= issuersigned.signed(after, issuer, day)
    files: dict[str, bytes | None] = {}
    for path, node in layout.walk():
        name = file_record(path)
        if isinstance(node, EF) and node.name in UPDATED and records.get(name) != after.get(name):
            files[path] = content_bytes(after, node, path) if name in after else None
    return Refreshment(IssuerUpdate(day, files), new)
