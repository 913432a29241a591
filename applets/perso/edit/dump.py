"""From the records of a card back to a profile.

Without secrets it makes an equal card with other keys and certificates; with secrets the identical one, record for
record. What the files hold now, as far as the profile does not give it anyway, stands under ``files``.
"""

from base64 import b64encode

from bifente.applets.families import family_of
from bifente.applets.kernel.files import file_record, record_value
from bifente.applets.kernel.growth import of_commands
from bifente.applets.kernel.records import INITIAL
from bifente.applets.kernel.state import (
    DATE_RECORD,
    ROOT_PREFIX,
    SECRET_PREFIX,
    decode_root,
    key_record,
    pin_record,
)
from bifente.applets.perso.cardrecords import Meta, Records, content_record, layout_of, meta_of
from bifente.applets.perso.errors import PersoError
from bifente.applets.perso.make.build import changeable
from bifente.applets.perso.make.keys import fingerprint
from bifente.applets.perso.make.profilefiles import validate_profile
from bifente.applets.perso.profile.model import Profile
from bifente.crypto import rsa
from bifente.documents.visible import visible
from bifente.documents.yamltext import YamlDocument, write_yaml
from bifente.layouts.codec import JsonValue
from bifente.layouts.created import CREATED
from bifente.layouts.nodes import EF, Layout


def profile_of(meta: Meta) -> Profile:
    """The resolved profile that the card was made from, without keys, PINs and later changes. Raises ProfileError."""
    return validate_profile(YamlDocument("profile in the card", _document(meta), {(): 1}))


def _document(meta: Meta) -> dict[str, JsonValue]:
    """The profile that the card keeps; that of an earlier form says so."""
    return family_of(meta.kind).restored(meta.profile, meta.form)


def dump(records: Records, *, secrets: bool = False) -> dict[str, JsonValue]:
    """The profile of a card, as a document to write. Raises CorruptCard or PersoError."""
    meta = meta_of(records)
    layout = layout_of(records)
    document = _document(meta)
    certificates = layout.certificates()
    path = layout.issuer_signature
    made_anew = (*certificates, *([layout.file(path).name] if path is not None else []))
    changed = _changed_files(records, layout, meta, () if secrets else made_anew)
    if secrets and path is not None and file_record(path) not in records:
        changed[path] = {"absent": True}  # a card made before there were such signatures stays one
    if changed:
        document["files"] = changed
    keys = _keys(records, layout)
    if keys and not secrets:
        document["fingerprints"] = {
            name: fingerprint(rsa.load_private(pkcs8, validate=False).public_key())
            for name, pkcs8 in keys.items()
        }
    if secrets:
        if keys:
            document["keys"] = {name: _pem(pkcs8) for name, pkcs8 in keys.items()}
        names = {pin.use: pin_record(pin.reference) for pin in layout.pins}
        document |= {use: records[name].decode("ascii") for use, name in names.items() if name in records}
        document["state"] = _state(records, layout, meta)
    return document


def dump_text(records: Records, *, secrets: bool = False) -> str:
    """:func:`dump` as YAML."""
    what = "with its keys and PINs: keep it to yourself" if secrets else "without keys and PINs"
    head = f"# Dump of card {visible(meta_of(records).serial)}, {what}\n"
    return head + write_yaml(dump(records, secrets=secrets))


def _changed_files(
    records: Records, layout: Layout, meta: Meta, without: tuple[str, ...]
) -> dict[str, JsonValue]:
    """The files that differ from what the profile gives, by path."""
    given = profile_of(meta).contents()
    changed: dict[str, JsonValue] = {}
    for path, node in layout.walk():
        if not isinstance(node, EF) or node.name in without or node.source == CREATED:
            continue
        record = records.get(file_record(path))
        expected = content_record(node, path, given[node.name]) if node.name in given else None
        if record == expected:
            continue
        if record is None:
            changed[path] = {"absent": True}
            continue
        decoded, value = record_value(file_record(path), record)
        changed[path] = {"value": value} if decoded else {"raw": value}
    return changed


def _keys(records: Records, layout: Layout) -> dict[str, bytes]:
    found = {}
    for name, (path, reference) in layout.private_keys().items():
        record = records.get(key_record(path, reference))
        if record is None and name in layout.optional_keys():
            continue
        if record is None:
            raise PersoError(f"the card has no key {reference:02X} in {path}")
        found[name] = record
    return found


def _state(records: Records, layout: Layout, meta: Meta) -> JsonValue:
    state: dict[str, JsonValue] = {"created": meta.created}
    state["date"] = records.get(DATE_RECORD, meta.created.encode()).decode("ascii")
    counters = {
        name: value.hex().upper()
        for name, value in records.items()
        if name.startswith("pin/") and name.count("/") == 2
    }
    if counters:
        state["counters"] = counters
    initial = _initial(records, layout)
    if initial:
        state["initial"] = initial
    if meta.opposed is not None:
        state["opposed"] = meta.opposed
    lived = {name: records[name].hex().upper() for name in of_commands(records, layout)}
    if lived:
        state["records"] = lived
    held = {
        name.removeprefix(SECRET_PREFIX): key.hex().upper()
        for name, key in records.items()
        if name.startswith(SECRET_PREFIX)
    }
    if held:
        state["secrets"] = held
    roots = _roots(records)
    if roots:
        state["roots"] = roots
    return state


def _initial(records: Records, layout: Layout) -> dict[str, JsonValue]:
    """What creation would not put there by itself: it copies what the card can change, as it is now."""
    copied = {name for name in changeable(layout) if name in records}
    return {
        name.removeprefix(INITIAL): value.hex().upper()
        for name, value in records.items()
        if name.startswith(INITIAL)
        and not (name.removeprefix(INITIAL) in copied and records[name.removeprefix(INITIAL)] == value)
    }


def _roots(records: Records) -> list[JsonValue]:
    roots: list[JsonValue] = []
    for name, record in records.items():
        if name.startswith(ROOT_PREFIX):
            root = decode_root(name, record)
            roots.append({"car": root.car.decode("ascii"), "n": f"{root.n:X}", "e": root.e})
    return roots


def _pem(pkcs8: bytes) -> str:
    """RFC 7468, without the library: the bytes stay those of the record."""
    text = b64encode(pkcs8).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(("-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""))
