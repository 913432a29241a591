"""From profiles to cards: what stands in them, dates, serials, environments, keys."""

import json
import re
from datetime import UTC, date, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bifente.apdu.cvc import CvEnvelope, verify
from bifente.applets import card_of
from bifente.applets.perso import PersoError, parse_profile, personalise, read_profile, shipped_profiles
from bifente.applets.perso.cardrecords import content_bytes, content_value, layout_of, meta_of
from bifente.applets.store.stores import MemoryStore
from bifente.codes.luhn import luhn_valid
from bifente.codes.national_id import NationalId
from bifente.codes.nir import Nir
from bifente.crypto import rsa
from bifente.layouts.codecs import groupfiles
from bifente.ssv import wire

TODAY = date(2026, 3, 2)
NAMES = sorted(shipped_profiles())
PROFESSIONALS = [name for name in NAMES if hasattr(read_profile(name), "holder")]


def value(records, name):
    path, _ = layout_of(records).named(name)
    return content_value(records, path)


def content(records, name):
    path, node = layout_of(records).named(name)
    return content_bytes(records, node, path)


@pytest.mark.parametrize("name", NAMES)
def test_each_shipped_profile_makes_a_card_that_starts(name, make):
    records = make(name)
    card = card_of(MemoryStore(records), meta_of(records).kind)
    assert card.power_on() == layout_of(records).atr
    assert card.serial == meta_of(records).serial
    select = {"vitale1": "BCA4000C023F00", "cps4": "01A4040C088025000001FF0100"}
    command = select.get(meta_of(records).kind, "00A4000C023F00")
    assert card.transmit(bytes.fromhex(command)) == b"\x90\x00"


def test_the_announced_profiles_are_shipped():
    assert {
        "gp", "pharmacist", "nurse", "dentist", "hospital-cpe", "student-cpf", "director-cde", "cpa",
        "vitale-single", "vitale-family", "vitale-ald", "vitale-cmuc", "vitale-work-accident",
        "vitale-expired", "vitale-volets", "t1test",
    } <= set(NAMES)  # fmt: skip
    assert all(shipped_profiles().values())


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("vitale")])
def test_shipped_insured_persons_are_nobody(name, make):
    """Each NIR has a month that is never assigned, and its right key."""
    groups = read_profile(name).ssv_groups()
    numbers = [(group["NIR"], group["clé NIR"]) for group in groups if group.id == 101]
    numbers += [
        (group["NIR certifié"], group["clé NIR certifié"])
        for group in groups
        if group.id == 104 and group["NIR certifié"]
    ]
    assert numbers
    for number, key in numbers:
        assert Nir(number).fictitious
        assert Nir(number, key).check_key()


@pytest.mark.parametrize("name", PROFESSIONALS)
def test_shipped_professionals_are_nobody(name):
    """RPPS numbers of the ANS's test range 997; structures with letters, which no key can fit."""
    profile = read_profile(name)
    identifier = profile.holder.national_id
    assert re.match(r"89970|30B099|500000000099703/", identifier)
    assert NationalId.person(identifier).check_key() in (None, True)
    assert "FICTI" in profile.holder.family_name


@pytest.mark.parametrize("name", PROFESSIONALS)
def test_shipped_billing_numbers_have_their_key(name):
    for situation in read_profile(name).billing:
        assert luhn_valid(f"{situation.numero_facturation}{situation.cle_facturation}")


def test_content_of_a_professionals_card(make):
    records = make("gp")
    serial = meta_of(records).serial
    assert re.fullmatch(r"\d{8}", serial)
    pan = content(records, "EF.SN.ICC")
    assert pan[:7] == bytes.fromhex("5A0A8025000001")
    assert pan[7:11].hex() == serial
    assert luhn_valid(pan[2:].hex().rstrip("f"))
    assert pan[-1] & 0x0F == 0x0F
    assert value(records, "CPS_ID_CARD")["numero"] == f"29{serial}"
    assert value(records, "EF.CIAInfo")["label"] == f"CPS3v3-29{serial}"
    assert len(content(records, "CPS_DATA")) == 64
    listed = [entry["label"] for entry in value(records, "EF.DODF")]
    assert listed == [
        "CPS_DATA", "CPS_ID_CARD", "CPS_NAME_PS", "CPS_LANG_PS", "CPS_INFO_PS",
        "CPS_ACTIVITY_01_PS", "CPS_ACTIVITY_02_PS", "CPS_SIT_FACT",
    ]  # fmt: skip
    references = [entry["reference"] for entry in value(records, "EF.PrKDF")]
    assert references == [0x81, 0x82], "key 83 is not announced"
    assert content(records, "EF.ATR").hex().upper().startswith("804301B84604")


def test_directory_files_are_those_that_opensc_takes(make):
    """The literals of the image that OpenSC 0.23 accepted; only label and data objects are this card's own."""
    records = make("gp")
    assert content(records, "EF.DIR").hex().upper() == (
        "61324F0DE828BD080F8025000001FF0020500A4350582049415320434C51043F000002730F4F0DE828BD080F8025000001FF0010"
        "612F4F0DE828BD080F8025000001FF001050074350582049415351043F000001730F4F0DE828BD080F8025000001FF0010"
    )
    assert content(records, "EF.ODF").hex().upper() == (
        "A806300404027001A006300404027002A406300404027005A706300404027006"
    )
    assert content(records, "EF.AODF").hex().upper() == (
        "304630250C1C436F646520706F7274657572206465206C6120636172746520435058030206C00401023003040101"
        "A1183016030203880A01010201040201080201088001010401FF"
        "303830170C11436F6465206465206465626C6F63616765030206C03003040102"
        "A11830160302018A0A01010201080201080201088001020401FF"
    )
    assert content(records, "EF.PrKDF").hex().upper() == (
        "304230150C0C4350535F505249565F53494703020780040101"
        "301D040EE828BD080F8025000001FF0010010303060040030204B002020081A10A30083002040002020800"
        "304130150C0C4350535F505249565F415554030206C0040101"
        "301C040EE828BD080F8025000001FF00100203020560030204B002020082A10A30083002040002020800"
    )
    assert content(records, "EF.CDF").hex().upper().endswith("A108300630040402D002")


def test_certificates_of_a_professionals_card(make, pooled_authority):
    records = make("gp")
    serial = meta_of(records).serial
    for name, key in (("EF.C.CH.SIG", "81"), ("EF.C.CH.AUT", "82")):
        certificate = x509.load_der_x509_certificate(content(records, name))
        private = rsa.load_private(records[f"key/3F00/0001/{key}"])
        assert certificate.public_key() == private.public_key()
        assert certificate.not_valid_before_utc == datetime(2026, 3, 2, tzinfo=UTC)
        assert certificate.not_valid_after_utc == datetime(2029, 3, 2, tzinfo=UTC)
    root = pooled_authority.cv_root("C")
    cv = verify(CvEnvelope.parse(content(records, "EF.CVC")), root)
    assert cv.chr.hex() == f"00008025000001{serial}{content(records, 'EF.SN.ICC')[-1]:02x}"
    assert (cv.cha.g01, cv.cha.g02, cv.cha.profession, cv.cha.usage) == (0x80, 0, 10, 1)
    assert (cv.effective, cv.expiry) == (TODAY, date(2029, 3, 1))
    assert [name for name in records if name.startswith("root/")] == ["root/FRVTBF01"]


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("gp", "F0018000 0A 00 01"),
        ("student-cpf", "F0018001 0A 00 01"),
        ("director-cde", "F0018002 00 01 01"),
        ("hospital-cpe", "F0018002 00 00 01"),
        ("cpa", "F0018003 00 00 01"),
        ("vitale-single", "F00281 FFFFFF 01"),
    ],
)
def test_authorisations(name, codes, make):
    assert make(name)["identity"][12:] == bytes.fromhex(codes)


def test_content_of_a_vitale(make, pooled_authority):
    records = make("vitale-family")
    serial = meta_of(records).serial
    assert value(records, "G101")[0]["fields"][:3] == ["T", serial, "203103010000"]
    assert value(records, "EF.ID") == {
        "porteur": {"nom": "EXEMPLE-ROUSSEL", "prenoms": "CLAUDE", "date_naissance": "19791421"}
    }
    assert value(records, "EF.NIR")["assure"]["nir"].startswith("2791499234512")
    assert value(records, "EF.NIR")["carte"] == {"debut_validite": "20260302"}
    names = {entry["name"]: entry["fid"] for entry in value(records, "POINTERS")["files"]}
    assert names["PAN"] == "2F02"
    assert names["BEN04"] == "2204"
    assert "BEN05" not in names
    assert names["URGENCE"] == "2301"
    root = pooled_authority.cv_root("V")
    for name, usage, key in (
        ("EF.CVC", 1, "key/3F00/0001/83"),
        ("EF.CVC.SHEET", 2, "key/3F00/0002/81"),
    ):
        cv = verify(CvEnvelope.parse(content(records, name)), root)
        assert cv.cha.usage == usage
        assert cv.expiry == date(2031, 3, 1)
        assert cv.n == rsa.load_private(records[key]).public_key().public_numbers().n
    assert [name for name in records if name.startswith("root/")] == ["root/FRCTBF01"]


def test_serials_differ(make):
    serials = {meta_of(make("vitale-single")).serial for _ in range(4)}
    assert len(serials) > 1


def test_a_given_serial_is_taken(make):
    profile = read_profile("gp").model_copy(update={"serial": "00000017"})
    assert meta_of(make(profile)).serial == "00000017"


def test_environments_do_not_mix(make, production_authority, pooled_source):
    with pytest.raises(PersoError, match="not issued by an authority of environment P"):
        personalise(read_profile("gp"), production_authority, keys=pooled_source, today=TODAY)
    real_like = read_profile("gp").model_copy(update={"environment": "production-like"})
    with pytest.raises(PersoError, match="not issued by an authority of environment T"):
        make(real_like)
    records = personalise(real_like, production_authority, keys=pooled_source, today=TODAY)
    assert records["identity"][14] == 0x00
    assert "root/FRVPBF01" in records
    assert value(records, "CPS_ID_CARD")["categorie"] == "00"


def test_no_authority_is_said(pooled_source):
    with pytest.raises(PersoError, match="authority"):
        personalise(read_profile("gp"), None, keys=pooled_source, today=TODAY)


def test_keys_of_the_profile_are_taken(make, pooled_keys, tmp_path):
    """In the profile, or in a file beside it."""
    pem = [
        key.private_bytes(Encoding.PEM, form, NoEncryption())
        for key, form in zip(
            pooled_keys[:2], (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL), strict=True
        )
    ]
    (tmp_path / "sheet key.pem").write_bytes(pem[0])
    inline = "\n".join(f"    {line}" for line in pem[1].decode().splitlines())
    text = (
        'kind: vitale2\nassure: {nir: "1851399123456"}\nbeneficiaires:\n'
        "  - {nom: A, prenom: B, date_naissance: 1985-13-07, droits: [{debut: 2020-01-01}]}\n"
        f"keys:\n  sheet: sheet key.pem\n  recognition: |\n{inline}\n"
    )
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    records = make(read_profile(str(file)))
    assert records["key/3F00/0002/81"] == rsa.private_bytes(pooled_keys[0])
    assert records["key/3F00/0001/83"] == rsa.private_bytes(pooled_keys[1])


def test_dates_of_the_profile(make):
    profile = read_profile("gp").model_copy(
        update={"issued": date(2024, 2, 29), "expires": date(2024, 12, 31)}
    )
    records = make(profile)
    certificate = x509.load_der_x509_certificate(content(records, "EF.C.CH.SIG"))
    assert certificate.not_valid_before_utc == datetime(2024, 2, 29, tzinfo=UTC)
    assert certificate.not_valid_after_utc == datetime(2025, 1, 1, tzinfo=UTC)
    assert records["state/date"] == b"2024-02-29"
    assert meta_of(records).created == "2026-03-02"


def test_a_leap_day_three_years_on(make):
    records = make("gp", date(2028, 2, 29))
    assert value(records, "CPS_ID_CARD")["fin_validite"] == "20310227"


def test_meta_holds_no_secret(make, pooled_keys):
    profile = parse_profile(
        'kind: cps3\ncard: CPS\npin: 9753\npuk: "97531864"\nholder: {national_id: "899700000013", '
        "family_name: A, given_name: B, civility: 31, profession: 60}\n",
        "mine.yaml",
    )
    records = make(profile)
    assert records["pin/01"] == b"9753"
    for secret in (b"9753", b"97531864", b"PRIVATE"):
        assert secret not in records["meta"]
    assert "9753" not in repr(profile)
    assert "pin" not in json.loads(records["meta"])["profile"]


def test_the_large_file_of_the_t1_card(make):
    assert content(make("t1test"), "LARGE")[:6] == bytes.fromhex("000000020004")
    assert len(content(make("t1test"), "LARGE")) == 65536
    short = parse_profile("kind: t1test\ncontent: CAFE\n", "t.yaml")
    assert content(make(short), "LARGE") == b"\xca\xfe" + bytes(65534)


def test_a_file_given_by_path_or_name_replaces_what_the_profile_gives(make):
    profile = read_profile("gp")
    text = {
        "CPS_NAME_PS": {"value": {"civilite": "31", "nom": "AUTRE", "prenoms": []}},
        "3F00/0001/D106": {"raw": "DEAD"},
        "CPS_ACTIVITY_02_PS": {"absent": True},
    }
    changed = type(profile).model_validate({**profile.model_dump(), "files": text})
    records = make(changed)
    assert value(records, "CPS_NAME_PS")["nom"] == "AUTRE"
    assert content(records, "CPS_LANG_PS") == b"\xde\xad"
    assert "file/3F00/0001/D121" not in records
    with pytest.raises(PersoError, match="NONE is not a file"):
        make(type(profile).model_validate({**profile.model_dump(), "files": {"NONE": {}}}))


def test_rights_are_split_over_files_in_order(make):
    records = make("vitale-work-accident")
    pieces = {name: wire.from_json(value(records, name)) for name in ("G101", "G103", "BEN01")}
    joined = groupfiles.join(pieces)
    assert [group.id for group in joined] == [101, 103, 104, 105, 106]
    assert (joined[1]["code BGDH AT1"], joined[1]["identifiant AT1"]) == ("05", "20250314")
