"""Questions to a served reader: how they are asked, what is said of the slots, and how a refusal is told."""

from pathlib import Path

from bifente.cli.errors import EXIT_CODES, CliError, ExitCode, classify
from bifente.cli.visible import say, say_json
from bifente.layouts.registry import called
from bifente.workbench.served.control import Answer, AnswerRefused, Question, ask
from bifente.workbench.served.serving import need_unix, socket_path


def refusal_of(error: Exception) -> Answer:
    """What a served reader answers for an error: the line, hint and exit code that a command would say."""
    what, hint, code = classify(error)
    kind = next((kind for kind, one in EXIT_CODES.items() if one is code), "fault")
    return {"error": what, "hint": hint, "code": int(code), "kind": kind}


def answer_of(path: Path, question: Question) -> Answer:
    """Ask the reader whose control socket is *path*. Raises WorkbenchError; CliError with what the reader refused."""
    try:
        return ask(path, question)
    except AnswerRefused as refused:
        # Of a reader of another release the code is perhaps one that is not known here.
        code = next((code for code in ExitCode if code == refused.code), ExitCode.UNEXPECTED)
        raise CliError(str(refused), code, refused.hint or None) from None


def ask_and_show(alias: str, question: Question, *, as_json: bool) -> None:
    """Ask the reader that is served under the name *alias*, and print what is in its slots now."""
    need_unix()
    answer = answer_of(socket_path(alias, "control"), question)
    if as_json:
        say_json(answer["slots"])
    else:
        show_status(answer["slots"])


def show_status(slots: object) -> None:
    """Print what a reader tells of its slots."""
    if not isinstance(slots, list):
        return
    for slot in slots:
        card = slot["card"] or "empty"
        if slot.get("misplaced"):
            card += f" ({called(slot['kind'])} in this slot)"
        state = ", contactless" if slot.get("contactless") else ""
        state += f", {slot['links']} connected" if slot["links"] else ""
        if not slot["plugged"]:
            state = ", reader unplugged"
        say(f"{slot['slot']}  {slot['name']}: {card}{state}")
        refusal = slot.get("refusal")  # readers of earlier releases tell none
        if refusal:
            say(f"   last answer {refusal['sw']}: {refusal['sentence']} ({refusal['clause']})")
