"""Two emulated cards of one test authority in a two-slot reader, and a consultation between them.

Keys are made once a run, and the authority's with 2048 bits: what is tested here does not depend on their length.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from signedsheet import Signed, signer_of

from bifente.apdu import tlv
from bifente.apdu.cvc import Cha, CvKey
from bifente.applets import SmartCard, card_of, layout_of
from bifente.applets.kernel.state import CardIdentity, encode_identity, encode_root
from bifente.applets.store.stores import MemoryStore
from bifente.codes.holder import CardHolder
from bifente.crypto import rsa
from bifente.fse.sheet import Act, CareSession
from bifente.igc import Authority, CertificateUsage
from bifente.layouts.codecs import businessdata, groupfiles, identity, volets
from bifente.layouts.nodes import EF
from bifente.reader import TwoSlotReader
from bifente.ssv import wire
from bifente.ssv.groups import Group

TODAY = date(2026, 3, 2)
ISSUED, EXPIRES = date(2025, 6, 1), date(2028, 5, 31)
CPS_SERIAL, VITALE_SERIAL = "00000017", "19999991"
HOLDER = CardHolder(
    card_type=0,
    category=0x80,
    national_id="899700000017",
    family_name="DURIF",
    given_name="ALICE",
    civility=22,
    profession=10,
    future_profession=None,
    responsibility=0,
    speciality="SM26",
    structure_id=None,
    structure_name=None,
    department=None,
    card_number="29" + CPS_SERIAL,
)
SITUATIONS = [
    Group.of(2, "\x01", "00", "10", "", "4", "997000000170", "", "CABINET DURIF", "99100001", "9")
    .replace("code conventionnel", "1")
    .replace("code spécialité", "01")
    .replace("habilitation à signer une facture", "1")
    .replace("habilitation à signer un lot", "1"),
    Group.of(2, "\x03", "01", "24", "", "1", "990000018", "", "HOPITAL FICTIF", "99100002", "7")
    .replace("habilitation à signer une facture", "1")
    .replace("habilitation à signer un lot", "0"),
]
"""What the objects of a CPS3 can say of a situation (the sector of table G19 is not among it)."""
RIGHTS = [
    Group.of(
        101,
        "T",
        VITALE_SERIAL,
        "202805310000",
        "0",
        "0",
        "",
        "A",
        "2800199999999",
        "17",
        "01",
        "349",
        "9881",
        "10",
    ),
    Group.of(104, "TESSIER", "", "CLAIRE")
    .replace("date de naissance", "198001010000")
    .replace("rang gémellaire", "1")
    .replace("qualité", "0"),
    Group.of(105, "202501010000", "202612310000"),
    Group.of(106, "202501010000", "202506300000", "0", "0100"),
    Group.of(106, "202507010000", "", "1", "0104"),
    Group.of(104, "TESSIER", "", "HUGO")
    .replace("date de naissance", "201503010000")
    .replace("rang gémellaire", "1")
    .replace("qualité", "6"),
    Group.of(105, "202001010000", "202412310000"),
    Group.of(106, "", "", "0", "0100"),
]

EMERGENCY = {
    "personnes_a_prevenir": [
        {"nom": "TESSIER", "prenom": "PAUL", "telephone": "+33 199 00 00 01", "lien": "frère"}
    ],
    "medecin_traitant": {"nom": "DURIF", "identifiant": "899700000017"},
}
MEDICAL = {
    "allergies": [{"substance": "pénicilline", "reaction": "urticaire"}],
    "traitements": [{"medicament": "MÉDICAMENT FICTIF", "posologie": "1 par jour"}],
}


@cache
def key(name: str) -> RSAPrivateKey:
    """An RSA key of 2048 bits, the same for the same name during a run."""
    return rsa.generate()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.init(tmp_path_factory.mktemp("igc") / "T", key_source=lambda _bits: rsa.generate())


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Same names, other keys."""
    return Authority.init(tmp_path_factory.mktemp("igc") / "other", key_source=lambda _bits: rsa.generate())


def raw(content: bytes) -> bytes:
    return json.dumps({"raw": content.hex().upper()}).encode()


def moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def billing_of(group: Group) -> dict[str, object]:
    """The situation de facturation of a group 2."""
    signs = (0x10 if group["habilitation à signer une facture"] != "0" else 0) | (
        group["habilitation à signer un lot"] != "0"
    )
    value: dict[str, object] = {
        "situation": group.raw("numéro logique de la situation")[0],
        "autorisations": f"{signs:02X}",
    }
    if group["numéro d'identification de facturation du PS"]:
        value["identifiant"] = (
            group["numéro d'identification de facturation du PS"]
            + group["clé du numéro d'identification de facturation du PS"]
        )
    names = {
        "convention": "code conventionnel",
        "specialite": "code spécialité",
        "zone": "code zone tarifaire",
        "ik": "code zone IK",
    }
    return {**value, "conventionnelles": {key: group[name] for key, name in names.items()}}


def activity_of(group: Group) -> dict[str, object]:
    """The activity that a group 2 is joined with."""
    value: dict[str, object] = {
        "exercice": {"mode": group["mode d'exercice"].zfill(2)},
        "numero_logique": group.raw("numéro logique de la situation")[0],
    }
    given = {
        "statut": group["statut d'exercice"] and group["statut d'exercice"].zfill(2),
        "structure": group["type d'identification structure"] + group["numéro d'identification structure"],
        "raison_sociale": group["raison sociale structure"],
    }
    return {**value, **{name: text for name, text in given.items() if text}}


def base(kind: str, pan: bytes, cha: Cha, root: CvKey) -> dict[str, bytes]:
    made = {
        "meta": json.dumps({"kind": kind, "serial": pan.hex()}).encode(),
        "state/date": ISSUED.isoformat().encode(),
        "identity": encode_identity(CardIdentity(b"\0\0" + pan, cha)),
        f"root/{root.car.decode()}": encode_root(root),
    }
    for path, node in layout_of(kind).walk():
        if isinstance(node, EF) and not node.optional:
            made[f"file/{path}"] = raw(bytes(8))
    return made


@dataclass(frozen=True)
class Maker:
    """Makes cards of one authority."""

    authority: Authority

    def issued(self, kind: str, pan: bytes, made: dict[str, bytes]) -> dict[str, bytes]:
        """The issuer's signature over what is on a card."""
        layout = layout_of(kind)
        digests = {
            node.fid: sha256(bytes.fromhex(json.loads(made[f"file/{path}"])["raw"])).digest()
            for path, node in layout.issued()
            if f"file/{path}" in made
        }
        domain = "C" if kind == "cps3" else "V"
        content = self.authority.sign_contents(domain=domain, pan=pan, digests=digests, day=ISSUED)
        return {f"file/{layout.issuer_signature}": raw(content)}

    def cps(
        self,
        holder: CardHolder = HOLDER,
        *,
        prefix: str = "cps",
        situations: list[Group] | None = None,
        issued: bool = True,
    ) -> SmartCard:
        serial = holder.card_number[2:]
        pan = identity.pan({"emetteur": "8025000001", "numero": serial})
        profession = holder.profession or holder.future_profession or 0
        cha = Cha(1, holder.category, holder.card_type, profession, holder.responsibility, 1)
        keys = {number: key(f"{prefix} {number:02X}") for number in (0x81, 0x82, 0x83)}
        made = base("cps3", pan, cha, self.authority.cv_root("V"))
        made |= {f"key/3F00/0001/{number:02X}": rsa.private_bytes(one) for number, one in keys.items()}
        made |= {"pin/01": b"1234", "pin/01/left": b"\x03"}
        made |= {"pin/02": b"12345678", "pin/02/left": b"\x0a", "pin/02/uses": b"\x00\x64"}
        values = businessdata.holder_values(holder, "20250601", "20280531")
        codecs = (businessdata.ID_CARD, businessdata.NAME, businessdata.LANGUAGES, businessdata.INFO)
        contents = {
            fid: codec.encode(values[name])
            for fid, (name, codec) in zip(
                (0xD104, 0xD105, 0xD106, 0xD108), zip(values, codecs, strict=True), strict=True
            )
        }
        wanted = SITUATIONS if situations is None else situations
        contents[0xD110] = businessdata.BILLING.encode({"situations": [billing_of(one) for one in wanted]})
        for place, one in enumerate(wanted):
            contents[0xD120 + place] = businessdata.ACTIVITY.encode(activity_of(one))
        for fid, number, usage in ((0xD001, 0x81, "SIGNATURE"), (0xD002, 0x82, "AUTHENTICATION")):
            contents[fid] = self.authority.issue_certificate(
                holder, keys[number].public_key(), CertificateUsage[usage], moment(ISSUED), moment(EXPIRES)
            )
        contents[0xD083] = self.authority.issue_cv(
            domain="C", pan=pan, cha=cha, public_key=keys[0x83].public_key(), effective=ISSUED, expiry=EXPIRES
        )
        made |= {f"file/3F00/0001/{fid:04X}": raw(content) for fid, content in contents.items()}
        made["file/3F00/D003"] = raw(tlv.encode(0x5A, pan))
        if issued:
            made |= self.issued("cps3", pan, made)
        return card_of(MemoryStore(made), "cps3")

    def vitale(
        self,
        rights: list[Group] | None = None,
        *,
        serial: str = VITALE_SERIAL,
        prefix: str = "vitale",
        expiry: date = EXPIRES,
        issued: bool = True,
    ) -> SmartCard:
        rights = RIGHTS if rights is None else rights
        pan = identity.pan({"emetteur": "8025000009", "numero": serial})
        cha = Cha.vitale(0x81)
        keys = {number: key(f"{prefix} {number:02X}") for number in (0x81, 0x83)}
        made = base("vitale2", pan, cha, self.authority.cv_root("C"))
        for path, number, file, usage in (("0001", 0x83, "C001", 1), ("0002", 0x81, "0002/C081", 2)):
            made[f"key/3F00/{path}/{number:02X}"] = rsa.private_bytes(keys[number])
            made[f"file/3F00/{file}"] = raw(
                self.authority.issue_cv(
                    domain="V",
                    pan=pan,
                    cha=replace(cha, usage=usage),
                    public_key=keys[number].public_key(),
                    effective=ISSUED,
                    expiry=expiry,
                )
            )
        made["file/3F00/2F02"] = raw(tlv.encode(0x5A, pan))
        pieces = groupfiles.split(rights)
        files = [{"name": "PAN", "application": 1, "fid": "2F02"}]
        for name, piece in pieces.items():
            fid = int("2" + name[1:], 16) if name[0] == "G" else 0x2200 + int(name[3:])
            made[f"file/3F00/0001/{fid:04X}"] = raw(wire.encode(piece))
            files.append({"name": name, "application": 2, "fid": f"{fid:04X}"})
        for name, fid, content in (
            ("URGENCE", 0x2301, volets.EMERGENCY.encode(EMERGENCY)),
            ("MEDICAL", 0x2302, volets.MEDICAL.encode(MEDICAL)),
        ):
            made[f"file/3F00/0001/{fid:04X}"] = raw(content)
            files.append({"name": name, "application": 2, "fid": f"{fid:04X}"})
        applications = [
            {"id": 1, "aid": "D2500000024D465F564954414C45"},
            {"id": 2, "aid": "D250000002564954414C45"},
        ]
        pointers = identity.POINTERS.encode({"applications": applications, "files": files})
        made["file/3F00/0001/2001"] = raw(pointers)
        if issued:
            made |= self.issued("vitale2", pan, made)
        return card_of(MemoryStore(made), "vitale2")


@pytest.fixture(scope="session")
def maker(authority: Authority) -> Maker:
    return Maker(authority)


@pytest.fixture(scope="session")
def production_maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Of an authority of the other environment."""
    folder = tmp_path_factory.mktemp("igc") / "production"
    return Maker(Authority.init(folder, environment="P", key_source=lambda _bits: rsa.generate()))


@pytest.fixture
def consultation(maker: Maker) -> Iterator[Callable[..., CareSession]]:
    """Puts cards into a two-slot reader and opens a session between them; PIN and recognition on demand."""
    readers: list[TwoSlotReader] = []

    def make(
        cps: SmartCard | None = None, vitale: SmartCard | None = None, *, ready: bool = True
    ) -> CareSession:
        reader = TwoSlotReader()
        readers.append(reader)
        first, second = reader.slots
        reader.insert(first, cps or maker.cps())
        reader.insert(second, vitale or maker.vitale())
        session = CareSession(
            reader.link(first), reader.link(second), trust=maker.authority.trust_store, today=TODAY
        )
        session.reader = reader  # type: ignore[attr-defined]  # for tests that pull a card out
        if ready:
            session.present_pin(b"1234")
            session.recognise()
        return session

    yield make
    for reader in readers:
        reader.close()


@pytest.fixture
def consult() -> Act:
    return Act("G", Decimal(1), 3000, TODAY)


@pytest.fixture
def sign_again(consultation: Callable[..., CareSession], consult: Act, maker: Maker) -> Callable[..., Signed]:
    """A sheet of these cards, with the means to sign it again."""

    def make(cps: SmartCard | None = None, vitale: SmartCard | None = None, *, prefix: str = "cps") -> Signed:
        with consultation(cps, vitale) as session:
            raw = session.sign(session.draw_up([consult], number=1, care_date=TODAY))
            verified = session.verify(raw)
            signer = session.cps.signature_certificate()
        trust = maker.authority.trust_store
        intermediate = next(one for one in trust.intermediates if one.subject == verified.signer.issuer)
        return Signed(
            raw,
            verified.content,
            signer,
            intermediate.public_bytes(Encoding.DER),
            trust,
            signer_of(key(f"{prefix} 81")),
            signer_of(key("vitale 81")),
        )

    return make


@pytest.fixture
def signed(sign_again: Callable[..., Signed]) -> Signed:
    return sign_again()


@pytest.fixture(scope="session")
def fse_key() -> Callable[[str], RSAPrivateKey]:
    """The private keys in the cards, by card and number: for the forgers."""
    return key


@pytest.fixture(scope="session")
def fse_holder() -> CardHolder:
    return HOLDER


@pytest.fixture(scope="session")
def fse_rights() -> list[Group]:
    return RIGHTS


@pytest.fixture(scope="session")
def fse_situations() -> list[Group]:
    return SITUATIONS


@pytest.fixture(scope="session")
def fse_volets() -> tuple[object, object]:
    return EMERGENCY, MEDICAL
