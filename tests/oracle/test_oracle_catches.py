"""The oracle finds faults that are built into the kernel: without that its silence would say nothing.

A few are tried in each run, all of them with ``ORACLE_STEPS`` (`make fuzz`).
"""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from test_iso_oracle import EACH, Held

from bifente.applets import SmartCard
from bifente.applets.commands.bytewise import write as write_binary
from bifente.applets.families.isotest.instructions import INSTRUCTIONS
from bifente.applets.kernel.files import File
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.state import LogicalChannel, Persistent
from bifente.layouts.structures import Records
from bifente.slotted import replace

Patch = pytest.MonkeyPatch
Run = Callable[[SmartCard, Any], bytes]


def wrapped(patch: Patch, ins: int, change: Callable[[Run], Run]) -> None:
    """Instruction *ins* of the card does something else."""
    old: Instruction[Any] = INSTRUCTIONS[ins]
    patch.setitem(INSTRUCTIONS, ins, replace(old, run=change(old.run)))  # type: ignore[arg-type]  # the table is a dict


def no_try_taken(patch: Patch) -> None:
    patch.setattr(Persistent, "consume_try", lambda *_: None)


def closed_files_are_read(patch: Patch) -> None:
    patch.setattr(File, "close", lambda *_args, **_named: None)


def records_rotate(patch: Patch) -> None:
    """The oldest record of a cyclic file does not give way."""
    patch.setattr(Records, "cyclic", False)


def selection_keeps_the_record(patch: Patch) -> None:
    def change(run: Run) -> Run:
        def select(card: SmartCard, request: Any) -> bytes:
            before = card.channel.record
            try:
                return run(card, request)
            finally:
                card.channel.record = before

        return select

    wrapped(patch, 0xA4, change)


def log_out_forgets_nothing(patch: Patch) -> None:
    def change(run: Run) -> Run:
        return lambda card, request: b"" if request.log_out else run(card, request)

    wrapped(patch, 0x20, change)


def channels_begin_where_one_is(patch: Patch) -> None:
    def opened(card: SmartCard, number: int) -> LogicalChannel:
        made = card.channels[number] = LogicalChannel(card.channel.directory)
        return made

    patch.setattr(SmartCard, "open_channel", opened)


def channels_stay_open(patch: Patch) -> None:
    def change(run: Run) -> Run:
        return lambda card, request: run(card, request) if request.opens else b""

    wrapped(patch, 0x70, change)


def bits_are_always_set(patch: Patch) -> None:
    """WRITE is OR in every file."""
    patch.setattr(
        write_binary, "written", lambda _c, _f, old, new: bytes(a | b for a, b in zip(old, new, strict=True))
    )


def deleted_files_stay(patch: Patch) -> None:
    wrapped(patch, 0xE4, lambda _run: lambda _card, _request: b"")


def created_files_are_lost(patch: Patch) -> None:
    """They are there until the power goes."""
    patch.setattr("bifente.applets.kernel.card.grown", lambda layout, _records: layout)


FAULTS = [
    no_try_taken, deleted_files_stay, log_out_forgets_nothing, created_files_are_lost, selection_keeps_the_record,
    channels_begin_where_one_is, closed_files_are_read, records_rotate, channels_stay_open, bits_are_always_set,
]  # fmt: skip
TRIED = FAULTS if "ORACLE_STEPS" in os.environ else FAULTS[:2]


@pytest.mark.parametrize("fault", TRIED, ids=[each.__name__ for each in TRIED])
def test_a_fault_is_found(fault: Callable[[Patch], None], monkeypatch: Patch) -> None:
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            Held,
            settings=settings(
                max_examples=1000,
                stateful_step_count=EACH,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
                phases=[Phase.generate],
                report_multiple_bugs=False,
            ),
        )
