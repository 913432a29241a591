"""The figures of a caisse as pictures that a person puts on a slide: SVG or PNG, by matplotlib."""

from collections import Counter
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from bifente.workbench.errors import WorkbenchError
from bifente.workbench.statistics.departments import COLUMNS, ROWS, SQUARES
from bifente.workbench.statistics.report import CaisseFigures

FORMATS: Final = ("svg", "png")

_BLUE, _DARK, _GREY, _RED, _LIGHT = "#2b6cb0", "#1a202c", "#a0aec0", "#c05621", "#edf2f7"
_STYLE: Final = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.color": _DARK,
    "axes.edgecolor": _GREY,
    "axes.labelcolor": _DARK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 14,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 14,
    "xtick.color": _DARK,
    "ytick.color": _DARK,
    "figure.dpi": 150,
    "svg.fonttype": "path",
    "svg.hashsalt": "bifente",
    "axes.axisbelow": True,
}
_LONGEST_DELAY: Final = 45


def draw_all(figures: CaisseFigures, folder: Path, kind: str = "svg", *, replace: bool = False) -> list[Path]:
    """Every picture of *figures* in *folder*, which is made if need be; their paths. A picture of nothing is left out.

    Raises WorkbenchError without matplotlib, OSError.
    """
    pyplot = _pyplot()
    from bifente.documents import make_folder

    make_folder(folder)
    made = []
    with pyplot.rc_context(_STYLE):
        for name, (draws, wanted) in PICTURES.items():
            if wanted(figures):
                made.append(_draw(pyplot, draws, figures, folder / f"{name}.{kind}", kind, replace=replace))
    return made


def _pyplot() -> Any:
    try:
        import_module("matplotlib").use("Agg")
        return import_module("matplotlib.pyplot")
    except ImportError as error:
        raise WorkbenchError(
            "pictures are drawn by matplotlib, which is not installed",
            "unavailable.figures",
            hint="install bifente with its extra: pip install '.[figures]'",
        ) from error


def _draw(
    pyplot: Any,
    draws: "Callable[[Any, Any, CaisseFigures], None]",
    figures: CaisseFigures,
    path: Path,
    kind: str,
    *,
    replace: bool,
) -> Path:
    from bifente.documents import writing

    size = (7.2, 5.8) if draws is _map else (9.6, 5.4)
    figure, axes = pyplot.subplots(figsize=size, layout="constrained")
    try:
        draws(figure, axes, figures)
        told = (
            f"synthetic: {figures.synthetic}" if figures.synthetic else "bifente, the store of a test caisse"
        )
        figure.text(0.995, 0.005, told, ha="right", va="bottom", fontsize=7, color=_GREY)
        figure.get_layout_engine().set(rect=(0, 0.03, 1, 0.97))
        with writing(path, replace=replace, mode=0o644) as stream:
            figure.savefig(
                stream, format=kind, metadata={"Date": None} if kind == "svg" else {"Software": None}
            )
    finally:
        pyplot.close(figure)
    return path


def _professions(_figure: Any, axes: Any, figures: CaisseFigures) -> None:
    shown = figures.professions[::-1]
    bars = axes.barh([one.group for one in shown], [100 * one.rate for one in shown], color=_BLUE, height=0.7)
    for bar, one in zip(bars, shown, strict=True):
        inside = one.rate > 0.15
        axes.text(
            1 if inside else 100 * one.rate + 1,
            bar.get_y() + bar.get_height() / 2,
            f"{100 * one.rate:.1f} %",
            ha="left",
            va="center",
            color="white" if inside else _DARK,
            fontsize=9,
        )
    axes.axvline(100 * figures.rate, color=_RED, linewidth=1.2)
    axes.text(
        100 * figures.rate,
        len(shown) - 0.35,
        f"ensemble {100 * figures.rate:.1f} %",
        color=_RED,
        fontsize=9,
        ha="center",
    )
    axes.set_xlim(0, 100)
    axes.set_ylim(-0.6, len(shown))
    axes.set_xlabel("feuilles de soins signées par les deux cartes, en %")
    axes.set_title("Taux de télétransmission par profession")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _map(figure: Any, axes: Any, figures: CaisseFigures) -> None:
    patches, colors = import_module("matplotlib.patches"), import_module("matplotlib.colors")
    colormaps, cm = import_module("matplotlib").colormaps, import_module("matplotlib.cm")
    rates = {one.group: one.rate for one in figures.departments if one.group in SQUARES}
    low, high = min(rates.values()), max(rates.values())
    scale = colors.Normalize(100 * low, 100 * max(high, low + 0.01))
    palette = colormaps["YlGnBu"]
    for name, (column, row) in SQUARES.items():
        rate = rates.get(name)
        colour = _LIGHT if rate is None else palette(0.1 + 0.85 * scale(100 * rate))
        axes.add_patch(
            patches.FancyBboxPatch(
                (column + 0.06, row + 0.06),
                0.88,
                0.88,
                boxstyle="round,pad=0,rounding_size=0.1",
                fc=colour,
                ec="none",
            )
        )
        dark = rate is not None and scale(100 * rate) > 0.55
        ink = "white" if dark else _DARK if rate is not None else _GREY
        axes.text(
            column + 0.5, row + 0.36, name, ha="center", va="center", fontsize=8, color=ink, fontweight="bold"
        )
        if rate is not None:
            axes.text(
                column + 0.5, row + 0.69, f"{100 * rate:.0f}", ha="center", va="center", fontsize=7, color=ink
            )
    axes.set_xlim(-0.2, COLUMNS + 0.2)
    axes.set_ylim(ROWS + 0.1, -0.1)
    axes.set_aspect("equal")
    axes.axis("off")
    figure.suptitle(
        "Taux de télétransmission par département, en %", x=0.02, ha="left", fontsize=14, fontweight="bold"
    )
    palette = colors.LinearSegmentedColormap.from_list(
        "rates", palette([0.1 + 0.85 * at / 20 for at in range(21)])
    )
    bar = figure.colorbar(cm.ScalarMappable(scale, palette), ax=axes, shrink=0.55, aspect=18, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8)


def _delays(_figure: Any, axes: Any, figures: CaisseFigures) -> None:
    counts = Counter({min(days, _LONGEST_DELAY): 0 for days in figures.delays})
    for days, count in figures.delays.items():
        counts[min(days, _LONGEST_DELAY)] += count
    total = sum(counts.values())
    axes.bar(list(counts), [100 * count / total for count in counts.values()], color=_BLUE, width=0.85)
    median = figures.median_delay
    assert median is not None
    axes.axvline(median, color=_RED, linewidth=1.2)
    axes.text(
        median + 0.5,
        axes.get_ylim()[1] * 0.96,
        f"la moitié en {median} jours au plus",
        color=_RED,
        fontsize=9,
        va="top",
    )
    axes.set_xlabel(
        "jours de la réception au règlement"
        + (f" ({_LONGEST_DELAY} : et au-delà)" if max(figures.delays) > _LONGEST_DELAY else "")
    )
    axes.set_ylabel("factures, en %")
    axes.grid(axis="y", color=_LIGHT)
    axes.set_title("Délai de règlement")


def _rejects(_figure: Any, axes: Any, figures: CaisseFigures) -> None:
    shown = list(figures.rejects.items())[:12][::-1]
    most = max(count for _, count in shown)
    names = [f"{code}\n{_short(figures.labels.get(code, ''))}" for code, _ in shown]
    bars = axes.barh(names, [count for _, count in shown], color=_RED, height=0.7)
    for bar, (_, count) in zip(bars, shown, strict=True):
        share = 100 * count / max(1, figures.invoices)
        axes.text(
            count + most * 0.01,
            bar.get_y() + bar.get_height() / 2,
            f"{count}  ({share:.2f} %)",
            va="center",
            fontsize=9,
        )
    axes.set_xlim(0, most * 1.2)
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.set_xlabel("factures rejetées")
    axes.set_title("Rejets par code")
    axes.spines["left"].set_visible(False)


def _days(_figure: Any, axes: Any, figures: CaisseFigures) -> None:
    dates = import_module("matplotlib.dates")
    weekly = len(figures.days) > 60
    counts: Counter[Any] = Counter()
    for day, count in figures.days.items():
        from datetime import timedelta

        counts[day - timedelta(days=day.weekday()) if weekly else day] += count
    axes.bar(list(counts), list(counts.values()), color=_BLUE, width=6 if weekly else 0.8)
    locator = dates.AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    axes.set_ylabel("factures par semaine" if weekly else "factures par jour")
    axes.grid(axis="y", color=_LIGHT)
    axes.set_title("Factures reçues")


def _short(label: str) -> str:
    return label if len(label) <= 44 else label[:43].rstrip() + "…"


PICTURES: Final[
    Mapping[str, tuple[Callable[[Any, Any, CaisseFigures], None], Callable[[CaisseFigures], bool]]]
] = {
    "professions": (_professions, lambda figures: bool(figures.professions)),
    "departments": (_map, lambda figures: any(one.group in SQUARES for one in figures.departments)),
    "delays": (_delays, lambda figures: bool(figures.delays)),
    "rejects": (_rejects, lambda figures: bool(figures.rejects)),
    "days": (_days, lambda figures: bool(figures.days)),
}
"""Name → what draws it, and whether there is anything to draw."""
