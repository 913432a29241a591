"""A durable VERIFY: the try is taken and written, then given back and written; against two bare writes that are synced."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cards import records
from frame import Result, against_floor

from bifente.applets import open_card
from bifente.applets.store.stores import create_card_file

VERIFY = bytes.fromhex("002000010431323334")
SECTOR = bytes(512)
_sync = getattr(os, "fdatasync", os.fsync)


def results() -> Iterator[Result]:
    """On the disk of the folder for temporary files (TMPDIR says which): in memory a sync costs nothing."""
    with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder:
        path = Path(folder, "x.card")
        create_card_file(path, records("gp"))
        card = open_card(path)
        card.power_on()
        floor_file = os.open(Path(folder, "floor"), os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(floor_file, bytes(path.stat().st_size), 0)
        _sync(floor_file)

        def subject() -> None:
            assert card.transmit(VERIFY) == b"\x90\x00"

        def floor() -> None:
            for _ in range(2):
                os.pwrite(floor_file, SECTOR, 4096)
                _sync(floor_file)

        try:
            yield against_floor(
                "VERIFY in a card file, durable", subject, floor, repeat=5, rounds=21, most=1.5,
                note="floor: two writes with their syncs",
            )  # fmt: skip
        finally:
            os.close(floor_file)
            card.power_off()
