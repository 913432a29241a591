"""What the records of a card must hold: checked when a card is loaded, so that no command meets anything else later.

A card file may have been edited, damaged or made by somebody else. Whatever would make a command fail, or give a try
back, is found here and told in one line. Records that the layout does not know are left alone.
"""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256

from bifente.apdu.errors import ApduError
from bifente.applets.kernel.errors import CorruptCard
from bifente.applets.kernel.files import LIFE_PREFIX, encode_value, file_record, record_value
from bifente.applets.kernel.growth import check_life, created_paths, grown
from bifente.applets.kernel.objects import OBJECT_PREFIX, decode_values
from bifente.applets.kernel.recordjson import read_json
from bifente.applets.kernel.state import (
    DATE_RECORD,
    IDENTITY_RECORD,
    META_RECORD,
    ROOT_PREFIX,
    SECRET_PREFIX,
    decode_identity,
    decode_root,
    key_record,
    pin_record,
    secret_record,
)
from bifente.applets.store.stores import Store
from bifente.crypto.errors import CryptoError
from bifente.crypto.pkcs8 import read_numbers
from bifente.layouts import registry
from bifente.layouts.codec import JsonValue
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import DF, EF, Layout, PinObject
from bifente.layouts.recognition import ALGORITHM_RECOGNITION

INITIAL = "initial/"
"""Before a record's name: what it held when the card was made; empty when it did not exist."""

MAX_CONTENT = 0x10000
"""Bytes of an EF: what one READ BINARY can ask for (ISO/IEC 7816-4:2020 §5.1), and the largest file of our cards."""

_MAX_TEXT = 200
KEY_BITS = 2048
SECRET_SIZE = 16
"""Bytes of a key of triple DES."""


_good: set[bytes] = set()
"""Digests of files and keys that were found in order: a card that is powered again, or its twin, costs no decoding."""
_MOST_GOOD = 4096


def all_records(store: Store) -> dict[str, bytes]:
    """Everything in an open store."""
    return {name: store.get(name) for name in store.names()}


def layout_of(kind: str) -> Layout:
    """The layout of a kind of card. Raises CorruptCard when this program does not know the kind."""
    if kind not in registry.kinds():
        raise CorruptCard(META_RECORD, f"cards of kind {kind!r} are not known here")
    return registry.layout_of(kind)


def check_records(records: Mapping[str, bytes], layout: Layout) -> None:
    """Raise CorruptCard for the first record that cannot be that of a card of *layout*, or that is missing."""
    read_meta(records)
    _check_present(records, layout)
    _check_created(records, layout)
    for name, record in records.items():
        _check(name, record, layout)
        if name.startswith(INITIAL) and record:
            _check(name.removeprefix(INITIAL), record, layout, told=name)


_FORMS = (2,)
"""Of the business data; cards of form 1 do not say it."""


def read_meta(records: Mapping[str, bytes]) -> dict[str, JsonValue]:
    """What a card says of itself: texts, and the profile it was made from. Raises CorruptCard."""
    if META_RECORD not in records:
        raise CorruptCard(META_RECORD, "it is missing")
    return _meta(META_RECORD, records[META_RECORD])


def _meta(name: str, record: bytes) -> dict[str, JsonValue]:
    meta = read_json(name, record, "a description of a card")
    if not isinstance(meta, dict):
        raise CorruptCard(name, "not a description of a card")
    for key in ("kind", "serial", "environment", "created", "atr", "opposed"):
        text = meta.get(key, "")
        if not isinstance(text, str) or len(text) > _MAX_TEXT or not text.isprintable():
            raise CorruptCard(name, f"{key} is not a printable text of at most {_MAX_TEXT} characters")
        if key in ("created", "opposed") and text:
            _date(name, text, f"{key} is not a date AAAA-MM-JJ")
    atr = meta.get("atr")
    if isinstance(atr, str):
        from bifente.apdu.reset.atr import Atr  # few cards have one of their own

        try:
            Atr.parse(bytes.fromhex(atr))
        except (ApduError, ValueError):
            raise CorruptCard(name, "atr is not an answer to reset of 2 to 33 bytes, hexadecimal") from None
    if "form" in meta and meta["form"] not in _FORMS:
        raise CorruptCard(name, "form is not a form of business data that is known here")
    profile = meta.get("profile", {})
    if not isinstance(profile, dict) or not isinstance(profile.get("comment", ""), str):
        raise CorruptCard(name, "profile is not that of a card")
    return meta


def _check_present(records: Mapping[str, bytes], layout: Layout) -> None:
    wanted = [file_record(path) for path, node in layout.walk() if isinstance(node, EF) and not node.optional]
    for _, directory in layout.directories():
        for pin in directory.pins:
            prefix = pin_record(pin.reference)
            wanted += [prefix, f"{prefix}/left", *([f"{prefix}/uses"] if pin.uses is not None else [])]
    wanted += [secret_record(path, key.reference) for path, key in layout.secret_keys() if not key.optional]
    if _recognises(layout):
        wanted += [IDENTITY_RECORD, DATE_RECORD]
    for name in wanted:
        if name not in records:
            raise CorruptCard(name, "it is missing")


def _check_created(records: Mapping[str, bytes], layout: Layout) -> None:
    """The files that commands have created: their parameters and contents."""
    paths = created_paths(records)
    if not paths:
        return
    whole = grown(layout, records)
    for path in paths:
        node = _node(whole, path)
        if node is not None:
            name = file_record(path)
            if name not in records:
                raise CorruptCard(name, "it is missing")
            _check_content(name, records[name], node)


def _recognises(layout: Layout) -> bool:
    """Cards of this kind take part in a recognition."""
    if any(not key.mother and not key.optional for _, key in layout.secret_keys()):
        return True
    keys = (key for _, directory in layout.directories() for key in directory.keys)
    return any(ALGORITHM_RECOGNITION in known for key in keys for known in key.algorithms.values())


def _check(name: str, record: bytes, layout: Layout, *, told: str | None = None) -> None:
    """*told* is the name to speak of when it is another."""
    told = told or name
    kind, _, rest = name.partition("/")
    if name == META_RECORD:
        _meta(told, record)
    elif name == DATE_RECORD:
        _date(told, record.decode("latin-1"), "not a date AAAA-MM-JJ")
    elif name == IDENTITY_RECORD:
        decode_identity(record, told)
    elif name.startswith(ROOT_PREFIX):
        decode_root(told, record)
    elif name.startswith(SECRET_PREFIX):
        if len(record) != SECRET_SIZE:
            raise CorruptCard(told, f"a key of {SECRET_SIZE} bytes was expected")
    elif name.startswith(LIFE_PREFIX):
        check_life(told, record)
    elif name.startswith(OBJECT_PREFIX):
        decode_values(told, record, 0xFF)
    elif kind == "pin":
        _check_pin(told, rest, record, layout)
    elif kind in ("file", "key"):
        seen = sha256(b"%d %b %b" % (id(layout), name.encode("utf-8", "surrogatepass"), record)).digest()
        if seen in _good:
            return
        if kind == "key":
            _check_key(told, name, record, layout)
        elif (node := _node(layout, rest)) is not None:
            _check_content(told, record, node)
        if len(_good) >= _MOST_GOOD:
            _good.clear()
        _good.add(seen)


def _date(name: str, text: str, why: str) -> None:
    try:
        if date.fromisoformat(text).isoformat() == text:
            return
    except ValueError:
        pass  # told below, as are the other forms of ISO 8601
    raise CorruptCard(name, why)


def _check_key(told: str, name: str, record: bytes, layout: Layout) -> None:
    known = {
        key_record(path, key.reference) for path, directory in layout.directories() for key in directory.keys
    }
    if name not in known:
        return
    numbers = read_numbers(record)
    if numbers is not None:
        good = numbers.n.bit_length() == KEY_BITS and numbers.consistent
    else:
        from bifente.crypto import rsa  # only for a key that another program has written

        try:
            key = rsa.load_private(record, validate=False)
        except CryptoError as error:
            raise CorruptCard(told, str(error)) from None
        good = key.key_size == KEY_BITS and rsa.consistent(key)
    if not good:
        raise CorruptCard(told, f"not an RSA key of {KEY_BITS} bits whose parts belong together")


def _check_pin(told: str, rest: str, record: bytes, layout: Layout) -> None:
    reference, _, counter = rest.partition("/")
    for _, directory in layout.directories():
        for pin in directory.pins:
            if pin_record(pin.reference) == f"pin/{reference}":
                _check_pin_record(told, counter, record, pin)


def _check_pin_record(told: str, counter: str, record: bytes, pin: PinObject) -> None:
    if counter == "left" and (len(record) != 1 or record[0] > pin.tries):
        raise CorruptCard(told, f"a counter of one byte, 0 to {pin.tries}, was expected")
    uses = pin.uses
    if counter == "uses" and uses is not None and (len(record) != 2 or int.from_bytes(record, "big") > uses):
        raise CorruptCard(told, f"a counter of two bytes, 0 to {uses}, was expected")
    if not counter and not (pin.min_length <= len(record) <= pin.max_length and record.isdigit()):
        raise CorruptCard(told, f"{pin.min_length} to {pin.max_length} digits were expected")


def _node(layout: Layout, path: str) -> EF | None:
    node: DF | EF | None = None
    for part in path.split("/"):
        children: tuple[EF | DF, ...] = (
            (layout.mf,) if node is None else node.children if isinstance(node, DF) else ()
        )
        node = next((child for child in children if f"{child.fid:04X}" == part), None)
        if node is None:
            return None
    return node if isinstance(node, EF) else None


def _check_content(told: str, record: bytes, node: EF) -> None:
    decoded, value = record_value(told, record)
    content = encode_value(node, told, decoded, value)
    if len(content) > MAX_CONTENT:
        raise CorruptCard(told, f"a file has at most {MAX_CONTENT} bytes, not {len(content)}")
    try:
        node.structure.check(content)
        if decoded:
            node.codec.decode(content)
    except LayoutError as error:
        raise CorruptCard(told, str(error)) from None
