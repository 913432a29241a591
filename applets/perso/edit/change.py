"""Changes to a card that a tester needs, as the records to commit; each keeps what it replaces for *restore*."""

from dataclasses import replace
from datetime import date, timedelta
from hmac import compare_digest
from unicodedata import normalize

from bifente.apdu.cvc import CvEnvelope, CvError, verify
from bifente.applets.kernel.files import file_record, record_value
from bifente.applets.kernel.growth import of_commands
from bifente.applets.kernel.records import INITIAL
from bifente.applets.kernel.state import IDENTITY_RECORD, META_RECORD, key_record, pin_record, secret_record
from bifente.applets.perso import issuersigned
from bifente.applets.perso.cardrecords import (
    Records,
    content_bytes,
    content_record,
    layout_of,
    meta_of,
    texts_of,
)
from bifente.applets.perso.edit.cardpath import Place, at, encoded, locate, read_value, replaced, steps_to
from bifente.applets.perso.edit.dump import profile_of
from bifente.applets.perso.errors import FileNotMade, OtherAuthority, PathError, PersoError
from bifente.applets.perso.issuer import Issuer
from bifente.applets.perso.make.build import changeable, issue
from bifente.applets.perso.profile.model import CardProfile, years_later
from bifente.crypto import rsa
from bifente.layouts.codec import JsonValue
from bifente.layouts.codecs.groupfiles import GroupsCodec
from bifente.ssv.findings import has_control

Changes = dict[str, bytes | None]
"""What a store commits: records to write, None to remove."""


def set_field(records: Records, path: str, text: str, *, as_json: bool = False) -> Changes:
    """Another value at a path (see :mod:`bifente.applets.perso.edit.cardpath`): one record changes. Raises PathError."""
    place, value = _present(records, path)
    steps = steps_to(place, value)
    part = read_value(normalize("NFC", text), at(value, steps), as_json=as_json)
    if any(map(has_control, texts_of(part))):
        raise PathError(f"{path}: a text of one line expected, without control characters")
    new = replaced(value, steps, part)
    encoded(place, new, value)
    return _kept(records, {file_record(place.path): content_record(place.node, place.path, new)})


def remove_field(records: Records, path: str) -> Changes:
    """The optional field, the item or, without a field, the whole optional file at a path is gone. Raises PathError."""
    place, value = _present(records, path)
    steps = steps_to(place, value)
    name = file_record(place.path)
    if name not in records:
        raise _no_file(place)
    if isinstance(place.node.codec, GroupsCodec) and steps and steps[-1] == "fields":
        steps = steps[:-1]  # the group itself is what was named
    if not steps:
        if not place.node.optional:
            raise PathError(f"{place.node.name} must be on the card")
        return _kept(records, {name: None})
    parent = at(value, steps[:-1])
    last = steps[-1]
    if isinstance(parent, dict) and last in parent:
        without: JsonValue = {key: item for key, item in parent.items() if key != last}
    elif isinstance(parent, list) and isinstance(last, int) and last < len(parent):
        without = parent[:last] + parent[last + 1 :]
    else:
        raise PathError(f"{path}: there is nothing")
    new = replaced(value, steps[:-1], without)
    encoded(place, new)
    return _kept(records, {name: content_record(place.node, place.path, new)})


def sign(records: Records, issuer: Issuer, day: date) -> Changes:
    """The issuer signs anew what stands on the card. Raises PersoError for another issuer, and what the issuer raises."""
    check_issuer(records, issuer)
    return _kept(records, dict(issuersigned.signed(records, issuer, day)))


def after(records: Records, changes: Changes) -> dict[str, bytes]:
    """The records as they are once *changes* are written."""
    return {name: value for name, value in {**records, **changes}.items() if value is not None}


def block(records: Records, *, puk: bool = False) -> Changes:
    """No try is left for the PIN, or for the PUK. Raises PersoError when the card has none."""
    use = "puk" if puk else "pin"
    names = [f"{pin_record(pin.reference)}/left" for pin in layout_of(records).pins if pin.use == use]
    if not names or names[0] not in records:
        raise PersoError(f"this card has no {use.upper()}")
    return _kept(records, {names[0]: b"\0"})


def expire(records: Records, issuer: Issuer, on: date) -> Changes:
    """The card ended on the day *on*: certificates are issued again, the fields that say so steps_to.

    *issuer* must be the authority that issued the card. A card issued later than *on* is issued earlier as well.
    Raises PersoError, and what the issuer raises.
    """
    profile = _with_validity(records, issuer)
    assert profile.issued is not None
    issued = (
        profile.issued
        if profile.issued <= on
        else years_later(on + timedelta(days=1), -profile.VALIDITY_YEARS)
    )
    return _reissued(records, issuer, profile.model_copy(update={"issued": issued, "expires": on}))


def renew_certificates(records: Records, issuer: Issuer, day: date) -> Changes:
    """The card is valid anew from *day* on: new certificates for the keys that it has, the same holder and number.

    *issuer* must be the authority that issued the card. Raises PersoError, and what the issuer raises.
    """
    profile = _with_validity(records, issuer)
    expires = years_later(day, profile.VALIDITY_YEARS) - timedelta(days=1)
    return _reissued(records, issuer, profile.model_copy(update={"issued": day, "expires": expires}))


def _with_validity(records: Records, issuer: Issuer) -> CardProfile:
    profile = profile_of(meta_of(records))
    if not isinstance(profile, CardProfile):
        raise PersoError("this card has no validity")
    check_issuer(records, issuer)
    return profile


def _reissued(records: Records, issuer: Issuer, ended: CardProfile) -> Changes:
    """Certificates and dates of the card are those of *ended*, which says when it begins and ends."""
    meta, issued, expires = meta_of(records), ended.issued, ended.expires
    assert issued is not None
    assert expires is not None
    layout = layout_of(records)
    pairs = {
        name: rsa.load_private(records[key_record(path, reference)], validate=False)
        for name, (path, reference) in layout.private_keys().items()
        if name not in layout.optional_keys() or key_record(path, reference) in records
    }
    changes: Changes = {}
    for name, content in issue(ended, pairs, issuer).items():
        path, node = layout.named(name)
        changes[file_record(path)] = content_record(node, path, {"hex": content.hex().upper()})
    for path, text in ended.dates().items():
        changes |= set_field({**records, **_written(changes)}, path, text)
    if issuersigned.read(records) is not None:
        changes |= issuersigned.signed({**records, **_written(changes)}, issuer, issued)
    dates: dict[str, JsonValue] = {"issued": issued.isoformat(), "expires": expires.isoformat()}
    changes[META_RECORD] = replace(meta, profile={**meta.profile, **dates}).record()
    return _kept(records, {name: value for name, value in changes.items() if not name.startswith(INITIAL)})


def oppose(records: Records, on: date) -> Changes:
    """The card is noted as opposed since *on*. The note is the emulator's own: no command can read it."""
    return _kept(records, {META_RECORD: replace(meta_of(records), opposed=on.isoformat()).record()})


def lift(records: Records) -> Changes:
    """The note of :func:`oppose` is gone."""
    return _kept(records, {META_RECORD: replace(meta_of(records), opposed=None).record()})


def restore(records: Records) -> Changes:
    """The card is as it was made: contents, PINs, counters, certificates, latest date.

    The note of an opposition stays, for so does the card on the list of its authority.
    """
    kept = {f"{INITIAL}{name}" for name in changeable(layout_of(records))}
    changes: Changes = {
        name.removeprefix(INITIAL): value or None
        for name, value in records.items()
        if name.startswith(INITIAL)
    }
    changes |= {name: None for name in records if name.startswith(INITIAL) and name not in kept}
    changes |= {
        name: None for name in of_commands(records, layout_of(records)) if f"{INITIAL}{name}" not in records
    }
    opposed, first = meta_of(records).opposed, changes.get(META_RECORD)
    if first is not None and opposed != meta_of({META_RECORD: first}).opposed:
        changes[META_RECORD] = replace(meta_of({META_RECORD: first}), opposed=opposed).record()
        del changes[f"{INITIAL}{META_RECORD}"]
    return changes


def copied(records: Records, source: Records) -> Changes:
    """The card becomes what another card file holds; of the same card the note of an opposition stays."""
    layout_of(source)
    changes: Changes = {name: None for name in records if name not in source}
    old, new = meta_of(records), meta_of(source)
    noted = old.opposed if (old.kind, old.serial) == (new.kind, new.serial) and not new.opposed else None
    return {**changes, **source, **(oppose(source, date.fromisoformat(noted)) if noted else {})}


def _present(records: Records, path: str) -> tuple[Place, JsonValue]:
    place = locate(layout_of(records), path)
    name = file_record(place.path)
    if name not in records:
        if place.parts:
            raise _no_file(place)
        return place, None
    decoded, value = record_value(name, records[name])
    if not decoded and place.parts:
        raise PathError(f"{place.node.name} holds bytes that do not decode: set the whole file")
    return place, value if decoded else None


def _no_file(place: Place) -> PathError:
    return FileNotMade(place.node.name)


def _kept(records: Records, changes: Changes) -> Changes:
    """*changes*, and for each of them what was there before the first one."""
    before = {
        f"{INITIAL}{name}": records.get(name, b"") for name in changes if f"{INITIAL}{name}" not in records
    }
    return {**changes, **before}


def _written(changes: Changes) -> dict[str, bytes]:
    return {name: value for name, value in changes.items() if value is not None}


def check_issuer(records: Records, issuer: Issuer) -> None:
    """Raise PersoError unless the card's recognition certificate opens with the authority's root, or its keys are those
    that the authority gives a card of its number."""
    layout = layout_of(records)
    if not layout.certificates() and any(not key.mother for _, key in layout.secret_keys()):
        _check_keys(records, issuer)
        return
    names = [name for name, key in layout.certificates().items() if key == "recognition"]
    if not names or layout.party is None:
        raise PersoError("this card has no issuer")
    (name,) = names
    path, node = layout.named(name)
    root = issuer.cv_root(layout.party.root)
    try:
        verify(CvEnvelope.parse(content_bytes(records, node, path)), root)
    except (CvError, KeyError):  # another's, or none
        raise OtherAuthority from None


def _check_keys(records: Records, issuer: Issuer) -> None:
    pan = records[IDENTITY_RECORD][2:12]
    for path, key in layout_of(records).secret_keys():
        held = records.get(secret_record(path, key.reference), b"")
        if not compare_digest(held, issuer.card_key(key.use, pan)):
            raise OtherAuthority


__all__ = [
    "Changes",
    "after",
    "block",
    "check_issuer",
    "copied",
    "expire",
    "lift",
    "oppose",
    "remove_field",
    "restore",
    "set_field",
    "sign",
]
