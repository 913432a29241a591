"""From a profile to the records of a card."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pydantic import SecretStr

from bifente.apdu.cvc import CvKey
from bifente.apdu.files.security import Operation
from bifente.applets.kernel.files import file_record
from bifente.applets.kernel.objects import encode_values, object_record
from bifente.applets.kernel.records import INITIAL, layout_of
from bifente.applets.kernel.state import (
    DATE_RECORD,
    IDENTITY_RECORD,
    META_RECORD,
    SECRET_PREFIX,
    CardIdentity,
    encode_identity,
    encode_root,
    key_record,
    pin_record,
    root_record,
    secret_record,
)
from bifente.applets.perso import issuersigned
from bifente.applets.perso.cardrecords import Meta, content_record, file_named
from bifente.applets.perso.errors import OtherEnvironment, PersoError
from bifente.applets.perso.issuer import Issuer
from bifente.applets.perso.make.keys import KeySource, Progress, card_keys
from bifente.applets.perso.memory import check_memory
from bifente.applets.perso.profile.model import ENVIRONMENT_LETTER, CardProfile, FileContent, Profile
from bifente.crypto import rsa
from bifente.layouts.access import Never, SecureMessagingRule
from bifente.layouts.nodes import EF, Layout

_NOT_CONTENT: Final = {"keys", "files", "fingerprints", "state", "form"}
"""Parts of a profile that the card's own records hold, as they do the PINs; ``meta`` keeps the others."""


def personalise(
    profile: Profile,
    issuer: Issuer | None,
    *,
    keys: KeySource = rsa.generate,
    today: date,
    progress: Progress | None = None,
) -> dict[str, bytes]:
    """The records of a new card.

    *issuer* certifies the keys; it may be None when nothing is left to certify (the T=1 test card, a dump with
    secrets). Keys that the profile does not hold come from *keys*. Raises PersoError, and what the issuer raises.
    """
    profile = profile.resolved(today)
    layout = layout_of(profile.kind)
    records: dict[str, bytes] = {}
    values = profile.contents()
    if isinstance(profile, CardProfile):
        pairs = _key_pairs(profile, keys, progress)
        for name, (path, reference) in layout.private_keys().items():
            if name in pairs:
                records[key_record(path, reference)] = rsa.private_bytes(pairs[name])
        for name, content in _certificates(profile, layout, pairs, issuer).items():
            values[name] = {"hex": content.hex().upper()}
        records[IDENTITY_RECORD] = _identity(profile)
        records |= _roots(profile, layout, issuer)
        records |= _secret_keys(profile, layout, issuer)
        records[DATE_RECORD] = f"{profile.state.date if profile.state else profile.issued}".encode()
    for name, value in values.items():
        path, node = layout.named(name)
        records[file_record(path)] = content_record(node, path, value)
    for place, override in profile.files.items():
        _override(records, layout, place, override)
    records |= _pins(profile, layout)
    given = profile.objects()
    for path, directory in layout.directories():
        for one in directory.objects:
            if one.name in given:
                records[object_record(path, one.reference)] = encode_values(given[one.name])
    records[META_RECORD] = meta(profile, today).record()
    if issuer is not None and layout.issuer_signature is not None and not _gives_signature(profile, layout):
        records |= issuersigned.signed(records, issuer, today)
    records |= {f"{INITIAL}{name}": records[name] for name in changeable(layout) if name in records}
    if profile.state is not None:
        records |= {name: bytes.fromhex(record) for name, record in profile.state.records.items()}
        records |= {INITIAL + name: bytes.fromhex(old) for name, old in profile.state.initial.items()}
    check_memory(records)
    return records


def needs_issuer(profile: Profile) -> bool:
    """Whether something is left for an authority: certificates to issue, or whom the card is to believe."""
    if not isinstance(profile, CardProfile):
        return False
    layout = layout_of(profile.kind)
    without = _keys_without(profile, layout)
    missing = [
        name
        for name, use in layout.certificates().items()
        if use not in without and layout.named(name)[0] not in profile.files
    ]
    if not layout.certificates():
        return profile.state is None
    return bool(missing) or profile.state is None or not profile.state.roots


def meta(profile: Profile, today: date) -> Meta:
    """What the new card says of itself; *profile* is resolved."""
    assert profile.serial is not None
    state = profile.state
    return Meta(
        kind=profile.kind,
        serial=profile.serial,
        environment="T" if profile.test else "P",
        created=f"{state.created if state else today}",
        profile=profile.model_dump(
            mode="json", exclude=_NOT_CONTENT | profile.secrets().keys(), exclude_defaults=True
        ),
        atr=profile.atr,
        opposed=str(state.opposed) if state and state.opposed else None,
        form=profile.kept_form,
    )


def changeable(layout: Layout) -> list[str]:
    """The records that commands can change: PINs and their counters, the date, files that somebody may write."""
    names = [DATE_RECORD]
    for pin in layout.pins:
        prefix = pin_record(pin.reference)
        names += [prefix, f"{prefix}/left", f"{prefix}/uses"]
    for path, node in layout.walk():
        if isinstance(node, EF) and not isinstance(
            node.access[Operation.UPDATE], Never | SecureMessagingRule
        ):
            names.append(file_record(path))
    names += [
        object_record(path, one.reference) for path, node in layout.directories() for one in node.objects
    ]
    return names


def issue(profile: CardProfile, pairs: Mapping[str, RSAPrivateKey], issuer: Issuer) -> dict[str, bytes]:
    """All certificates of a resolved profile, by the name of their file. Raises PersoError and what the issuer raises."""
    check_environment(profile, issuer)
    return profile.certificates({use: key.public_key() for use, key in pairs.items()}, issuer)


def check_environment(profile: CardProfile, issuer: Issuer) -> None:
    """Raise OtherEnvironment when *issuer* makes no cards of the profile's environment."""
    wanted = ENVIRONMENT_LETTER[profile.environment]
    if issuer.environment != wanted:
        raise OtherEnvironment(profile.environment, wanted, issuer.environment)


def _key_pairs(
    profile: CardProfile, source: KeySource, progress: Progress | None
) -> dict[str, RSAPrivateKey]:
    layout = layout_of(profile.kind)
    without = _keys_without(profile, layout)
    given: dict[str, SecretStr | None] = {
        name: getattr(profile.keys, name) for name in layout.private_keys() if name not in without
    }
    return card_keys(given, source, progress)


def _keys_without(profile: CardProfile, layout: Layout) -> frozenset[str]:
    """The keys that the dump of a card with its secrets does not have: the card was made before there were such, and
    stays one."""
    if profile.state is None:
        return frozenset()
    return frozenset(name for name in layout.optional_keys() if getattr(profile.keys, name) is None)


def _certificates(
    profile: CardProfile,
    layout: Layout,
    pairs: Mapping[str, RSAPrivateKey],
    issuer: Issuer | None,
) -> dict[str, bytes]:
    """The certificates that the profile does not bring itself."""
    wanted = [
        name
        for name, use in layout.certificates().items()
        if use in pairs and layout.named(name)[0] not in profile.files
    ]
    if not wanted:
        return {}
    if issuer is None:
        raise PersoError("a card with new certificates needs an authority to issue them")
    made = issue(profile, pairs, issuer)
    return {name: made[name] for name in wanted}


def _secret_keys(profile: CardProfile, layout: Layout, issuer: Issuer | None) -> dict[str, bytes]:
    """The keys of triple DES: those of a dump, or the issuer's for this card."""
    if profile.state is not None:
        given = {SECRET_PREFIX + name: bytes.fromhex(key) for name, key in profile.state.secrets.items()}
        for path, key in layout.secret_keys():
            if not key.optional and secret_record(path, key.reference) not in given:
                raise PersoError(f"state.secrets: key {key.reference:02X} of {path} is missing")
        return given
    if issuer is None:
        return {}
    check_environment(profile, issuer)
    return {
        secret_record(path, key.reference): issuer.mother_key(key.use)
        if key.mother
        else issuer.card_key(key.use, profile.pan())
        for path, key in layout.secret_keys()
    }


def _roots(profile: CardProfile, layout: Layout, issuer: Issuer | None) -> dict[str, bytes]:
    """The key that certifies the other kind of card; none on a card that verifies no certificate."""
    party = layout.party
    if not layout.certificates():
        if issuer is None and profile.state is None:
            raise PersoError("the card needs an authority whose keys it will have")
        return {}
    if profile.state is not None and profile.state.roots:
        given = [CvKey(root.car.encode(), int(root.n, 16), root.e) for root in profile.state.roots]
    elif issuer is not None and party is not None:
        given = [issuer.cv_root(party.peer.root)]
    else:
        raise PersoError("the card needs an authority whose certificates it will accept")
    return {root_record(root.car): encode_root(root) for root in given}


def _identity(profile: CardProfile) -> bytes:
    return encode_identity(CardIdentity(bytes(2) + profile.pan(), profile.cha()))


def _pins(profile: Profile, layout: Layout) -> dict[str, bytes]:
    values = profile.secrets()
    records: dict[str, bytes] = {}
    for pin in layout.pins:
        prefix = pin_record(pin.reference)
        records[prefix] = values[pin.use].get_secret_value().encode()
        records[f"{prefix}/left"] = bytes((pin.tries,))
        if pin.uses is not None:
            records[f"{prefix}/uses"] = pin.uses.to_bytes(2, "big")
    if records and profile.state is not None:
        for name, value in profile.state.counters.items():
            if name not in records or len(bytes.fromhex(value)) != len(records[name]):
                raise PersoError(f"state.counters: {name} is not a counter of this card")
            records[name] = bytes.fromhex(value)
    return records


def _override(records: dict[str, bytes], layout: Layout, place: str, content: FileContent) -> None:
    try:
        path, node = file_named(layout, place)
    except KeyError:
        raise PersoError(f"files: {place} is not a file of this card") from None
    name = file_record(path)
    if content.absent:
        records.pop(name, None)
    elif content.raw is not None:
        records[name] = raw_record(bytes.fromhex(content.raw))
    else:
        records[name] = content_record(node, path, content.value)


def raw_record(content: bytes) -> bytes:
    """The record of a file whose bytes its codec does not give back (as the kernel writes it)."""
    return b'{"raw": "' + content.hex().upper().encode() + b'"}'


def _gives_signature(profile: Profile, layout: Layout) -> bool:
    """Whether the profile itself says what stands in the EF of the issuer's signature, or that it is absent."""
    path = layout.issuer_signature
    return path is not None and bool({path, layout.file(path).name} & profile.files.keys())
