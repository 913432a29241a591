"""The services that can be shown, by their names."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.igc import Authority
    from bifente.workbench.services.shown import ShownService
    from bifente.workbench.services.stage import ServicesStage

SERVICES: Final = {
    "sender": "authentication of the sender: whose a lot is, its signature says",
    "recipient": "authentication of the recipient: sealed for the caisse that was certified, and no other",
    "origin": "non-repudiation of sending: the signed lot",
    "receipt": "non-repudiation of receipt: the signed ARL",
    "integrity": "integrity: records, lot and sheets as they were signed",
    "confidentiality": "confidentiality: only the caisse reads the mail",
    "traceability": "traceability: each sheet in one lot, each lot once, all in a journal",
    "chaining": "a number that chains one person's stays without the name, in the shape of FOIN",
}
"""Name → what it is, in the order in which they are shown."""

WITH_EVIDENCE: Final = ("origin", "receipt")
"""Those that a third party can judge with programs of its own."""

SYNTHETIC: Final = "synthetic: test cards, invented people; how lots and ARL are really signed is not public, these forms are bifente's own"

Told = Callable[[int, int, str], None]


def show_service(
    name: str, *, authority: "Authority | None" = None, told: Told | None = None
) -> "ShownService":
    """Run the service *name* and its attacks in a temporary folder, under *authority* or a new one with short keys.

    *told* is told what is made before. Raises WorkbenchError, and what cards, sheets, stores and posts raise.
    """
    if name not in SERVICES:
        raise WorkbenchError(f"there is no service {name!r}", "usage", hint=f"one of {', '.join(SERVICES)}")
    if name == "chaining":
        from bifente.workbench.services.unlinking import chaining

        return chaining()
    from bifente.workbench.services.stage import ServicesStage

    with (
        TemporaryDirectory(prefix="bifente-services-") as folder,
        ServicesStage(Path(folder), authority) as stage,
    ):
        for number, part in enumerate(_PARTS):
            if told is not None:
                told(number, len(_PARTS), part.replace("_", " "))
            getattr(stage, part)
        if told is not None:
            told(len(_PARTS), len(_PARTS), name)
        return show_on(stage, name)


_PARTS: Final = ("authority", "doctor", "caisse")


def show_on(stage: "ServicesStage", name: str) -> "ShownService":
    """Run the service *name* on a *stage* that is there. Raises as :func:`show_service`."""
    from bifente.workbench.services import authentication, repudiation, secrecy, tracing, unlinking

    shows: dict[str, Callable[[ServicesStage], ShownService]] = {
        "sender": authentication.sender,
        "recipient": authentication.recipient,
        "origin": repudiation.origin,
        "receipt": repudiation.receipt,
        "integrity": secrecy.integrity,
        "confidentiality": secrecy.confidentiality,
        "traceability": tracing.traceability,
        "chaining": lambda _stage: unlinking.chaining(),
    }
    return shows[name](stage)


def check_evidence(name: str) -> None:
    """Raise WorkbenchError unless the service *name* leaves evidence for a third party."""
    if name not in WITH_EVIDENCE:
        raise WorkbenchError(
            f"{name} leaves nothing to keep", "usage", hint=f"{' and '.join(WITH_EVIDENCE)} leave evidence"
        )


def keep_evidence(shown: "ShownService", folder: Path, *, replace: bool = False) -> tuple[Path, ...]:
    """Write the evidence of *shown* into *folder*, which is made if need be. Raises OSError, FileExistsError without *replace*."""
    from bifente.documents import make_folder, new_file

    make_folder(folder, 0o700)
    for name, content in shown.evidence:
        new_file(folder / name, content, replace=replace)
    return tuple(folder / name for name, _ in shown.evidence)


def require_holding(shown: "ShownService") -> None:
    """Raise WorkbenchError unless the honest exchange was accepted and every attack refused."""
    if shown.holds:
        return
    through = [attack.name for attack in shown.attacks if not attack.refused]
    what = f"not refused: {', '.join(through)}" if through else "the honest exchange was not accepted"
    raise WorkbenchError(f"{shown.name} does not hold: {what}", "signature.service")
