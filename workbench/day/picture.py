"""A day at a glance: a line for each sheet, in the colour of the state it is in, from the consultation to the end."""

from datetime import UTC, datetime, time
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from bifente.workbench.day.simulation import DayReport, SheetStory
from bifente.workbench.errors import WorkbenchError

STATES: Final = {
    "signed": ("signed", "#cbd5e0"),
    "in lot": ("in a lot", "#a0aec0"),
    "sent": ("sent", "#63b3ed"),
    "no return": ("no return", "#f6ad55"),
    "resent": ("resent", "#3182ce"),
    "ARL-": ("ARL−", "#e53e3e"),
    "ANR": ("ANR", "#9b2c2c"),
    "ARL+": ("ARL+", "#68d391"),
    "processing": ("traitement caisse", "#b794f4"),
    "partly paid": ("partly paid", "#ecc94b"),
    "paid": ("paid", "#2f855a"),
    "rejected": ("rejected", "#c05621"),
    "replaced": ("replaced", "#4a5568"),
}
"""State of a sheet in the surgery's store → how it is called, and its colour; in the order of a life."""

_MOMENTS: Final = {"ARL-": "v", "ANR": "X", "no return": "D", "rejected": "s"}
"""States that may be over in a moment → the mark that shows them."""

_OTHER: Final = ("other", "#718096")


def draw_day(report: DayReport, path: Path, kind: str = "svg", *, replace: bool = False) -> None:
    """The picture of *report* in the file *path*, SVG or PNG. Raises WorkbenchError without matplotlib, OSError."""
    from bifente.documents import writing

    try:
        import_module("matplotlib").use("Agg")
        pyplot: Any = import_module("matplotlib.pyplot")
    except ImportError as error:
        raise WorkbenchError(
            "pictures are drawn by matplotlib, which is not installed",
            "unavailable.figures",
            hint="install bifente with its extra: pip install '.[figures]'",
        ) from error
    style = {"font.family": "DejaVu Sans", "font.size": 10, "svg.fonttype": "path", "svg.hashsalt": "bifente"}
    with pyplot.rc_context(style):
        rows = max(8, len(report.stories))
        figure, axes = pyplot.subplots(figsize=(11, 1.9 + 0.17 * rows), dpi=150, layout="constrained")
        try:
            _draw(axes, report)
            with writing(path, replace=replace, mode=0o644) as stream:
                metadata = {"Date": None} if kind == "svg" else {"Software": None}
                figure.savefig(stream, format=kind, metadata=metadata)
        finally:
            pyplot.close(figure)


def _draw(axes: Any, report: DayReport) -> None:
    dates, patches = import_module("matplotlib.dates"), import_module("matplotlib.patches")
    end = datetime.combine(report.until, time(12), UTC)
    used: set[str] = set()
    stories = sorted(report.stories, key=lambda story: (story.states[0][0], story.number))
    for row, story in enumerate(stories):
        for begun, until, state in _spans(story, end):
            used.add(state)
            axes.barh(
                row,
                dates.date2num(until) - dates.date2num(begun),
                left=dates.date2num(begun),
                height=0.82,
                color=STATES.get(state, _OTHER)[1],
            )
        for moment, state in story.states:
            if state in _MOMENTS:
                used.add(state)
                axes.plot(
                    dates.date2num(moment), row, marker=_MOMENTS[state], color=STATES[state][1], markersize=5, zorder=3,
                    markeredgecolor="white", markeredgewidth=0.4,
                )  # fmt: skip
    axes.set_ylim(len(stories) - 0.4, -0.6)
    axes.set_yticks(range(len(stories)), [_label(story) for story in stories], fontsize=6.5)
    axes.xaxis_date()
    axes.xaxis.set_major_locator(dates.DayLocator())
    axes.xaxis.set_major_formatter(dates.DateFormatter("%d.%m."))
    axes.tick_params(length=0)
    axes.grid(axis="x", color="#e2e8f0", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    names = [state for state in STATES if state in used]
    axes.legend(
        handles=[patches.Patch(color=STATES[state][1], label=STATES[state][0]) for state in names],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.06),
        ncols=len(names),
        frameon=False,
        fontsize=8,
        handlelength=1,
        columnspacing=1.2,
    )
    axes.set_title(
        f"{report.patients} patients on {report.day:%d.%m.%Y}: {report.lots} lots, {report.mails} returns, "
        f"{_euros(report.charged)} charged, {_euros(report.paid)} paid to the surgery",
        loc="left",
        fontsize=11,
        fontweight="bold",
    )


def _spans(story: SheetStory, end: datetime) -> list[tuple[datetime, datetime, str]]:
    ends = [moment for moment, _ in story.states[1:]] + [end]
    return [
        (begun, until, state)
        for (begun, state), until in zip(story.states, ends, strict=True)
        if until > begun and state != "replaced"
    ]


def _label(story: SheetStory) -> str:
    number = f"n° {story.number}"
    return f"{number} (was {story.replaces})" if story.replaces is not None else number


def _euros(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02} €".replace(",", " ")
