"""A card as a profile: without secrets an equal card, with them the identical one."""

import pytest
from keypool import applied

from bifente.applets import card_of
from bifente.applets.perso import parse_profile, shipped_profiles
from bifente.applets.perso.cardrecords import content_value, layout_of, meta_of
from bifente.applets.perso.edit import change
from bifente.applets.perso.edit.dump import dump, dump_text
from bifente.applets.store.stores import MemoryStore

NAMES = sorted(shipped_profiles())
NEW_CERTIFICATES = {"EF.C.CH.SIG", "EF.C.CH.AUT", "EF.C.TECH.AUT", "EF.CVC", "EF.CVC.SHEET"}


@pytest.mark.parametrize("name", NAMES)
def test_a_dump_with_secrets_makes_the_identical_card(name, make, again):
    records = make(name)
    assert again(dump_text(records, secrets=True)) == records


@pytest.mark.parametrize("name", NAMES)
def test_a_dump_without_secrets_makes_an_equal_card_with_other_keys(name, make):
    records = make(name)
    text = dump_text(records)
    second = make(parse_profile(text, "dump.yaml"))
    layout = layout_of(records)
    for path, node in layout.walk():
        if f"file/{path}" in records and node.name not in NEW_CERTIFICATES:
            assert content_value(second, path) == content_value(records, path), node.name
    assert second["meta"] == records["meta"]
    if meta_of(records).kind == "vitale1":
        assert (
            second["secret/3F00/01"] == records["secret/3F00/01"]
        )  # derived by the number, which is the same
    elif name not in ("t1test", "isotest"):
        assert second["file/3F00/C001" if name.startswith("vitale") else "file/3F00/0001/D083"]


def test_a_dump_without_secrets_holds_none(make):
    records = make("gp")
    text = dump_text(records)
    assert "PRIVATE KEY" not in text
    for secret in ("pin", "puk", "12345678"):
        assert secret not in text.replace("comment", "")
    fingerprints = dump(records)["fingerprints"]
    assert set(fingerprints) == {"signature", "authentication", "recognition", "technical"}


def test_a_dump_begins_with_what_the_card_is(make):
    lines = dump_text(make("gp")).splitlines()
    assert lines[0].startswith("# Dump of card ")
    assert lines[1] == "kind: cps3"


def test_a_used_card_is_dumped_as_it_is(make, again):
    """Tries and uses that are gone, another PIN, CPS_DATA written, a later date."""
    store = MemoryStore(make("gp"))
    card = card_of(store, "cps3")
    card.power_on()
    for command, answer in (
        ("002000010431323335", "63C2"),
        ("002000010431323334", "9000"),
        ("00240001083132333439383736", "9000"),
        ("00A4040C0DE828BD080F8025000001FF0010", "9000"),
        ("00A4020C02D107", "9000"),
        ("00D6000004CAFEBABE", "9000"),
        ("0020000204393939 39".replace(" ", ""), "6A80"),
        ("00200002083939393939393939", "63C9"),
        ("00200001043939 3939".replace(" ", ""), "63C2"),
    ):
        assert card.transmit(bytes.fromhex(command)).hex().upper() == answer, command
    card.power_off()
    used = store.snapshot()
    assert used["pin/01"] == b"9876"
    assert used["pin/02/left"] == b"\x09"
    assert again(dump_text(used, secrets=True)) == used
    assert dump(used)["files"] == {"3F00/0001/D107": {"value": {"hex": "CAFEBABE" + "00" * 60}}}
    assert applied(used, change.restore(used)) == make_first(used)


def make_first(used):
    """The used card with what its first records say put back by hand."""
    first = dict(used)
    for name, value in used.items():
        if name.startswith("initial/"):
            first[name.removeprefix("initial/")] = value
    assert first["pin/01"] == b"1234"
    assert first["pin/02/left"] == b"\x0a"
    return first


def test_changed_cards_are_dumped_as_they_are(make, again, pooled_authority):
    from datetime import date

    records = make("vitale-volets")
    for step in (
        lambda now: change.set_field(now, "BEN01/104/1", "AUTRE"),
        lambda now: change.remove_field(now, "URGENCE"),
        lambda now: change.expire(now, pooled_authority, date(2020, 5, 6)),
        lambda now: change.oppose(now, date(2020, 5, 7)),
    ):
        records = applied(records, step(records))
        assert again(dump_text(records, secrets=True)) == records
    plain = dump(records)
    assert plain["expires"] == "2020-05-06"
    assert plain["files"]["3F00/0001/2301"] == {"absent": True}
    assert set(plain["files"]) == {"3F00/0001/2201", "3F00/0001/2301"}


def test_bytes_that_do_not_decode_are_dumped_as_bytes(make, again):
    records = make("gp") | {"file/3F00/0001/D106": b'{"raw": "DEAD"}'}
    assert dump(records)["files"] == {"3F00/0001/D106": {"raw": "DEAD"}}
    assert again(dump_text(records, secrets=True)) == records


def test_a_card_without_its_key_is_told(make):
    records = make("gp")
    del records["key/3F00/0001/83"]
    with pytest.raises(Exception, match="no key 83 in 3F00/0001"):
        dump(records)
    assert meta_of(records).kind == "cps3"
