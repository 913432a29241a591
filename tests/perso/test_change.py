"""Changes to a card: the record that changes, the way back, what is refused."""

import json
from datetime import UTC, date, datetime

import pytest
from cryptography import x509
from keypool import applied

from bifente.applets import card_of
from bifente.applets.perso import PathError, PersoError, issuersigned
from bifente.applets.perso.cardrecords import content_bytes, content_value, layout_of, meta_of
from bifente.applets.perso.edit import change
from bifente.applets.perso.edit.compare import compare
from bifente.applets.store.stores import MemoryStore


def written(changes):
    """The records that change but for the memory of what was there."""
    return {name for name in changes if not name.startswith("initial/")}


def value(records, name):
    path, _ = layout_of(records).named(name)
    return content_value(records, path)


@pytest.mark.parametrize(
    ("card", "path", "text", "record", "where", "expected"),
    [
        ("vitale-single", "G101/3", "201512310000", "3F00/0001/2101", "G101/101/3", "201512310000"),
        ("vitale-single", "g101/code régime", "02", "3F00/0001/2101", "G101/101/10", "02"),
        ("vitale-single", "2101/101/10", "02", "3F00/0001/2101", "G101/101/10", "02"),
        ("vitale-family", "BEN02/104/nom usuel", "AUTRE", "3F00/0001/2202", "BEN02/104/1", "AUTRE"),
        ("vitale-ald", "BEN01/106[2]/3", "4", "3F00/0001/2201", "BEN01/106[2]/3", "4"),
        ("vitale-ald", "BEN01/105/2", "203001010000", "3F00/0001/2201", "BEN01/105/2", "203001010000"),
        ("vitale-single", "EF.ID/nom", "AUTRE", "3F00/D001", "EF.ID/porteur/nom", "AUTRE"),
        ("vitale-single", "EF.ID/porteur/nom", "AUTRE", "3F00/D001", "EF.ID/porteur/nom", "AUTRE"),
        ("vitale-single", "EF.NIR/pays", "BE", "3F00/0001/2002", "EF.NIR/assure/pays", "BE"),
        ("gp", "3F00/0001/D105/nom_patronymique", "AUTRE", "3F00/0001/D105", "CPS_NAME_PS/nom_patronymique", "AUTRE"),
        ("gp", "D105/prenoms/1", "AUTRE", "3F00/0001/D105", "CPS_NAME_PS/prenoms/1", "AUTRE"),
        ("gp", "CPS_SIT_FACT/1/zone", "30", "3F00/0001/D110", "CPS_SIT_FACT/situations/1/conventionnelles/zone", "30"),
        ("gp", "CPS_ACTIVITY_02_PS/numero_logique", "9", "3F00/0001/D121", "CPS_ACTIVITY_02_PS/numero_logique", "9"),
        ("gp", "EF.SN.ICC/numero", "00000001", "3F00/D003", "EF.SN.ICC/numero", "00000001"),
        ("gp", "EF.AODF/1/min_length", "6", "3F00/0001/7001", "EF.AODF/1/min_length", "6"),
        ("gp", "CPS_NAME_PS/nom_marital", "AUTRE", "3F00/0001/D105", "CPS_NAME_PS/nom_marital", "AUTRE"),
    ],
)  # fmt: skip
def test_one_field_changes_one_file(card, path, text, record, where, expected, make):
    records = make(card)
    changes = change.set_field(records, path, text)
    assert written(changes) == {f"file/{record}"}
    after = applied(records, changes)
    differences = compare(records, after)
    assert [(one.where, one.second) for one in differences] == [(where, expected)]
    assert applied(after, change.restore(after)) == records


def test_only_the_bytes_of_the_field_change(make):
    records = make("vitale-single")
    after = applied(records, change.set_field(records, "G101/10", "02"))
    node = layout_of(records).file("3F00/0001/2101")
    before, now = (content_bytes(one, node, "3F00/0001/2101") for one in (records, after))
    assert len(before) == len(now)
    assert sum(left != right for left, right in zip(before, now, strict=True)) == 1


def test_what_is_set_is_what_the_card_says(make):
    records = make("gp")
    after = applied(records, change.set_field(records, "CPS_NAME_PS/nom_patronymique", "ZOË"))
    card = card_of(MemoryStore(after), "cps3")
    card.power_on()
    card.transmit(bytes.fromhex("00A4090C063F000001D105"))
    assert "ZOË".encode("latin-1") in card.transmit(bytes.fromhex("00B0000000"))


def test_whole_files(make):
    records = make("gp")
    after = applied(records, change.set_field(records, "D107", "FF00"))
    assert value(after, "CPS_DATA") == {"hex": "FF00"}
    activity = {"exercice": {"mode": "01"}, "numero_logique": 5, "secteur": "SA01"}
    after = applied(after, change.set_field(after, "CPS_ACTIVITY_05_PS", json.dumps(activity), as_json=True))
    assert value(after, "CPS_ACTIVITY_05_PS") == activity
    after = applied(after, change.remove_field(after, "CPS_ACTIVITY_05_PS"))
    assert "file/3F00/0001/D124" not in after
    after = applied(after, change.remove_field(after, "CPS_ACTIVITY_01_PS/statut"))
    assert "statut" not in value(after, "CPS_ACTIVITY_01_PS")
    after = applied(after, change.remove_field(after, "CPS_LANG_PS/langues/1"))
    assert value(after, "CPS_LANG_PS") == {"langues": ["en"]}
    after = applied(after, change.set_field(after, "CPS_LANG_PS/langues/2", "de"))
    assert value(after, "CPS_LANG_PS") == {"langues": ["en", "de"]}
    assert applied(after, change.restore(after)) == records


def test_fields_of_a_group_all_at_once(make):
    records = make("vitale-single")
    fields = json.dumps(["202001010000", "202101010000"])
    after = applied(records, change.set_field(records, "BEN01/105", fields))
    assert value(after, "BEN01")[1] == {"group": 105, "fields": ["202001010000", "202101010000"]}


@pytest.mark.parametrize(
    ("card", "path", "text", "message"),
    [
        ("gp", "", "x", "begins with the name of a file"),
        ("gp", "///", "x", "begins with the name of a file"),
        ("gp", "NONE/x", "x", "no file NONE"),
        ("gp", "5031", "x", "5031 is more than one file"),
        ("gp", "CPS_NAME_PS/zut", "x", "'zut' is not known"),
        ("gp", "CPS_NAME_PS/nom_patronymique/zut", "x", "there is no zut"),
        ("gp", "CPS_SIT_FACT/3/zone", "x", "a position from 1 to 1"),
        ("gp", "CPS_SIT_FACT/0/zone", "x", "a position from 1 to 1"),
        ("gp", "CPS_SIT_FACT/1/situation", "x", "a number was expected"),
        ("gp", "CPS_SIT_FACT/1/situation", "256", "a number from 0 to 255"),
        ("gp", "CPS_SIT_FACT/1", "x", "a value in JSON was expected"),
        ("gp", "CPS_ID_CARD/emission", "2024", "8 digits expected"),
        ("gp", "EF.CDF/path", "D001", "a position from 1 to 2"),
        ("gp", "D107", "0", "hexadecimal"),
        ("vitale-single", "G101/15", "x", "has no field 15: it has 14"),
        ("vitale-single", "G101/zut", "x", "has no field zut"),
        ("vitale-single", "G101/3/1", "x", "holds 0 groups 3|there is no|has no parts|holds groups"),
        ("vitale-single", "G101/101/3/1", "x", "a field has no parts"),
        ("vitale-single", "BEN01/105[2]/1", "x", "holds 1 groups 105"),
        ("vitale-single", "BEN01/105[١]/1", "x", "holds groups 104, 105, 106"),
        ("vitale-single", "BEN01/3", "x", "holds groups 104, 105, 106"),
        ("vitale-single", "G101/3", "\u20ac", "not in Latin-1"),
        ("vitale-single", "EF.ID/nom", "x" * 120, "do not fit into a file of 124"),
        ("vitale-single", "G103/1", "013499881", "there is no file G103 on this card"),
        ("gp", "CPS_ACTIVITY_09_PS/debut", "20200101", "there is no file CPS_ACTIVITY_09_PS on this card"),
    ],
)  # fmt: skip
def test_refused_paths_and_values(card, path, text, message, make):
    with pytest.raises(PathError, match=message):
        change.set_field(make(card), path, text)


def test_a_group_is_removed_whole(make):
    records = make("vitale-family")
    before = value(records, "BEN02")
    after = value(applied(records, change.remove_field(records, "BEN02/108")), "BEN02")
    assert after == [group for group in before if group["group"] != 108]


@pytest.mark.parametrize("path", ["EF.ID", "CPS_NONE", "EF.ID/porteur/zut", "G103", "G103/1", "G101/101"])
def test_refused_removals(path, make):
    with pytest.raises(PathError):
        change.remove_field(make("vitale-single"), path)


def test_block(make):
    records = make("gp")
    blocked = applied(records, change.block(records))
    assert blocked["pin/01/left"] == b"\0"
    card = card_of(MemoryStore(blocked), "cps3")
    card.power_on()
    assert card.transmit(bytes.fromhex("002000010431323334")) == b"\x69\x83"
    puk = applied(records, change.block(records, puk=True))
    assert (puk["pin/01/left"], puk["pin/02/left"]) == (b"\3", b"\0")
    assert applied(blocked, change.restore(blocked)) == records
    with pytest.raises(PersoError, match="has no PIN"):
        change.block(make("vitale-single"))


def test_expire_a_professionals_card(make, pooled_authority):
    records = make("gp")
    after = applied(records, change.expire(records, pooled_authority, date(2020, 2, 29)))
    assert value(after, "CPS_ID_CARD")["fin_validite"] == "20200229"
    assert value(after, "CPS_ID_CARD")["emission"] == "20170301"
    node = layout_of(after).file("3F00/0001/D001")
    certificate = x509.load_der_x509_certificate(content_bytes(after, node, "3F00/0001/D001"))
    assert certificate.not_valid_after_utc == datetime(2020, 3, 1, tzinfo=UTC)
    changed = {one.where for one in compare(records, after)}
    assert changed == {
        "EF.C.CH.SIG/hex", "EF.C.CH.AUT/hex", "EF.CVC/hex", "EF.C.TECH.AUT/hex",
        "CPS_ID_CARD/emission", "CPS_ID_CARD/fin_validite", "EF.SIG.ISSUER/hex"
    }  # fmt: skip
    assert issuersigned.uncovered(after) == []
    assert applied(after, change.restore(after)) == records


def test_expire_after_the_issue_keeps_the_beginning(make, pooled_authority):
    records = make("vitale-single")
    after = applied(records, change.expire(records, pooled_authority, date(2027, 1, 1)))
    assert value(after, "G101")[0]["fields"][2] == "202701010000"
    assert value(after, "EF.NIR") == value(records, "EF.NIR")


def test_expire_does_not_undo_what_was_set(make, pooled_authority):
    records = make("gp")
    records = applied(records, change.set_field(records, "CPS_ID_CARD/numero", "2900000000"))
    after = applied(records, change.expire(records, pooled_authority, date(2020, 2, 29)))
    assert value(after, "CPS_ID_CARD")["numero"] == "2900000000"


def test_expire_wants_the_authority_of_the_card(make, production_authority):
    with pytest.raises(PersoError, match="another authority"):
        change.expire(make("gp"), production_authority, date(2020, 1, 1))
    with pytest.raises(PersoError, match="no validity"):
        change.expire(make("t1test"), production_authority, date(2020, 1, 1))


def test_an_opposition_is_a_note(make):
    records = make("gp")
    after = applied(records, change.oppose(records, date(2026, 4, 1)))
    assert meta_of(after).opposed == "2026-04-01"
    assert [(one.where, one.second) for one in compare(records, after)] == [("opposed", "2026-04-01")]
    assert meta_of(applied(after, change.restore(after))).opposed == "2026-04-01", (
        "its authority's list is not ours"
    )
    lifted = applied(after, change.lift(after))
    assert meta_of(lifted).opposed is None
    assert applied(lifted, change.restore(lifted)) == records


def test_from_a_copy(make):
    records, copy = make("gp"), make("nurse")
    assert applied(records, change.copied(records, copy)) == copy


def test_compare_tells_secrets_apart_without_showing_them(make):
    records = make("gp")
    other = records | {"pin/01": b"9753", "pin/02/left": b"\x04", "state/date": b"2027-01-01"}
    told = {one.where: (one.first, one.second) for one in compare(records, other)}
    assert told == {
        "pin/01": ("a value", "another value"),
        "pin/02/left": ("10", "4"),
        "state/date": ("2026-03-02", "2027-01-01"),
    }
    assert compare(records, dict(records)) == []
    keys = {one.where: one for one in compare(records, make("gp"))}
    assert len(keys["key/3F00/0001/81"].first) == 64
    assert "PRIVATE" not in str(keys)


def test_compare_other_kinds(make):
    assert next(one.where for one in compare(make("gp"), make("t1test"))) == "kind"
