"""The mother keys of an authority: made once, secret, told from damage."""

import json
import stat
from pathlib import Path

import pytest
from keypool import cycling

from bifente.crypto.legacy.diversified import card_key
from bifente.igc import Authority
from bifente.igc.errors import AuthorityDamaged
from bifente.igc.motherkeys import FILE, MotherKeys

PAN = bytes.fromhex("80250000021999999919")


@pytest.fixture
def authority(tmp_path: Path, pooled_keys) -> Authority:
    return Authority.init(tmp_path / "igc", key_source=cycling(pooled_keys))


def test_they_are_made_when_first_needed_and_stay(authority: Authority) -> None:
    path = authority.directory / FILE
    assert not path.exists()
    assert authority.trust_store.sheet_keys == ()
    recognition = authority.mother_key("recognition")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = Authority.open(authority.directory)
    assert again.mother_key("recognition") == recognition != again.mother_key("sheet")
    assert again.card_key("sheet", PAN) == card_key(again.mother_key("sheet"), PAN)
    assert again.trust_store.sheet_keys == authority.trust_store.sheet_keys == (again.mother_key("sheet"),)


def test_they_never_show(authority: Authority) -> None:
    key = authority.mother_key("sheet")
    for shown in (repr(authority.mother_keys), repr(authority.trust_store), repr(authority)):
        assert key.hex() not in shown.lower()
        assert repr(key) not in shown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "mother-keys.json"),
        (json.dumps({"format": 2, "keys": {}}), "newer than 1"),
        (json.dumps({"format": 1, "keys": {"recognition": "00", "sheet": "00"}}), "32 hexadecimal digits"),
        (json.dumps({"format": 1, "keys": {"recognition": "00" * 16}}), "sheet"),
    ],
)
def test_damage_is_told(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(AuthorityDamaged, match=said):
        MotherKeys.read(tmp_path)
