"""A whole care sheet, from the PIN to the two verified signatures, by parts: warm, and the first of a process.

The sheet and the recognition are held against their cryptography: what the bare library takes for the same signatures,
verifications and chain. What is left is ours.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path

from cards import TODAY, authority, powered, records
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from frame import ROUNDS, Result, against_floor, pinned, timed

from bifente.applets.store.stores import create_card_file
from bifente.crypto import rsa
from bifente.fse.sheet.acts import Act
from bifente.fse.sheet.session import CareSession
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.terminal import CpsSession

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
    yield Result("a care sheet but for private keys", "ms", rest)
    with pinned():
        yield whole()


def whole() -> Result:
    """The whole sheet, with its private keys, against its cryptography done bare, in turns."""
    floor, sheets, floors = its_cryptography(), [], []
    for _ in range(SHEETS):
        sheets.append(sum(one_sheet()[0].values()))
        floors.append(timed(floor))
    ratio = statistics.median(one / other for one, other in zip(sheets, floors, strict=True))
    return Result(
        "a care sheet against its cryptography",
        "ms",
        statistics.median(sheets) * 1000,
        statistics.median(floors) * 1000,
        ratio,
        most=2.5,
        note="floor: the same signatures, verifications and chain by the bare library",
    )


def its_cryptography() -> Callable[[], None]:
    """Four signatures, each the first of a key that was just loaded, as cards were just inserted; six verifications
    (each token by card and terminal, both signatures of the sheet); the chain of the CPS's certificate."""
    pkcs8 = [
        records(name)[f"key/3F00/{key}"]
        for name, key in (("gp", "0001/83"), (VITALE, "0001/83"), (VITALE, "0002/81"), ("gp", "0001/81"))
    ]
    trust, der = authority().trust_store, signature_certificate()
    at = datetime.combine(TODAY, time(12), UTC)
    message, padding, digest = bytes(109), PKCS1v15(), SHA256()

    def floor() -> None:
        for number, encoded in enumerate(pkcs8):
            key = rsa.load_private(encoded, validate=False)
            public = key.public_key()
            signature = key.sign(message, padding, digest)
            for _ in range(2 if number < 2 else 1):
                public.verify(signature, message, padding, digest)
        trust.verify_certificate(der, at)

    return floor


def signature_certificate() -> bytes:
    """The certificate that a CPS signs with, read from a card."""
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, powered("gp"))
        return CpsSession(reader.link(CPS_SLOT)).signature_certificate()


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
