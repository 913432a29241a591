"""The making of a sheet by a worker that is killed once: a function that any process can import."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from bifente.workbench.day.making import MadeVisit, SheetTask, make_visit


@dataclass(frozen=True)
class MarkedTask:
    """A task, and the file that says that the killing is done."""

    task: SheetTask
    mark: str


def killed_over_the_third(marked: MarkedTask) -> MadeVisit:
    """The sheet of the task; the first time that the third comes its process is killed."""
    if marked.task.number == 3 and not Path(marked.mark).exists():
        Path(marked.mark).write_text(str(os.getpid()), encoding="ascii")
        os.kill(os.getpid(), signal.SIGKILL)
    return make_visit(marked.task)
