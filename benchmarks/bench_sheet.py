"""A whole care sheet, from the PIN to the two verified signatures, by parts: warm, and the first of a process.

Recognition is held against its RSA: what the bare library takes for the same signatures and verifications.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from cards import TODAY, authority, powered, records
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from frame import ROUNDS, Result, against_floor, pinned

from bifente.applets.store.stores import create_card_file
from bifente.crypto import rsa
from bifente.fse.session import CareSession
from bifente.fse.sheet import Act
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader

VITALE = "vitale-single"
SHEETS = 2 * ROUNDS + 1
FIRST = Path(__file__).with_name("firstsheet.py")
PROCESS_LIMIT = 60.0


def one_sheet() -> tuple[dict[str, float], float]:
    """Seconds of each part, and of the private-key operations in all."""
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, powered("gp"))
        reader.insert(VITALE_SLOT, powered(VITALE))
        trust = authority().trust_store
        with CareSession(
            reader.link(CPS_SLOT), reader.link(VITALE_SLOT), trust=trust, today=TODAY
        ) as session:
            session.present_pin(b"1234")
            session.recognise()
            sheet = session.draw_up([Act("G", Decimal(1), 3000, TODAY)], number=1, care_date=TODAY)
            session.verify(session.sign(sheet))
            return dict(session.timings), session.private_key_seconds


def warm() -> Iterator[Result]:
    """Medians; the limit is on everything but the private-key operations."""
    with pinned():
        one_sheet()
        runs = [one_sheet() for _ in range(SHEETS)]
    for part in runs[0][0]:
        yield Result(f"  {part}", "ms", statistics.median(parts[part] for parts, _ in runs) * 1000)
    yield Result(
        "  of these, private-key operations", "ms", statistics.median(keys for _, keys in runs) * 1000
    )
    rest = statistics.median(sum(parts.values()) - keys for parts, keys in runs) * 1000
    yield Result("a care sheet but for private keys", "ms", rest, most=6.0)


def first() -> Iterator[Result]:
    """The same in processes that have signed nothing yet, with cards in files; what loads late counts."""
    with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder:
        cards = [Path(folder) / f"{name}.card" for name in ("gp", VITALE)]
        for card in cards:
            create_card_file(card, records(card.stem))
        command = [sys.executable, FIRST, authority().directory, *cards, TODAY.isoformat()]
        runs = []
        for _ in range(ROUNDS):
            with pinned():
                done = subprocess.run(
                    [str(part) for part in command], capture_output=True, check=True, timeout=PROCESS_LIMIT
                )
            runs.append(json.loads(done.stdout))
    rest = statistics.median(one["rest"] for one in runs) * 1000
    yield Result("the first sheet of a process, the same", "ms", rest, most=10.0)


def recognition() -> Iterator[Result]:
    """Both cards and the terminal between them, against the bare library's RSA of the same recognition."""
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, powered("gp"))
        reader.insert(VITALE_SLOT, powered(VITALE))
        links = reader.link(CPS_SLOT), reader.link(VITALE_SLOT)
        with CareSession(*links, trust=authority().trust_store, today=TODAY) as session, pinned():
            session.present_pin(b"1234")
            yield against_floor("recognition", session.recognise, its_rsa(), rounds=21, most=2.0)


def its_rsa() -> Callable[[], None]:
    """Two signatures by the cards, each verified by the other card and the terminal; two of the issuers verified.

    The two CV certificates, which the library cannot open, are not in it.
    """
    keys = [
        rsa.load_private(records(name)[f"key/3F00/0001/{0x83:02X}"], validate=False)
        for name in ("gp", VITALE)
    ]
    message, padding, digest = bytes(109), PKCS1v15(), SHA256()
    pairs = [(key, key.public_key()) for key in keys]

    def floor() -> None:
        for key, public in pairs:
            signature = key.sign(message, padding, digest)
            for _ in range(3):
                public.verify(signature, message, padding, digest)

    return floor


def results() -> Iterator[Result]:
    """Warm, first, and the recognition alone."""
    for measure in (warm, first, recognition):
        yield from measure()
