"""The file of an annuaire: private, versioned, safe from others."""

import gzip
import sqlite3
import stat
from pathlib import Path

import pytest

from bifente.igc.annuaire import Annuaire, AnnuaireBusy, AnnuaireError, AnnuaireMissing, AnnuaireQuery
from bifente.igc.annuaire.store import opening
from bifente.igc.annuaire.store.schema import VERSION


def test_a_new_file_is_its_owners_only_and_has_the_newest_version(annuaire: Annuaire) -> None:
    assert stat.S_IMODE(annuaire.path.stat().st_mode) == 0o600
    with sqlite3.connect(annuaire.path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (opening.VERSION,)
        assert connection.execute("PRAGMA application_id").fetchone() == (opening.APPLICATION_ID,)
    connection.close()


def test_a_missing_file_is_made_only_by_what_fills_it(tmp_path: Path) -> None:
    with pytest.raises(AnnuaireMissing):
        Annuaire.open(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


def test_a_newer_file_is_left_alone(annuaire: Annuaire) -> None:
    annuaire.close()
    connection = sqlite3.connect(annuaire.path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(AnnuaireError, match="version 99"):
        Annuaire.make(annuaire.path)


@pytest.mark.parametrize(
    "content", [b"no database at all, only text" * 50, b"SQLite format 3\0" + bytes(4080)]
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(content)
    with pytest.raises(AnnuaireError, match=r"other\.db"):
        Annuaire.open(path)
    assert path.read_bytes() == content


def test_the_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs(x)")
    connection.close()
    with pytest.raises(AnnuaireError, match="something else"):
        Annuaire.make(path)


def test_a_second_writer_waits_and_then_says_who_is_there(
    filled: Annuaire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "WAIT_SECONDS", 0.05)
    with Annuaire.open(filled.path) as other, filled.changing():
        assert other.search(AnnuaireQuery(text="fic")).total == 1
        with pytest.raises(AnnuaireBusy, match="another process"):
            other.hide("899700000101")


def test_the_index_can_be_made_anew_from_what_is_stored(filled: Annuaire) -> None:
    filled.hide("899700000102")
    asked = [AnnuaireQuery(text=text) for text in ("mar", "coeur", "epin", "fic")]
    before = [filled.search(query) for query in asked]
    filled.close()
    connection = sqlite3.connect(filled.path)
    for table in ("professional_text", "structure_text", "server_text"):
        connection.execute(f"INSERT INTO {table}({table}, rank) VALUES('integrity-check', 1)")
        connection.execute(f"INSERT INTO {table}({table}) VALUES('rebuild')")
    connection.commit()
    connection.close()
    with Annuaire.open(filled.path) as again:
        assert [again.search(query) for query in asked] == before


GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_a_file_of_every_version_is_read_and_brought_to_the_newest(version: int, tmp_path: Path) -> None:
    """``golden/annuaire-<version>.db.gz`` was made by the release that had this version."""
    path = tmp_path / "annuaire.db"
    path.write_bytes(gzip.decompress((GOLDEN / f"annuaire-{version}.db.gz").read_bytes()))
    with Annuaire.open(path) as annuaire:
        [entry] = annuaire.search(AnnuaireQuery(text="epin", departement="88", profession="10")).entries
        found = annuaire.professional(entry.identifier)
        assert [card.number for card in found.cards] == ["2900000101"]
        assert found.mails == ("maelle@sapins.invalid",)
        assert annuaire.search(AnnuaireQuery(text="coeur")).total == 1
        assert annuaire.search(AnnuaireQuery(text="almeida")).total == 0
        assert annuaire.show("899700000103")
        assert annuaire.search(AnnuaireQuery(text="almeida", departement="54")).total == 1
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
