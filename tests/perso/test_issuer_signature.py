"""The issuer's signature on a card: what it covers, what a change leaves of it, and who may make it anew."""

from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest
from keypool import applied

from bifente.apdu.issuersignature import IssuerSignature, IssuerSignatureError, verify_by_any
from bifente.applets import card_of
from bifente.applets.perso import PersoError, issuersigned
from bifente.applets.perso.edit import change
from bifente.applets.perso.edit.dump import dump, dump_text
from bifente.applets.perso.edit.view import view
from bifente.applets.store.stores import MemoryStore
from bifente.layouts.cards import cps3, vitale2
from bifente.layouts.codecs import businessdata, identity

TODAY = date(2026, 3, 2)


def roots(authority):
    return authority.trust_store.cv_roots


def unsigned(records):
    """The card as it was made before there were such signatures."""
    name = issuersigned.signature_record(records)
    return {key: value for key, value in records.items() if key != name}


@pytest.mark.parametrize(
    ("profile", "domain", "covered"),
    [
        ("gp", "C", {0xD104, 0xD105, 0xD108, 0xD110, 0xD120, 0xD121}),
        ("nurse", "C", {0xD104, 0xD105, 0xD108, 0xD110, 0xD120, 0xD123}),
        ("vitale-single", "V", {0x2101, 0x2201}),
    ],
)
def test_it_covers_what_the_issuer_wrote(make, pooled_authority, profile, domain, covered):
    records = make(profile)
    signature = issuersigned.read(records)
    raw = signature.encode()
    assert verify_by_any(raw, domain, roots(pooled_authority)) == signature
    assert set(signature.digests) == covered
    assert signature.day == TODAY
    for fid, content in issuersigned.contents(records).items():
        assert signature.digests[fid] == sha256(content).digest()
    with pytest.raises(IssuerSignatureError, match="does not issue cards of this kind"):
        verify_by_any(raw, "V" if domain == "C" else "C", roots(pooled_authority))


def test_nobody_who_enumerates_files_meets_it(make):
    """Neither the object directory of the CPS nor POINTERS of the Vitale lists it; it is not free to read."""
    objects = cps3.LAYOUT.file("3F00/0001/7006").codec.decode(issued_content(make("gp"), "3F00/0001/7006"))
    assert "D084" not in str(objects)
    pointers = identity.POINTERS.decode(issued_content(make("vitale-single"), "3F00/0001/2001"))
    assert "2003" not in str(pointers)
    for layout, fid in ((cps3.LAYOUT, "D084"), (vitale2.LAYOUT, "2003")):
        node = layout.file(f"3F00/0001/{fid}")
        assert node.source == "synthetic"
        card = card_of(MemoryStore(make("gp" if fid == "D084" else "vitale-single")), layout.kind)
        card.power_on()
        card.transmit(bytes.fromhex("00A4040C0D") + cps3.AID_CONTACT) if fid == "D084" else card.transmit(
            bytes.fromhex("00A4040C0B") + vitale2.AID_VITALE
        )
        assert card.transmit(bytes.fromhex(f"00A4020C02{fid}")) == b"\x90\x00"
        assert card.transmit(bytes.fromhex("00B0000000")) == b"\x69\x82"


def issued_content(records, path):
    card = card_of(MemoryStore(records), "cps3" if "file/3F00/D003" in records else "vitale2")
    card.power_on()
    node = card.tree.mf
    for part in path.split("/")[1:]:
        node = node.by_fid[int(part, 16)]
    return node.content


def test_a_change_is_not_covered_until_the_issuer_signs(make, pooled_authority):
    records = make("vitale-ald")
    assert issuersigned.uncovered(records) == []
    changed = applied(records, change.set_field(records, "BEN01/106/3", "4"))
    assert issuersigned.uncovered(changed) == ["BEN01"]
    seen = view(changed)
    assert "does not cover BEN01" in seen.issuer_signature
    assert any("does not cover BEN01" in finding for finding in seen.findings)
    signed = applied(changed, change.sign(changed, pooled_authority, date(2026, 3, 3)))
    assert issuersigned.uncovered(signed) == []
    assert view(signed).issuer_signature == "by FRVTBF01 on 2026-03-03, covers all that it should"
    assert applied(signed, change.restore(signed)) == records


def test_files_that_are_added_and_taken_away(make):
    records = make("gp")
    gone = applied(records, change.remove_field(records, "CPS_ACTIVITY_02_PS"))
    assert issuersigned.uncovered(gone) == ["CPS_ACTIVITY_02_PS"]
    value = {"exercice": {"mode": "00"}, "numero_logique": 3, "secteur": "SA07"}
    more = dict(records)
    more["file/3F00/0001/D122"] = b'{"raw": "%s"}' % businessdata.ACTIVITY.encode(value).hex().encode()
    assert issuersigned.uncovered(more) == ["CPS_ACTIVITY_03_PS"]


def test_what_the_holder_or_professionals_may_write_is_not_covered(make):
    for profile, path, text in (("gp", "CPS_DATA", "FF"), ("vitale-single", "EF.ID/nom", "AUTRE")):
        records = make(profile)
        assert issuersigned.uncovered(applied(records, change.set_field(records, path, text))) == []


def test_the_signature_of_another_card_covers_nothing(make):
    records, other = make("gp"), make("nurse")
    name = issuersigned.signature_record(records)
    mixed = {**records, name: other[name]}
    assert "CPS_SIT_FACT" in issuersigned.uncovered(mixed)
    garbage = {**records, name: b'{"value": {"hex": "E500"}}'}
    assert "CPS_SIT_FACT" in issuersigned.uncovered(garbage)
    assert "not the signature of an issuer" in view(garbage).issuer_signature


def test_only_the_cards_issuer_signs(make, production_authority):
    with pytest.raises(PersoError, match="another authority"):
        change.sign(make("gp"), production_authority, TODAY)


def test_a_card_made_before_says_so_and_can_be_signed(make, pooled_authority):
    old = unsigned(make("vitale-single"))
    assert issuersigned.read(old) is None
    assert issuersigned.uncovered(old) == []
    assert view(old).issuer_signature.startswith("none: what stands on this card is not proven")
    signed = applied(old, change.sign(old, pooled_authority, TODAY))
    assert issuersigned.read(signed).chr == signed["identity"][:12]
    assert applied(signed, change.restore(signed)) == old


def test_dumps_keep_it_with_secrets_and_make_it_anew_without(make, again):
    records = make("vitale-single")
    assert again(dump_text(records, secrets=True)) == records
    assert "files" not in dump(records)
    old = unsigned(records)
    assert again(dump_text(old, secrets=True)) == old


def test_a_profile_may_say_that_there_is_none(make):
    from bifente.applets.perso import parse_profile

    text = dump_text(make("vitale-single")) + "files:\n  3F00/0001/2003: {absent: true}\n"
    assert issuersigned.read(make(parse_profile(text, "old.yaml"))) is None


def test_other_forms_are_refused(make):
    good = issuersigned.read(make("gp"))
    raw = good.encode()
    assert IssuerSignature.parse(raw) == good
    for wrong in (b"", raw[:-1], raw + b"\0", b"\xe6" + raw[1:], raw.replace(b"FRCT", b"FRXT")):
        with pytest.raises(IssuerSignatureError):
            IssuerSignature.parse(wrong)
    for size in range(0, len(raw), 7):
        with pytest.raises(IssuerSignatureError):
            IssuerSignature.parse(raw[:size])
    with pytest.raises(IssuerSignatureError, match="12 bytes"):
        replace(good, chr=b"short")
    with pytest.raises(IssuerSignatureError, match="ascending"):
        replace(good, digests=dict(reversed(good.digests.items())))


def test_one_bit_anywhere_is_refused(make, pooled_authority):
    raw = issuersigned.read(make("gp")).encode()
    keys = roots(pooled_authority)
    assert verify_by_any(raw, "C", keys)
    for at in range(len(raw)):
        broken = bytearray(raw)
        broken[at] ^= 1 << at % 8
        with pytest.raises(IssuerSignatureError):
            verify_by_any(bytes(broken), "C", keys)
