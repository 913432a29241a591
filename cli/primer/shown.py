"""A lesson on the screen, or as JSON."""

from typing import TYPE_CHECKING

from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.crypto.primer.lesson import Lesson


def show(lesson: "Lesson", *, as_json: bool) -> None:
    """Print *lesson*."""
    if as_json:
        steps = [{"step": step.what, "lines": list(step.lines)} for step in lesson.steps]
        say_json({"lesson": lesson.title, **lesson.facts, "steps": steps, "notes": list(lesson.notes)})
        return
    say(lesson.title)
    for number, step in enumerate(lesson.steps, 1):
        say()
        say(f"{number}. {step.what}")
        for line in step.lines:
            say(f"   {line}")
    for note in lesson.notes:
        say()
        say(f"note: {note}")
