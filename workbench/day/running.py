"""A day as a person asks for it: in a folder that stays, or in one that goes."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.workbench.day.simulation import DayReport, Told

PICTURE = "day.svg"


def run_day(
    output: Path | None,
    *,
    patients: int,
    seed: int,
    day: date | None = None,
    rules: Path | None = None,
    calm: bool = False,
    igc: Path | None = None,
    engine: str = "serial",
    told: "Told | None" = None,
) -> "DayReport":
    """Simulate a day in *output*, or in a temporary folder; with a folder the picture is drawn where matplotlib is there.

    *engine* says where the sheets are made (:func:`bifente.fse.scale.engine_for`).

    Raises WorkbenchError, and what :func:`bifente.workbench.day.simulation.simulate` raises.
    """
    from bifente.fse.scale import engine_for
    from bifente.workbench.authority import open_authority
    from bifente.workbench.day.simulation import simulate

    if calm and rules is not None:
        raise WorkbenchError("a calm day has no rules of what goes wrong: choose one of both", "usage")
    authority = open_authority(igc, progress=told)

    def simulated(folder: Path) -> "DayReport":
        with engine_for(engine) as makes:
            return simulate(
                folder,
                patients=patients,
                seed=seed,
                day=day,
                rules=rules,
                calm=calm,
                authority=authority,
                told=told,
                engine=makes,
            )

    if output is None:
        with TemporaryDirectory(prefix="bifente-day-") as folder:
            return simulated(Path(folder))
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise WorkbenchError(f"{output} is not an empty folder", "input.files-there", hint="name another one")
    report = simulated(output)
    kept = [output / "cabinet.db", *sorted(output.glob("caisse-*"))]
    try:
        from bifente.workbench.day.picture import draw_day

        draw_day(report, output / PICTURE)
        kept.insert(0, output / PICTURE)
    except WorkbenchError as error:
        if error.kind != "unavailable.figures":
            raise
    return replace(report, kept=tuple(kept))
