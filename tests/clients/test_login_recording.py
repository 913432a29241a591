"""The recording of a login that the docs show: what is in it, and that a new one has the same course."""

import json
from collections.abc import Sequence
from pathlib import Path

from loginrecording import RECORDING, Event, record


def committed() -> list[Event]:
    return [json.loads(line) for line in RECORDING.read_text(encoding="utf-8").splitlines()]


def course(events: Sequence[Event]) -> list[object]:
    """What happened, without what differs from time to time."""
    return [
        (event["from"], event["message"]) if "message" in event else str(event["command"])[:8]
        for event in events
        if "message" in event or str(event.get("command", "")).startswith(("0020", "0022", "0088"))
    ]


def proves_itself(events: Sequence[Event]) -> None:
    """What the card has signed is what the server got; PIN and certificate are those of the fictitious doctor."""
    said = {str(event["message"]): str(event["says"]) for event in events if "message" in event}
    signature = said["CertificateVerify"].removeprefix("0401 ").upper()
    answers = [str(event["answer"]).upper() for event in events if "answer" in event]
    assert f"{signature}9000" in answers
    assert len(signature) == 512
    pins = [
        str(event["command"]) for event in events if str(event.get("command", "")).startswith("0020000104")
    ]
    assert pins
    assert all(pin.endswith("********") for pin in pins)
    assert "Bonjour CAMILLE FICTIF-LEROUX" in str(events[-1]["page"])


def test_the_recording_of_the_docs_proves_itself() -> None:
    proves_itself(committed())


def test_a_new_recording_has_the_same_course(
    tmp_path: Path, require_tool, engine: str, opensc_module: str
) -> None:
    require_tool("curl")
    events = record(tmp_path, require_tool("nginx"), engine, opensc_module)
    proves_itself(events)
    assert course(events) == course(committed())
