"""The official CCAM base, as the assurance maladie publishes it: DBF tables in zip files, made rows of our tables.

Tables and columns as public readers of the base have them: ``R_ACTE`` (COD_ACTE, DT_MODIF, DT_EFFET, DT_FIN, NOM_COURT),
``R_ACTE_IVITE`` (COD_AA, ACTE_COD, ACTIV_COD, REGROU_COD, CATMED_COD), ``R_ACTE_IVITE_PHASE`` (COD_AAP, AA_COD, PHASE_COD,
PU_BASE), ``R_PU_BASE`` (AAP_COD, GRILLE_COD, PU_BASE, APDT_MODIF), ``R_TB11`` (COD_MODIFI, DT_DEBUT, DT_FIN, COEF, FORFAIT,
GRILLE_COD), ``R_TB23`` (COD_GRILLE, LIBELLE), and where it is there ``R_ACTE_EXO_TM`` (ACTE_COD, ACDT_MODIF, EXOTM_COD).

Each table has its history. A price holds from the *date d'effet* of the version of its act that has the same date of
modification, from that date itself where the base has no such version, until the next one; this reading is ours [D].
"""

import csv
import io
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from bifente.documents import open_stream, replace_file
from bifente.documents.writing import create
from bifente.fse.tariff.errors import TariffError

NEEDED: Final = ("R_ACTE", "R_ACTE_IVITE", "R_ACTE_IVITE_PHASE", "R_PU_BASE", "R_TB11", "R_TB23")
OPTIONAL: Final = ("R_ACTE_EXO_TM",)

MAX_ZIP: Final = 512 << 20
MAX_MEMBERS: Final = 2000
MAX_TABLE: Final = 512 << 20
"""Bytes of one table; the largest of the base has a million records of about forty."""
MAX_RECORDS: Final = 10_000_000
_PIECE: Final = 1 << 20
_HEADER: Final = struct.Struct("<4xIHH20x")
_FIELD: Final = 32
_ALL_GRIDS: Final = "000"
_LONGEST_LABEL: Final = 200

COLUMNS: Final = {
    "ccam": (
        *(
            "code",
            "activity",
            "phase",
            "grid",
            "unit",
            "grouping",
            "exempting",
            "category",
            "with_consultation",
            "label",
        ),
        *("from", "to", "source", "confidence", "note"),
    ),
    "modifiers": (
        *("code", "grid", "coefficient", "flat", "label"),
        *("from", "to", "source", "confidence", "note"),
    ),
}

Told = Callable[[int, int, str], None]
Record = Mapping[str, str]


class BadCcamBase(TariffError):
    """A zip or a table in it that is not what it should be."""


@dataclass(slots=True)
class CcamImport:
    """What an import made: rows of ``ccam.csv`` and ``modifiers.csv``, and counts of what was read."""

    ccam: list[tuple[str, ...]] = field(default_factory=list)
    modifiers: list[tuple[str, ...]] = field(default_factory=list)
    acts: int = 0
    without_price: int = 0
    grids: dict[str, str] = field(default_factory=dict)


def import_ccam(archives: Iterable[Path], folder: Path, told: Told | None = None) -> CcamImport:
    """Read the base from its zips and leave its rows as CSV in *folder*; what was there is replaced whole.

    Raises BadCcamBase, DocumentError, OSError; then nothing has been written.
    """
    paths = list(archives)
    with TemporaryDirectory(prefix="bifente-ccam-") as place:
        found = _unpacked(paths, Path(place))
        missing = [name for name in NEEDED if name not in found]
        if missing:
            raise BadCcamBase(
                f"{', '.join(map(str, paths))}: no table {', '.join(missing)}",
                hint="the base comes in three zips, CCAM…_DBF_PART1 to PART3: give all of them",
            )
        made = _read(found, ", ".join(path.name for path in paths), told)
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("ccam", made.ccam), ("modifiers", made.modifiers)):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS[name])
        writer.writerows(rows)
        replace_file(folder / f"{name}.csv", text.getvalue().encode("utf-8"))
    return made


def _unpacked(archives: Iterable[Path], place: Path) -> dict[str, Path]:
    """The tables of the base, out of the zips into *place*, by name; never more than their limits."""
    wanted = {*NEEDED, *OPTIONAL}
    found: dict[str, Path] = {}
    for path in archives:
        with open_stream(path, MAX_ZIP) as stream:
            if stream.seek(0, io.SEEK_END) > MAX_ZIP:
                raise BadCcamBase(f"{path}: longer than {MAX_ZIP >> 20} MiB")
            try:
                with ZipFile(stream) as archive:
                    members = archive.infolist()
                    if len(members) > MAX_MEMBERS:
                        raise BadCcamBase(f"{path}: {len(members)} files in it, more than {MAX_MEMBERS}")
                    for member in members:
                        name = _table_name(member)
                        if name not in wanted:
                            continue
                        if name in found:
                            raise BadCcamBase(f"{path}: table {name} stands twice")
                        found[name] = place / f"{name}.dbf"
                        _copy(archive, member, found[name], path)
            except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
                raise BadCcamBase(
                    f"{path}: not a readable zip: {str(error).splitlines()[0][:120]}"
                ) from error
    return found


def _table_name(member: ZipInfo) -> str:
    name = member.filename.replace("\\", "/").rpartition("/")[2].upper()
    return name.removesuffix(".DBF") if name.endswith(".DBF") else ""


def _copy(archive: ZipFile, member: ZipInfo, target: Path, path: Path) -> None:
    too_long = f"{path}: table {target.stem} is longer than {MAX_TABLE >> 20} MiB"
    if member.file_size > MAX_TABLE:
        raise BadCcamBase(too_long)
    size = 0
    with archive.open(member) as source, create(target) as copy:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > MAX_TABLE:
                raise BadCcamBase(too_long)
            copy.write(piece)


def records(path: Path, needed: Iterable[str]) -> Iterator[Record]:
    """The records of a DBF as texts by column, in order; deleted ones left out. Raises BadCcamBase."""
    from dbfread import DBF

    name = path.stem
    _check_dbf(path, name)
    try:
        table = DBF(str(path), raw=True, load=False, encoding="cp850", char_decode_errors="replace")
    except (ValueError, struct.error, LookupError, OSError) as error:
        raise BadCcamBase(f"table {name}: not a DBF: {error}") from error
    missing = [column for column in needed if column not in table.field_names]
    if missing:
        raise BadCcamBase(f"table {name}: no column {', '.join(missing)}")
    wanted = frozenset(needed)
    for record in table:
        yield {
            column: value.decode("cp850").rstrip(" \0")
            for column, value in record.items()
            if column in wanted
        }


def _check_dbf(path: Path, name: str) -> None:
    """Refuse a table that ends before its header says: the library would read what there is."""
    with open_stream(path, MAX_TABLE) as stream:
        head = stream.read(_HEADER.size)
        size = stream.seek(0, io.SEEK_END)
        if len(head) < _HEADER.size:
            raise BadCcamBase(f"table {name}: {size} bytes are no DBF")
        count, begins, length = _HEADER.unpack(head)
        stream.seek(_HEADER.size)
        described = stream.read(max(begins - _HEADER.size, 0))
    lengths = 0
    fields = 0
    for at in range(0, len(described) - _FIELD + 1, _FIELD):
        if described[at : at + 1] in (b"\r", b"\n"):
            break
        kind, width, decimals = described[at + 11 : at + 12], described[at + 16], described[at + 17]
        lengths += width | decimals << 8 if kind == b"C" else width
        fields += 1
    if not fields or begins < _HEADER.size + _FIELD * fields or length != lengths + 1:
        raise BadCcamBase(f"table {name}: its header is not that of a DBF")
    if count > MAX_RECORDS or begins + count * length > size:
        raise BadCcamBase(
            f"table {name}: cut off: {count} records of {length} bytes do not fit its {size} bytes"
        )


@dataclass(frozen=True, slots=True)
class _Activity:
    act: str
    activity: str
    grouping: str
    category: str


def _read(found: Mapping[str, Path], source: str, told: Told | None) -> CcamImport:
    made = CcamImport()
    steps = iter(range(1, 6))

    def step(what: str) -> None:
        if told is not None:
            told(next(steps), 5, what)

    step("R_ACTE")
    labels, effects, ends = _acts(found["R_ACTE"])
    exempting = _exempting(found.get("R_ACTE_EXO_TM"))
    step("R_ACTE_IVITE")
    activities = {
        one["COD_AA"]: _Activity(one["ACTE_COD"], one["ACTIV_COD"], one["REGROU_COD"], one["CATMED_COD"])
        for one in records(
            found["R_ACTE_IVITE"], ("COD_AA", "ACTE_COD", "ACTIV_COD", "REGROU_COD", "CATMED_COD")
        )
    }
    made.grids = {
        _grid(one["COD_GRILLE"], "R_TB23"): one["LIBELLE"]
        for one in records(found["R_TB23"], ("COD_GRILLE", "LIBELLE"))
    }
    step("R_PU_BASE")
    prices = _prices(found["R_PU_BASE"], effects)
    step("R_ACTE_IVITE_PHASE")
    seen = set()
    for one in records(
        found["R_ACTE_IVITE_PHASE"], ("COD_AAP", "AA_COD", "PHASE_COD", "PU_BASE", "DT_MODIF")
    ):
        activity = activities.get(one["AA_COD"])
        if activity is None:
            raise BadCcamBase(
                f"table R_ACTE_IVITE_PHASE: {one['COD_AAP']} is of an activity that is not there"
            )
        if one["COD_AAP"] not in prices:
            own = _cents(one["PU_BASE"], "R_ACTE_IVITE_PHASE")
            modified = _day(one["DT_MODIF"], "R_ACTE_IVITE_PHASE")
            first = (
                effects.get((activity.act, modified), modified) if modified is not None else date(2005, 3, 1)
            )
            prices.setdefault(one["COD_AAP"], {}).setdefault(first, {})[""] = own
        if one["COD_AAP"] in seen:
            continue
        seen.add(one["COD_AAP"])
        rows = list(_periods(prices[one["COD_AAP"]], ends.get(activity.act)))
        made.without_price += not rows
        for grid, cents, first, last in rows:
            made.ccam.append(
                (
                    activity.act,
                    activity.activity,
                    one["PHASE_COD"].strip() or "0",
                    grid,
                    str(cents),
                    activity.grouping,
                    exempting.get(activity.act, ""),
                    activity.category if activity.category in ("AD", "ID", "PD") else "",
                    "",
                    labels.get(activity.act, ""),
                    first.isoformat(),
                    "" if last is None else last.isoformat(),
                    f"official CCAM base, {source}",
                    "S",
                    "",
                )
            )
    step("R_TB11")
    made.modifiers = list(_modifiers(found["R_TB11"], source))
    made.acts = len({row[0] for row in made.ccam})
    if not made.ccam:
        raise BadCcamBase(f"{source}: no act with a price in it")
    return made


def _acts(path: Path) -> tuple[dict[str, str], dict[tuple[str, date], date], dict[str, date]]:
    """Labels; days of effect by act and day of modification; last days of acts that ended."""
    labels: dict[str, str] = {}
    effects: dict[tuple[str, date], date] = {}
    newest: dict[str, date] = {}
    ends: dict[str, date] = {}
    for one in records(path, ("COD_ACTE", "DT_MODIF", "DT_EFFET", "DT_FIN", "NOM_COURT")):
        code = one["COD_ACTE"]
        modified, effect, end = (_day(one[name], "R_ACTE") for name in ("DT_MODIF", "DT_EFFET", "DT_FIN"))
        if modified is not None and effect is not None:
            effects[code, modified] = effect
        if modified is None or modified >= newest.get(code, date.min):
            newest[code] = modified or date.min
            labels[code] = " ".join(one["NOM_COURT"].split())[:_LONGEST_LABEL]
            ends.pop(code, None)
            if end is not None:
                ends[code] = end
    return labels, effects, ends


def _exempting(path: Path | None) -> dict[str, str]:
    """Field 25 by act, of its newest version."""
    if path is None:
        return {}
    newest: dict[str, date] = {}
    found: dict[str, str] = {}
    for one in records(path, ("ACTE_COD", "ACDT_MODIF", "EXOTM_COD")):
        modified = _day(one["ACDT_MODIF"], "R_ACTE_EXO_TM") or date.min
        if modified >= newest.get(one["ACTE_COD"], date.min):
            newest[one["ACTE_COD"]] = modified
            found[one["ACTE_COD"]] = one["EXOTM_COD"].strip()
    return found


def _prices(path: Path, effects: Mapping[tuple[str, date], date]) -> dict[str, dict[date, dict[str, int]]]:
    """Cents by phase of an act, first day and grille."""
    found: dict[str, dict[date, dict[str, int]]] = {}
    for one in records(path, ("AAP_COD", "GRILLE_COD", "PU_BASE", "APDT_MODIF")):
        modified = _day(one["APDT_MODIF"], "R_PU_BASE")
        if modified is None:
            raise BadCcamBase(f"table R_PU_BASE: a price of {one['AAP_COD']} without APDT_MODIF")
        first = effects.get((one["AAP_COD"][:7], modified), modified)
        grid = _grid(one["GRILLE_COD"], "R_PU_BASE")
        found.setdefault(one["AAP_COD"], {}).setdefault(first, {})[grid] = _cents(one["PU_BASE"], "R_PU_BASE")
    return found


def _periods(
    by_day: Mapping[date, Mapping[str, int]], end: date | None
) -> Iterator[tuple[str, int, date, date | None]]:
    """(grilles, cents, first, last) of each price, grilles with one price together: what most share stands for all."""
    together: dict[tuple[int, date, date | None], list[str]] = {}
    for grid, cents, first, last in _by_grid(by_day, end):
        together.setdefault((cents, first, last), []).append(grid)
    for (cents, first, last), grids in together.items():
        if "" in grids:
            yield "", cents, first, last
        if others := sorted(grid for grid in grids if grid):
            yield " ".join(others), cents, first, last


def _by_grid(
    by_day: Mapping[date, Mapping[str, int]], end: date | None
) -> Iterator[tuple[str, int, date, date | None]]:
    now: dict[str, int] = {}
    open_since: dict[str, tuple[int, date]] = {}
    for day in sorted(by_day):
        if end is not None and day > end:
            break
        now.update(by_day[day])
        common = now[""] if "" in now else Counter(now.values()).most_common(1)[0][0]
        stands = {"": common} | {grid: cents for grid, cents in now.items() if cents != common}
        for grid in [*open_since]:
            cents, first = open_since[grid]
            if stands.get(grid) != cents:
                del open_since[grid]
                if cents:
                    yield grid, cents, first, day - timedelta(days=1)
        for grid, cents in stands.items():
            open_since.setdefault(grid, (cents, day))
    for grid, (cents, first) in open_since.items():
        if cents:
            yield grid, cents, first, end


def _modifiers(path: Path, source: str) -> Iterator[tuple[str, ...]]:
    for one in records(
        path, ("COD_MODIFI", "DT_DEBUT", "DT_FIN", "LIBELLE", "COEF", "FORFAIT", "GRILLE_COD")
    ):
        flat = _cents(one["FORFAIT"], "R_TB11")
        coefficient = _number(one["COEF"], "R_TB11")
        first, last = _day(one["DT_DEBUT"], "R_TB11"), _day(one["DT_FIN"], "R_TB11")
        if first is not None and last is not None and last < first:
            continue
        yield (
            one["COD_MODIFI"],
            _grid(one["GRILLE_COD"], "R_TB11"),
            f"{coefficient.normalize():f}" if not flat and coefficient not in (0, 1) else "",
            str(flat) if flat else "",
            " ".join(one["LIBELLE"].split())[:_LONGEST_LABEL],
            "" if first is None else first.isoformat(),
            "" if last is None else last.isoformat(),
            f"official CCAM base, {source}",
            "S",
            "",
        )


def _grid(text: str, table: str) -> str:
    """A grille of three digits; empty for all of them."""
    digits = text.strip() or "0"
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 3):
        raise BadCcamBase(f"table {table}: grille {digits[:10]!r} is not a number")
    grid = digits.zfill(3)
    return "" if grid == _ALL_GRIDS else grid


def _day(text: str, table: str) -> date | None:
    digits = text.strip()
    if not digits or digits.strip("0") == "":
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        raise BadCcamBase(f"table {table}: {digits[:12]!r} is not a day") from None


def _number(text: str, table: str) -> Decimal:
    digits = text.strip() or "0"
    try:
        value = Decimal(digits)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0 or value > 1_000_000:
        raise BadCcamBase(f"table {table}: {digits[:12]!r} is not an amount")
    return value


def _cents(text: str, table: str) -> int:
    value = _number(text, table) * 100
    if value != value.to_integral_value():
        raise BadCcamBase(f"table {table}: {text.strip()[:12]!r} has more than two decimals")
    return int(value)
