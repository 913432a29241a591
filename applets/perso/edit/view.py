"""A card decoded for people: what stands where, under which rule, what it means and where that is known from."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from bifente.apdu.cvc import Cha, CvEnvelope, CvError
from bifente.apdu.errors import ApduError
from bifente.apdu.issuersignature import IssuerSignature, IssuerSignatureError
from bifente.applets.kernel.files import file_record, record_value
from bifente.applets.kernel.state import DATE_RECORD, IDENTITY_RECORD, key_record, pin_record, secret_record
from bifente.applets.perso import issuersigned
from bifente.applets.perso.cardrecords import Records, content_bytes, layout_of, meta_of, texts_of
from bifente.applets.perso.memory import memory_in_words
from bifente.codes.gip import label
from bifente.crypto.errors import CryptoError
from bifente.crypto.pkcs8 import public_info, read_numbers
from bifente.layouts.codec import JsonValue
from bifente.layouts.codecs.businessdata import form_of
from bifente.layouts.codecs.certificate import Certificate, read_certificate
from bifente.layouts.codecs.groupfiles import GroupsCodec
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import DF, EF, Access, Crt, KeyObject, KeySet, Layout, PinObject, SecretKey
from bifente.slotted import dataclass, field
from bifente.ssv import wire
from bifente.ssv.findings import describe, findings, has_control

Line = tuple[str, str]
"""The name of a part and what it is, in words."""

_SHOWN_BYTES = 24
_ONE_LINE = 12
"""An item of a list with no more parts than this is shown on one line."""


@dataclass(frozen=True, slots=True)
class FileView:
    """An EF. ``value`` is decoded; ``size`` counts the bytes that READ BINARY reads."""

    name: str
    path: str
    fid: str
    sfi: int | None
    size: int
    rules: Mapping[str, str]
    meaning: str
    source: str
    value: JsonValue
    decoded: bool
    lines: Sequence[Line]
    form: int | None = None
    """1 or 2 of a business data object (see :mod:`bifente.layouts.codecs.businessdata`), None of other files."""


@dataclass(frozen=True, slots=True)
class PinView:
    """A PIN or PUK; never its value."""

    name: str
    use: str
    """What profiles call it: ``pin``, ``puk``."""
    reference: str
    tries_left: int
    tries: int
    uses_left: int | None
    rules: Mapping[str, str]
    source: str


@dataclass(frozen=True, slots=True)
class KeyView:
    """A private key: its rules and the fingerprint of its public half."""

    name: str
    reference: str
    algorithms: Mapping[str, Sequence[str]]
    rules: Mapping[str, str]
    fingerprint: str | None
    source: str
    secret: str | None = None
    """Of a key of triple DES: whether it is there, and whether it is a mother of others' keys; never its value."""


@dataclass(frozen=True, slots=True)
class DirectoryView:
    """A DF with what is in it."""

    name: str
    path: str
    fid: str
    aid: str | None
    rules: Mapping[str, str]
    source: str
    pins: Sequence[PinView] = ()
    keys: Sequence[KeyView] = ()
    files: Sequence[FileView] = ()
    directories: "Sequence[DirectoryView]" = ()


@dataclass(frozen=True, slots=True)
class CardView:
    """The whole card."""

    kind: str
    title: str
    serial: str
    environment: str
    created: str
    atr: str
    comment: str
    latest_date: str | None
    opposed: str | None
    holder: str | None
    """CHR and CHA of its recognition."""
    issuer_signature: str | None = None
    """What the issuer's signature on the card says; None for a kind of card that has none."""
    memory: str | None = None
    """How much of its memory is taken, of a kind of card that has little."""
    business_form: str | None = None
    """Which form the business data of a professional's card have, in words."""
    findings: Sequence[str] = field(default_factory=tuple)
    root: DirectoryView | None = None


def view(records: Records) -> CardView:
    """The card as its records say. Raises CorruptCard."""
    meta = meta_of(records)
    layout = layout_of(records)
    date = records.get(DATE_RECORD)
    root = _directory(records, "", layout.mf)
    return CardView(
        kind=meta.kind,
        title=layout.title,
        serial=meta.serial,
        environment=meta.environment_name,
        created=meta.created,
        atr=(meta.atr or layout.atr.hex()).upper(),
        comment=str(meta.profile.get("comment", "")),
        latest_date=date.decode("ascii", "replace") if date is not None else None,
        opposed=meta.opposed,
        holder=_holder(records),
        issuer_signature=_issuer_signature(records),
        memory=memory_in_words(records),
        business_form=_business_form(list(_all_files(root))),
        findings=tuple(noticed(records)),
        root=root,
    )


def _all_files(directory: DirectoryView) -> Iterator[FileView]:
    """The files of a directory and of those below it, in the order of the card."""
    yield from directory.files
    for below in directory.directories:
        yield from _all_files(below)


_FORMS = {
    1: "form 1, synthetic texts of earlier cards, of which other software shows nothing",
    2: "form 2, as the State's readers take them",
}


def _business_form(files: Sequence[FileView]) -> str | None:
    """The form of the business data objects; of each one when they have not all the same."""
    forms = {file.name: file.form for file in files if file.form is not None}
    if not forms:
        return None
    if len(set(forms.values())) == 1:
        return _FORMS[next(iter(forms.values()))]
    earlier = ", ".join(name for name, form in forms.items() if form == 1)
    return f"form 2, but form 1 (synthetic texts of earlier cards) in {earlier}"


def _directory(records: Records, prefix: str, node: DF) -> DirectoryView:
    path = f"{prefix}{node.fid:04X}"
    return DirectoryView(
        name=node.name,
        path=path,
        fid=f"{node.fid:04X}",
        aid=node.aid.hex().upper() if node.aid is not None else None,
        rules=_rules(node.access),
        source=node.source,
        pins=[_pin(records, pin) for pin in node.pins],
        keys=[
            *(_key(records, path, key) for key in node.keys),
            *(_secret(records, path, key) for key in node.secrets),
            *map(_keyset, node.keysets),
        ],
        files=[
            _file(records, f"{path}/{file.fid:04X}", file)
            for file in node.files()
            if file_record(f"{path}/{file.fid:04X}") in records
        ],
        directories=[_directory(records, f"{path}/", child) for child in node.directories()],
    )


def _file(records: Records, path: str, node: EF) -> FileView:
    name = file_record(path)
    decoded, value = record_value(name, records[name])
    content = content_bytes(records, node, path)
    if decoded:
        value = node.codec.decode(content)  # in the order of the bytes
    return FileView(
        name=node.name,
        path=path,
        fid=f"{node.fid:04X}",
        sfi=node.sfi,
        size=len(content),
        rules=_rules(node.access),
        meaning=node.meaning,
        source=node.source,
        value=value if decoded else {"hex": str(value)},
        decoded=decoded,
        lines=list(_signature(layout_of(records), content))
        if path == layout_of(records).issuer_signature
        else list(_lines(node, value, content, decoded=decoded)),
        form=form_of(node.codec, content) if decoded else None,
    )


def _rules(access: Access) -> dict[str, str]:
    return {str(operation): str(rule) for operation, rule in access.items()}


def _pin(records: Records, pin: PinObject) -> PinView:
    prefix = pin_record(pin.reference)
    uses = records.get(f"{prefix}/uses")
    return PinView(
        name=pin.name,
        use=pin.use,
        reference=f"{pin.reference:02X}",
        tries_left=int.from_bytes(records.get(f"{prefix}/left", b""), "big"),
        tries=pin.tries,
        uses_left=int.from_bytes(uses, "big") if uses is not None else None,
        rules=_rules(pin.access),
        source=pin.source,
    )


def _key(records: Records, path: str, key: KeyObject) -> KeyView:
    pkcs8 = records.get(key_record(path, key.reference))
    return KeyView(
        name=key.name,
        reference=f"{key.reference:02X}",
        algorithms={
            str(crt): sorted(f"{one:02X}" for one in algorithms) for crt, algorithms in key.algorithms.items()
        },
        rules=_rules(key.access),
        fingerprint=_fingerprint(pkcs8) if pkcs8 else None,
        source=key.source,
    )


def _keyset(keyset: KeySet) -> KeyView:
    what = "two keys, from the issuer's by the serial number: secure messaging"
    return _symmetric(keyset, sorted(keyset.algorithms), what)


def _secret(records: Records, path: str, key: SecretKey) -> KeyView:
    there = secret_record(path, key.reference) in records
    what = "a mother key: those of the cards are derived from it" if key.mother else "this card's own"
    return _symmetric(key, [key.algorithm], f"{key.cipher}, {what}" if there else "none")


def _symmetric(key: KeySet | SecretKey, algorithms: Sequence[int], what: str) -> KeyView:
    named = {str(Crt.AUTHENTICATION): [f"{one:02X}" for one in algorithms]}
    return KeyView(key.name, f"{key.reference:02X}", named, _rules(key.access), None, key.source, secret=what)


def _fingerprint(pkcs8: bytes) -> str:
    """The SHA-256 of the SubjectPublicKeyInfo, or why there is none."""
    numbers = read_numbers(pkcs8)
    if numbers is not None:
        return sha256(public_info(numbers.n, numbers.e)).hexdigest()
    from bifente.applets.perso.make.keys import fingerprint
    from bifente.crypto import rsa

    try:
        return fingerprint(rsa.load_private(pkcs8, validate=False).public_key())
    except CryptoError as error:
        return str(error)


def _holder(records: Records) -> str | None:
    record = records.get(IDENTITY_RECORD)
    if record is None:
        return None
    try:
        cha = Cha.parse(record[12:])
    except ApduError:
        return None
    return f"CHR {record[:12].hex().upper()}, CHA {cha.encode().hex().upper()}"


def _issuer_signature(records: Records) -> str | None:
    if issuersigned.signature_record(records) is None:
        return None
    try:
        read = issuersigned.read(records)
    except IssuerSignatureError as error:
        return str(error)
    if read is None:
        return "none: what stands on this card is not proven to a terminal"
    not_covered = issuersigned.uncovered(records)
    covers = f"does not cover {', '.join(not_covered)}" if not_covered else "covers all that it should"
    return f"by {read.car.decode('ascii')} on {read.day}, {covers}"


def _signature(layout: Layout, content: bytes) -> Iterator[Line]:
    """The issuer's signature in words."""
    try:
        read = IssuerSignature.parse(content)
    except IssuerSignatureError as error:
        yield "issuer's signature", str(error)
        yield "bytes", _hex(content)
        return
    names = {node.fid: node.name for _, node in layout.issued()}
    yield "signed by", f"{read.car.decode('ascii')} on {read.day}"
    yield "for the card", f"CHR {read.chr.hex().upper()}"
    yield "covers", ", ".join(names.get(fid, f"{fid:04X}") for fid in read.digests) or "nothing"
    yield "signature", _hex(read.signature)


def noticed(records: Records) -> Iterator[str]:
    """What is odd about the rights on a Vitale, and about any text: told, never refused."""
    layout = layout_of(records)
    groups = []
    for path, node in layout.walk():
        name = file_record(path)
        if isinstance(node, EF) and isinstance(node.codec, GroupsCodec) and name in records:
            decoded, value = record_value(name, records[name])
            if decoded:
                groups += wire.from_json(value)
        elif isinstance(node, EF) and name in records:
            decoded, value = record_value(name, records[name])
            if decoded and any(has_control(text) for text in texts_of(value)):
                yield f"{node.name}: control characters in a text"
    not_covered = issuersigned.uncovered(records)
    if not_covered:
        yield f"the issuer's signature does not cover {', '.join(not_covered)}: terminals refuse them"
    for finding in findings(groups):
        where = f"{finding.group}" + (f".{finding.field}" if finding.field is not None else "")
        yield f"{where}: {finding.message}"


def _lines(node: EF, value: JsonValue, content: bytes, *, decoded: bool) -> Iterator[Line]:
    if not decoded:
        yield "bytes", _hex(content)
    elif node.certifies is not None:
        yield from _certificate(content)
    elif isinstance(node.codec, GroupsCodec):
        yield from _groups(value)
    elif isinstance(value, Mapping) and set(value) == {"hex"}:
        yield "bytes", _hex(content)
    elif value is None:
        yield "content", "none"
    else:
        yield from _flat(value)


def lines_of(value: JsonValue) -> list[Line]:
    """The parts of a decoded value in words, SSV groups among them."""
    items = value if isinstance(value, list) else [value]
    if items and all(isinstance(item, Mapping) and set(item) == {"group", "fields"} for item in items):
        return list(_groups(items))
    return list(_flat(value))


def _groups(value: JsonValue) -> Iterator[Line]:
    for group in wire.from_json(value):
        yield str(group.id), group.description.name
        for number, description, text, explanation in describe(group):
            if text:
                said = f"{text}  ({explanation})" if explanation and explanation != text else text
                yield f"{group.id}.{number} {description.name}", said


def _certificate(content: bytes) -> Iterator[Line]:
    if content[:2] == b"\x7f\x21":
        try:
            envelope = CvEnvelope.parse(content)
        except CvError as error:
            yield "CV certificate", str(error)
        else:
            yield "CV certificate", f"issued by {envelope.car.decode('latin-1')}"
        return
    try:
        read = read_certificate(content)
    except LayoutError:
        unusual = _unusual_certificate(content)
        if unusual is None:
            yield "bytes", _hex(content)
            return
        read = unusual
    yield "subject", read.subject
    yield "issuer", read.issuer
    yield "serial", f"{read.serial:032x}"
    yield "validity", f"{read.not_before:%Y-%m-%d} to {read.not_after:%Y-%m-%d %H:%M:%S} UTC"
    yield "SHA-256", sha256(content).hexdigest()


def _unusual_certificate(content: bytes) -> Certificate | None:
    """A certificate with something that those of our authorities do not have; None when the bytes are none."""
    from cryptography import x509  # takes longer than all else that is shown
    from cryptography.x509.oid import NameOID

    names = {NameOID.SURNAME: "SN", NameOID.GIVEN_NAME: "GN", NameOID.TITLE: "title"}
    try:
        read = x509.load_der_x509_certificate(content)
        return Certificate(
            read.subject.rfc4514_string(names),
            read.issuer.rfc4514_string(names),
            read.serial_number,
            read.not_valid_before_utc,
            read.not_valid_after_utc,
        )
    except ValueError:
        return None


_TABLES = {
    "civilite": "G03",
    "profession": "G15",
    "future_profession": "G16",
    "responsabilite": "G04",
    "specialite": "R01",
    "secteur": "R02",
    "mode_exercice": "G17",
    "statut": "G14",
    "statut_exercice": "G14",
    "secteur_activite": "G19",
    "categorie": "G01",
    "type_carte": "G02",
    "carte.type": "G02",
    "exercice.mode": "G17",
    "exercice.statut": "G14",
    "conventionnelles.specialite": "G100",
    "conventionnelles.convention": "G101",
    "conventionnelles.zone": "G102",
    "conventionnelles.ik": "G103",
    "agrements.agrement_1": "G104",
    "agrements.agrement_2": "G104",
    "agrements.agrement_3": "G104",
    "code_conventionnel": "G101",
    "zone_tarifaire": "G102",
    "zone_ik": "G103",
    "tableau_pharmacien": "G05",
    "type_structure": "G07",
    "forme_juridique": "G21",
}
"""The nomenclature of the codes in the business data, by the name of the part or its last two names."""

_AUTHORISATIONS = {"00": "signs nothing", "01": "signs lots", "10": "signs FSE", "11": "signs FSE and lots"}


def _flat(value: JsonValue, name: str = "") -> Iterator[Line]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else key)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(item, str) for item in value):
            yield name, ", ".join(str(item) for item in value if item) or "none"
            return
        for number, item in enumerate(value, 1):
            here = f"{name}[{number}]" if name else f"{number}"
            parts = list(_flat(item)) if isinstance(item, Mapping) else []
            if 0 < len(parts) <= _ONE_LINE:
                yield here, ", ".join(f"{part}: {text}" for part, text in parts)
            else:
                yield from _flat(item, here)
    else:
        text = str(value)
        meaning = _meaning(name, text)
        yield name, f"{text}  ({meaning})" if meaning else text


def _meaning(name: str, text: str) -> str | None:
    """What a code says, by the name of the part that holds it."""
    parts = [part.partition("[")[0] for part in name.split(".")]
    if parts[-1] == "autorisations":
        return _AUTHORISATIONS.get(text)
    table = _TABLES.get(".".join(parts[-2:])) or _TABLES.get(parts[-1])
    if table == "R01" and len(text) == 2:  # in form 1 two tables share a name
        table = "G100"
    return label(table, text[:2] if parts[-1] == "statut" else text) if table is not None else None


def _hex(content: bytes) -> str:
    if not content:
        return "none"
    if not any(content):
        return f"{len(content)} zeros"
    shown = content[:_SHOWN_BYTES].hex().upper()
    return shown if len(content) <= _SHOWN_BYTES else f"{shown}… ({len(content)} bytes)"
