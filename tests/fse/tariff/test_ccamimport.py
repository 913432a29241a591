"""The official CCAM base: tables that the test writes as DBF, what becomes of them, and zips that are none."""

import gc
import io
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import dbf
import pytest

from bifente.cli.main import main
from bifente.documents import DocumentError
from bifente.fse.tariff import ccamimport
from bifente.fse.tariff.ccamimport import BadCcamBase, import_ccam
from bifente.fse.tariff.checking import check
from bifente.fse.tariff.facts import Line, SheetFacts
from bifente.fse.tariff.pricing import price
from bifente.fse.tariff.tables import Tables

COLUMNS = {
    "R_ACTE": "COD_ACTE C(13); DT_MODIF D; MENU_COD N(6,0); TYPE_COD N(1,0); NOM_COURT C(70); DT_EFFET D; DT_FIN D",
    "R_ACTE_IVITE": "COD_AA C(14); DT_MODIF D; ACTE_COD C(13); ACDT_MODIF D; ACTIV_COD C(1); REGROU_COD C(3); CATMED_COD C(2)",
    "R_ACTE_IVITE_PHASE": "COD_AAP C(16); DT_MODIF D; AA_COD C(14); PHASE_COD N(2,0); PU_BASE N(7,2)",
    "R_PU_BASE": "AAP_COD C(16); GRILLE_COD N(3,0); PU_BASE N(7,2); APDT_MODIF D",
    "R_TB11": "COD_MODIFI C(1); DT_DEBUT D; LIBELLE C(100); COEF N(5,3); FORFAIT N(8,2); DT_FIN D; GRILLE_COD N(3,0)",
    "R_TB23": "COD_GRILLE N(3,0); LIBELLE C(100)",
    "R_ACTE_EXO_TM": "ACTE_COD C(13); ACDT_MODIF D; EXOTM_COD N(1,0)",
}
"""The columns that public readers of the base have; amounts here are invented."""

OLD, NEW, EFFECT = date(2015, 1, 1), date(2020, 6, 1), date(2020, 7, 1)

ROWS: dict[str, Sequence[tuple[object, ...]]] = {
    "R_ACTE": [
        ("ZZQK999", OLD, 1, 0, "Imagerie inventée", date(2015, 2, 1), None),
        ("ZZQK999", NEW, 1, 0, "Imagerie inventée, nouvelle", EFFECT, None),
        ("ZZFA998", OLD, 1, 0, "Chirurgie inventée é", OLD, date(2022, 12, 31)),
        ("ZZNP997", OLD, 1, 0, "Acte sans tarif", OLD, None),
    ],
    "R_ACTE_IVITE": [
        ("ZZQK9991", OLD, "ZZQK999", OLD, "1", "ADI", "99"),
        ("ZZFA9981", OLD, "ZZFA998", OLD, "1", "ADC", "99"),
        ("ZZFA9984", OLD, "ZZFA998", OLD, "4", "ADA", "99"),
        ("ZZNP9971", OLD, "ZZNP997", OLD, "1", "DEN", "AD"),
    ],
    "R_ACTE_IVITE_PHASE": [
        ("ZZQK99910", OLD, "ZZQK9991", 0, 20.00),
        ("ZZFA99810", OLD, "ZZFA9981", 0, 150.00),
        ("ZZFA99840", OLD, "ZZFA9984", 0, 48.00),
        ("ZZNP99710", OLD, "ZZNP9971", 0, 0),
    ],
    "R_PU_BASE": [
        ("ZZQK99910", 1, 20.00, OLD),
        ("ZZQK99910", 2, 20.00, OLD),
        ("ZZQK99910", 3, 19.00, OLD),
        ("ZZQK99910", 1, 22.50, NEW),
        ("ZZQK99910", 2, 22.50, NEW),
        ("ZZFA99810", 0, 150.00, OLD),
    ],
    "R_TB11": [
        ("J", OLD, "Majoration transitoire", 1.065, 0, None, 0),
        ("U", OLD, "Urgence", 1, 25.15, None, 1),
        ("F", OLD, "Férié", 0, 19.06, date(2019, 12, 31), 0),
    ],
    "R_TB23": [(0, "Tous secteurs"), (1, "Secteur 1"), (2, "Hors secteur 1")],
    "R_ACTE_EXO_TM": [("ZZQK999", OLD, 2), ("ZZFA998", OLD, 1)],
}

Zip = Callable[..., Path]


def table(folder: Path, name: str, rows: Sequence[tuple[object, ...]]) -> bytes:
    """A DBF, written by a library of others."""
    path = folder / f"{name}.dbf"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaves the file open that it creates
        with dbf.Table(str(path), COLUMNS[name], codepage="cp850").open(dbf.READ_WRITE) as made:
            for row in rows:
                made.append(row)
        del made
        gc.collect()
    return path.read_bytes()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("dbf")
    return {name: table(folder, name, rows) for name, rows in ROWS.items()}


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def base(tmp_path: Path, tables: dict[str, bytes]) -> Path:
    files = {f"CCAM/{name.lower()}.DBF": content for name, content in tables.items()}
    return zipped(tmp_path / "CCAM08400_DBF.zip", {**files, "lisezmoi.txt": b"..."})


def at(tables: Tables, code: str, day: str, grid: str = "", activity: str = "1") -> int:
    return tables.on(date.fromisoformat(day)).act(code, activity, "0", grid).unit


def test_prices_by_day_and_grille(base: Path, tmp_path: Path) -> None:
    made = import_ccam([base], tmp_path / "in")
    assert (made.acts, made.without_price) == (2, 1)
    assert made.grids["001"] == "Secteur 1"
    found = Tables.shipped().with_imports(tmp_path / "in")
    assert at(found, "ZZQK999", "2020-06-30", "001") == 2000
    assert at(found, "ZZQK999", "2020-07-01", "001") == 2250
    assert at(found, "ZZQK999", "2020-07-01", "003") == 1900
    assert at(found, "ZZQK999", "2015-02-01") == 2000
    assert at(found, "ZZFA998", "2020-01-01", activity="4") == 4800
    with pytest.raises(ValueError, match="ZZFA998"):
        _value_error(found, "2023-01-01")
    row = found.on(date(2021, 1, 1)).act("ZZFA998")
    assert (row.grouping, row.exempting, row.label) == ("ADC", "1", "Chirurgie inventée é")
    assert check(found) == []


def _value_error(tables: Tables, day: str) -> None:
    from bifente.fse.tariff.errors import UnknownAct

    try:
        at(tables, "ZZFA998", day)
    except UnknownAct as error:
        raise ValueError(str(error)) from error


def test_an_imported_act_is_priced_with_its_modifiers(base: Path, tmp_path: Path) -> None:
    import_ccam([base], tmp_path / "in")
    found = Tables.shipped().with_imports(tmp_path / "in")
    line = Line("ZZFA998", date(2021, 1, 4), technical=True, modifiers=("J",))
    (one,) = price(SheetFacts((line,), speciality=4), found)
    assert (one.base, one.rate, one.exoneration, one.flat, one.grouping) == (15975, 100, "C", 2400, "ADC")
    urgent = Line("ZZQK999", date(2021, 1, 4), technical=True, modifiers=("U",))
    assert price(SheetFacts((urgent,), speciality=6, grid="001"), found)[0].base == 2250 + 2515


def test_an_import_replaces_the_one_before_and_the_shipped_act(
    tmp_path: Path, tables: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("other")
    ecg = {
        "R_ACTE": [("DEQP003", OLD, 1, 0, "ECG", OLD, None)],
        "R_ACTE_IVITE": [("DEQP0031", OLD, "DEQP003", OLD, "1", "ATM", "99")],
        "R_ACTE_IVITE_PHASE": [("DEQP00310", OLD, "DEQP0031", 0, 14.00)],
        "R_PU_BASE": [("DEQP00310", 0, 14.00, OLD)],
    }
    files = {f"{name}.dbf": content for name, content in tables.items()}
    files |= {f"{name}.dbf": table(folder, name, rows) for name, rows in ecg.items()}
    import_ccam([zipped(tmp_path / "one.zip", files)], tmp_path / "in")
    found = Tables.shipped().with_imports(tmp_path / "in")
    assert at(found, "DEQP003", "2026-01-05") == 1400
    assert at(found, "HBLD038", "2026-01-05") == 12000


def test_the_base_in_several_zips(tmp_path: Path, tables: dict[str, bytes]) -> None:
    names = sorted(tables)
    parts = [
        zipped(tmp_path / f"part{number}.zip", {f"{name}.dbf": tables[name] for name in names[number::3]})
        for number in range(3)
    ]
    assert import_ccam(parts, tmp_path / "in").acts == 2
    with pytest.raises(BadCcamBase, match="no table R_") as refused:
        import_ccam(parts[:1], tmp_path / "other")
    assert "give all of them" in refused.value.hint
    assert not (tmp_path / "other").exists()


def cut(content: bytes) -> bytes:
    return content[: len(content) - 60]


def with_count(content: bytes) -> bytes:
    return content[:4] + (99_000_000).to_bytes(4, "little") + content[8:]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"R_PU_BASE": cut}, "table R_PU_BASE: cut off"),
        ({"R_PU_BASE": with_count}, "table R_PU_BASE: cut off"),
        ({"R_ACTE": lambda _: b""}, "table R_ACTE: 0 bytes are no DBF"),
        ({"R_ACTE": lambda _: b"x" * 400}, "table R_ACTE: its header"),
        ({"R_TB11": lambda content: content[:40]}, "table R_TB11"),
    ],
)
def test_a_damaged_table_is_one_clear_line(
    spoil: dict[str, Callable[[bytes], bytes]], said: str, tmp_path: Path, tables: dict[str, bytes]
) -> None:
    files = {f"{name}.dbf": spoil.get(name, bytes)(content) for name, content in tables.items()}
    with pytest.raises(BadCcamBase) as refused:
        import_ccam([zipped(tmp_path / "bad.zip", files)], tmp_path / "in")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "in").exists()


@pytest.mark.parametrize(
    ("table_name", "rows", "said"),
    [
        ("R_PU_BASE", [("ZZQK99910", 1, 20.00, None)], "without APDT_MODIF"),
        ("R_ACTE_IVITE_PHASE", [("ZZXX99910", OLD, "ZZXX9991", 0, 20.00)], "activity that is not there"),
        ("R_ACTE_IVITE_PHASE", [], "no act with a price"),
    ],
)
def test_tables_that_do_not_fit_together(
    table_name: str,
    rows: Sequence[tuple[object, ...]],
    said: str,
    tmp_path: Path,
    tables: dict[str, bytes],
) -> None:
    files = {f"{name}.dbf": content for name, content in tables.items()}
    files[f"{table_name}.dbf"] = table(tmp_path, table_name, rows)
    with pytest.raises(BadCcamBase, match=said):
        import_ccam([zipped(tmp_path / "bad.zip", files)], tmp_path / "in")


def test_a_table_twice(tmp_path: Path, tables: dict[str, bytes]) -> None:
    files = {f"{name}.dbf": content for name, content in tables.items()} | {"x/r_acte.dbf": tables["R_ACTE"]}
    with pytest.raises(BadCcamBase, match="R_ACTE stands twice"):
        import_ccam([zipped(tmp_path / "bad.zip", files)], tmp_path / "in")


def test_a_bomb_is_not_unpacked(
    tmp_path: Path, tables: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ccamimport, "MAX_TABLE", 100_000)
    honest = zipped(tmp_path / "bomb.zip", {"R_PU_BASE.dbf": bytes(200_000)})
    with pytest.raises(BadCcamBase, match="is longer than"):
        import_ccam([honest], tmp_path / "in")
    # one that lies about its size in the directory
    lying = honest.read_bytes().replace((200_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    (tmp_path / "lying.zip").write_bytes(lying)
    with pytest.raises(BadCcamBase):
        import_ccam([tmp_path / "lying.zip"], tmp_path / "in")
    monkeypatch.setattr(ccamimport, "MAX_MEMBERS", 3)
    many = zipped(tmp_path / "many.zip", {f"{number}.txt": b"" for number in range(4)})
    with pytest.raises(BadCcamBase, match="4 files in it"):
        import_ccam([many], tmp_path / "in")


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"x" * 1000, bytes(50)])
def test_what_is_no_zip(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "no.zip"
    path.write_bytes(content)
    with pytest.raises(BadCcamBase, match="not a readable zip"):
        import_ccam([path], tmp_path / "in")


def test_an_encrypted_zip_and_a_damaged_one(base: Path, tmp_path: Path) -> None:
    content = bytearray(base.read_bytes())
    content[200:260] = bytes(60)
    (tmp_path / "damaged.zip").write_bytes(content)
    with pytest.raises(BadCcamBase):
        import_ccam([tmp_path / "damaged.zip"], tmp_path / "in")
    locked = (
        io.BytesIO(base.read_bytes()).getvalue().replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0")
    )
    (tmp_path / "locked.zip").write_bytes(locked)
    with pytest.raises(BadCcamBase):
        import_ccam([tmp_path / "locked.zip"], tmp_path / "in")


def test_a_folder_is_no_zip(tmp_path: Path) -> None:
    with pytest.raises(DocumentError):
        import_ccam([tmp_path], tmp_path / "in")


def test_opened_tables_are_read_once_until_an_import(base: Path, tmp_path: Path) -> None:
    from bifente.workbench.tables import import_ccam_base, open_tables

    folder = tmp_path / "in"
    assert open_tables(folder) is open_tables(folder)
    import_ccam_base([base], folder)
    opened = open_tables(folder)
    assert opened is open_tables(folder)
    assert at(opened, "ZZQK999", "2021-01-01") == 2250


def test_the_command(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--tables", str(tmp_path / "in")]
    assert main(["fse", "tables", "import-ccam", str(base), *where]) == 0
    assert "2 acts" in capsys.readouterr().out
    assert main(["fse", "tables", "search", "ZZQK999", "--on", "2021-01-01", *where]) == 0
    assert "official CCAM base, CCAM08400_DBF.zip" in capsys.readouterr().out
    assert main(["fse", "price", "--act", "ZZQK999", "--on", "2021-01-01", "--speciality", "6", *where]) == 0
    assert "base 22.50" in capsys.readouterr().out
    assert main(["fse", "tables", "check", *where]) == 0
    assert (tmp_path / "in" / "ccam.csv").stat().st_mode & 0o077 == 0
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"nothing")
    assert main(["fse", "tables", "import-ccam", str(bad), *where]) == 3
    assert capsys.readouterr().err.startswith("bifente: ")
