"""From a profile to the records of a card."""

from collections.abc import Mapping
from datetime import date, timedelta
from secrets import randbelow
from types import ModuleType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pydantic import SecretStr

from bifente.apdu.security import Operation
from bifente.applets.families.cps3 import contents as cpscard
from bifente.applets.families.vitale2 import contents as vitalecard
from bifente.applets.families.vitale2.profile import VitaleProfile
from bifente.applets.kernel.files import file_record
from bifente.applets.kernel.records import INITIAL
from bifente.applets.kernel.state import (
    DATE_RECORD,
    IDENTITY_RECORD,
    META_RECORD,
    CvRoot,
    Identity,
    encode_identity,
    encode_root,
    key_record,
    pin_record,
    root_record,
)
from bifente.applets.kinds import layout_of
from bifente.applets.perso import issuersigned
from bifente.applets.perso.cardrecords import Meta, content_record, file_named
from bifente.applets.perso.errors import OtherEnvironment, PersoError
from bifente.applets.perso.make.issuer import Issuer
from bifente.applets.perso.make.keys import KeySource, Progress, card_keys
from bifente.applets.perso.profile.files import AnyProfile
from bifente.applets.perso.profile.model import (
    ENVIRONMENT_LETTER,
    FileContent,
    ProfessionalProfile,
    T1TestProfile,
    years_later,
)
from bifente.crypto import rsa
from bifente.layouts import t1test
from bifente.layouts.access import Never, SecureMessaging
from bifente.layouts.codec import JsonValue
from bifente.layouts.cps3 import PIN, PUK
from bifente.layouts.nodes import EF, Layout

_NOT_CONTENT: Final = {"keys", "pin", "puk", "files", "fingerprints", "state", "form"}
"""Parts of a profile that the card's own records hold; ``meta`` keeps the others."""


def personalise(
    profile: AnyProfile,
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
    profile = resolved(profile, today)
    layout = layout_of(profile.kind)
    records: dict[str, bytes] = {}
    values = contents(profile)
    if isinstance(profile, ProfessionalProfile | VitaleProfile):
        pairs = _key_pairs(profile, keys, progress)
        for name, (path, reference) in layout.private_keys().items():
            records[key_record(path, reference)] = rsa.private_bytes(pairs[name])
        for name, content in _certificates(profile, layout, pairs, issuer).items():
            values[name] = {"hex": content.hex().upper()}
        records[IDENTITY_RECORD] = _identity(profile)
        records |= _roots(profile, issuer)
        records[DATE_RECORD] = f"{profile.state.date if profile.state else profile.issued}".encode()
    for name, value in values.items():
        path, node = layout.named(name)
        records[file_record(path)] = content_record(node, path, value)
    for place, override in profile.files.items():
        _override(records, layout, place, override)
    records |= _pins(profile, layout)
    records[META_RECORD] = meta(profile, today).record()
    if issuer is not None and layout.issuer_signature is not None and not _gives_signature(profile, layout):
        records |= issuersigned.signed(records, issuer, today)
    records |= {f"{INITIAL}{name}": records[name] for name in changeable(layout) if name in records}
    if profile.state is not None:
        records |= {INITIAL + name: bytes.fromhex(old) for name, old in profile.state.initial.items()}
    return records


def needs_issuer(profile: AnyProfile) -> bool:
    """Whether something is left for an authority: certificates to issue, or whom the card is to believe."""
    if isinstance(profile, T1TestProfile):
        return False
    layout = layout_of(profile.kind)
    missing = [name for name in layout.certificates() if layout.named(name)[0] not in profile.files]
    return bool(missing) or profile.state is None or not profile.state.roots


def resolved(profile: AnyProfile, today: date) -> AnyProfile:
    """The profile with serial and dates of validity in it. Raises PersoError when the dates do not fit together."""
    update: dict[str, object] = {}
    if profile.serial is None:
        update["serial"] = _serial_of(profile) or f"{randbelow(10**8):08}"
    if not isinstance(profile, T1TestProfile):
        issued = profile.issued
        if issued is None:
            issued = min(today, profile.expires) if profile.expires is not None else today
        update["issued"] = issued
        if profile.expires is None:
            update["expires"] = years_later(issued, _maker(profile).VALIDITY_YEARS) - timedelta(days=1)
    return profile.model_copy(update=update)


def contents(profile: AnyProfile) -> dict[str, JsonValue]:
    """The value of each file that a resolved profile alone gives, by the file's name; no certificates."""
    if isinstance(profile, T1TestProfile):
        return {"LARGE": {"hex": _large(profile.content)}}
    if isinstance(profile, ProfessionalProfile):
        return cpscard.contents(profile)
    return vitalecard.contents(profile)


def meta(profile: AnyProfile, today: date) -> Meta:
    """What the new card says of itself; *profile* is resolved."""
    assert profile.serial is not None
    state = profile.state
    form = profile.form if isinstance(profile, ProfessionalProfile) and profile.form > 1 else None
    environment = "T" if isinstance(profile, T1TestProfile) else ENVIRONMENT_LETTER[profile.environment]
    return Meta(
        kind=profile.kind,
        serial=profile.serial,
        environment=environment,
        created=f"{state.created if state else today}",
        profile=profile.model_dump(mode="json", exclude=_NOT_CONTENT, exclude_defaults=True),
        atr=profile.atr,
        opposed=str(state.opposed) if state and state.opposed else None,
        form=form,
    )


def changeable(layout: Layout) -> list[str]:
    """The records that commands can change: PINs and their counters, the date, files that somebody may write."""
    names = [DATE_RECORD]
    for _, directory in layout.directories():
        for pin in directory.pins:
            prefix = pin_record(pin.reference)
            names += [prefix, f"{prefix}/left", f"{prefix}/uses"]
    for path, node in layout.walk():
        if isinstance(node, EF) and not isinstance(node.access[Operation.UPDATE], Never | SecureMessaging):
            names.append(file_record(path))
    return names


def issue(
    profile: ProfessionalProfile | VitaleProfile, pairs: Mapping[str, RSAPrivateKey], issuer: Issuer
) -> dict[str, bytes]:
    """All certificates of a resolved profile, by the name of their file. Raises PersoError and what the issuer raises."""
    wanted = ENVIRONMENT_LETTER[profile.environment]
    if issuer.environment != wanted:
        raise OtherEnvironment(profile.environment, wanted, issuer.environment)
    public_keys = {name: key.public_key() for name, key in pairs.items()}
    if isinstance(profile, ProfessionalProfile):
        return cpscard.certificates(profile, public_keys, issuer)
    return vitalecard.certificates(profile, public_keys, issuer)


def _maker(profile: ProfessionalProfile | VitaleProfile) -> ModuleType:
    return cpscard if isinstance(profile, ProfessionalProfile) else vitalecard


def _serial_of(profile: AnyProfile) -> str | None:
    """The serial that the groups of a Vitale bring with them."""
    if not isinstance(profile, VitaleProfile) or not profile.groups:
        return None
    text = profile.ssv_groups()[0][2]
    return text if len(text) in (8, 9) and text.isascii() and text.isdigit() else None


def _key_pairs(
    profile: ProfessionalProfile | VitaleProfile, source: KeySource, progress: Progress | None
) -> dict[str, RSAPrivateKey]:
    given: dict[str, SecretStr | None] = {
        name: getattr(profile.keys, name) for name in layout_of(profile.kind).private_keys()
    }
    return card_keys(given, source, progress)


def _certificates(
    profile: ProfessionalProfile | VitaleProfile,
    layout: Layout,
    pairs: Mapping[str, RSAPrivateKey],
    issuer: Issuer | None,
) -> dict[str, bytes]:
    """The certificates that the profile does not bring itself."""
    names = layout.certificates()
    wanted = [name for name in names if layout.named(name)[0] not in profile.files]
    if not wanted:
        return {}
    if issuer is None:
        raise PersoError("a card with new certificates needs an authority to issue them")
    made = issue(profile, pairs, issuer)
    return {name: made[name] for name in wanted}


def _roots(profile: ProfessionalProfile | VitaleProfile, issuer: Issuer | None) -> dict[str, bytes]:
    """The key that certifies the other kind of card."""
    if profile.state is not None and profile.state.roots:
        given = [CvRoot(root.car.encode(), int(root.n, 16), root.e) for root in profile.state.roots]
    elif issuer is not None:
        root = issuer.cv_root(_maker(profile).PEER_DOMAIN)
        given = [CvRoot(root.car, root.n, root.e)]
    else:
        raise PersoError("the card needs an authority whose certificates it will accept")
    return {root_record(root.car): encode_root(root) for root in given}


def _identity(profile: ProfessionalProfile | VitaleProfile) -> bytes:
    if isinstance(profile, ProfessionalProfile):
        return encode_identity(Identity(bytes(2) + cpscard.pan(profile), cpscard.cha(profile)))
    return encode_identity(Identity(bytes(2) + vitalecard.pan(profile), vitalecard.cha(profile)))


def _pins(profile: AnyProfile, layout: Layout) -> dict[str, bytes]:
    if not isinstance(profile, ProfessionalProfile):
        return {}
    values = {PIN: profile.pin, PUK: profile.puk}
    records: dict[str, bytes] = {}
    for pin in layout.mf.pins:
        prefix = pin_record(pin.reference)
        records[prefix] = values[pin.reference].get_secret_value().encode()
        records[f"{prefix}/left"] = bytes((pin.tries,))
        if pin.uses is not None:
            records[f"{prefix}/uses"] = pin.uses.to_bytes(2, "big")
    if profile.state is not None:
        for name, value in profile.state.counters.items():
            if name not in records or len(bytes.fromhex(value)) != len(records[name]):
                raise PersoError(f"state.counters: {name} is no counter of this card")
            records[name] = bytes.fromhex(value)
    return records


def _override(records: dict[str, bytes], layout: Layout, place: str, content: FileContent) -> None:
    try:
        path, node = file_named(layout, place)
    except KeyError:
        raise PersoError(f"files: {place} is no file of this card") from None
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


def _gives_signature(profile: AnyProfile, layout: Layout) -> bool:
    """Whether the profile itself says what stands in the EF of the issuer's signature, or that it is absent."""
    path = layout.issuer_signature
    return path is not None and bool({path, layout.file(path).name} & profile.files.keys())


def _large(beginning: str | None) -> str:
    if beginning is not None:
        return beginning.upper().ljust(2 * t1test.LARGE_SIZE, "0")
    return b"".join(at.to_bytes(2, "big") for at in range(0, t1test.LARGE_SIZE, 2)).hex().upper()
