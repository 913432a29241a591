"""A thousand cards in one process: at rest and in use. Each figure comes from a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cards import records
from frame import Result

from bifente.applets.store.stores import create_card_file

CARDS = 1000

_CHILD = """
import gc, json, os, resource, sys
from bifente.applets import open_card
def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
open_card(sys.argv[1] + "/0.card").power_on()
gc.collect()
before, descriptors = resident(), len(os.listdir("/proc/self/fd"))
cards = [open_card(f"{sys.argv[1]}/{number}.card") for number in range(1, int(sys.argv[2]) + 1)]
at_rest, held = resident() - before, len(os.listdir("/proc/self/fd")) - descriptors
for card in cards:
    card.power_on()
    for command in ("00A4040C0DE828BD080F8025000001FF0010", "002000010431323334", "00A4020402D120", "00B0000010"):
        assert card.transmit(bytes.fromhex(command))[-2:] == b"\\x90\\x00"
in_use = resident() - before
print(json.dumps({"at_rest": at_rest, "held": held, "in_use": in_use}))
"""


def results() -> Iterator[Result]:
    """Memory that the cards add to the process, in MiB."""
    if not Path("/proc/self/statm").exists():
        return
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="bifente-bench-", dir=memory) as folder:
        for number in range(CARDS + 1):
            create_card_file(Path(folder, f"{number}.card"), records("gp"))
        done = subprocess.run(
            [sys.executable, "-P", "-c", _CHILD, folder, str(CARDS)],
            capture_output=True,
            check=True,
            timeout=300,
        )
    figures = json.loads(done.stdout)
    mib = 1024 * 1024
    yield Result(f"{CARDS} cards at rest", "MiB", figures["at_rest"] / mib, most=50)
    yield Result(f"descriptors held by {CARDS} cards at rest", "descriptors", figures["held"], most=0)
    yield Result(f"{CARDS} cards in use", "MiB", figures["in_use"] / mib, most=20)
