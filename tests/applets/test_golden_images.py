"""Card files of earlier releases, byte for byte: each must load for ever, and answer as it did.

A new form of card file gets an image of its own here; none is ever made anew.
"""

import gzip
from pathlib import Path

import pytest
from explained import explained

from bifente.applets import open_card
from bifente.applets.perso.cardrecords import layout_of
from bifente.applets.store.stores import VERSION, NewerCardFile, read_snapshot

IMAGES = Path(__file__).with_name("images")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The ISO test card of version 1 after commands have created, closed, ended, deleted and put."""
    path = tmp_path / "golden.card"
    path.write_bytes(gzip.decompress((IMAGES / "isotest-1.card.gz").read_bytes()))
    path.chmod(0o600)
    return path


def test_every_version_has_an_image() -> None:
    assert {int(path.name.split(".")[0].rsplit("-")[-1]) for path in IMAGES.glob("*.gz")} == set(
        range(1, VERSION + 1)
    )


def test_the_image_of_version_1_answers_as_it_did(image: Path) -> None:
    card = open_card(image)
    card.power_on()
    for command, answer in (
        ("00A4080C0470007002", "9000"),
        ("00B2010400", "AABB9000"),
        ("00A4080C02E101", "6283"),
        ("00A4080C02E102", "6A82"),
        ("00A4080C02E103", "6285"),
        ("00A4040C0441424344", "9000"),
        ("00A4000C", "9000"),
        ("00CA010100", "6162639000"),
        ("00B2013400", b"fourth".hex() + "9000"),
        ("0020000100", "63C2"),
        ("002000010431323334", "9000"),
        ("00B0820001", "6A82"),
        ("00E2003006" + b"fifth.".hex(), "9000"),
    ):
        assert explained(card, card.transmit(bytes.fromhex(command))) == bytes.fromhex(answer), command
    card.power_off()
    assert "3F00/7000/7002" in dict(layout_of(read_snapshot(image)).walk())


def test_an_image_of_a_version_to_come_is_refused_in_one_line(image: Path) -> None:
    content = bytearray(image.read_bytes())
    content[60:64] = (VERSION + 1).to_bytes(4, "big")
    image.write_bytes(content)
    with pytest.raises(NewerCardFile, match=str(VERSION + 1)):
        open_card(image)
    assert image.read_bytes() == bytes(content), "and nothing was written"
