"""The screen that the commands print on: as wide as it is, silent when nobody reads it, and no card can steer it."""

import os
from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from bifente.documents.visible import visible


class Screen(Console):
    """A console of rich that leaves to its caller what rich decides for a whole program."""

    def __init__(
        self,
        *,
        emoji: bool = True,
        file: IO[str] | None = None,
        width: int | None = None,
        record: bool = False,
    ) -> None:
        # A size of 0 is what a pseudo-terminal without one reports: as good as none.
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("COLUMNS", "LINES") or value.strip("0")
        }
        super().__init__(
            highlight=False,
            emoji=emoji,
            file=file,
            width=width,
            record=record,
            force_terminal=True if record else None,
            _environ=environment,
        )

    def on_broken_pipe(self) -> None:
        """Whoever read stopped reading: the exit code for that is ours, not the 1 of rich."""
        raise BrokenPipeError

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What rich renders; a control character that is left in a text becomes visible."""
        for segment in super().render(renderable, options):
            if segment.text.isprintable():  # nearly all, and a table renders each of its cells several times
                yield segment
                continue
            text = "\n".join(map(visible, segment.text.split("\n")))
            yield segment if segment.control or text == segment.text else Segment(text, segment.style)
