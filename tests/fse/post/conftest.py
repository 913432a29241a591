"""A caisse and a surgery that write to each other."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from keypool import cycling

from bifente.fse.post import B2_TEST, EDI_CONSENT, Letter, Part
from bifente.igc import Authority, IssuedCaisse

SENT = datetime(2026, 11, 28, 3, 15, tzinfo=UTC)
CABINET, CAISSE = "cabinet@ps.rss.test", "01349@349.01.rss.test"
B2_FILE = b"".join(line.ljust(128) for line in (b"000TP", b"1TP", b"2TP", b"3TP", b"5TP", b"6TP", b"999TP"))


@pytest.fixture(scope="session")
def caisse(pooled_authority: Authority, pooled_keys: list[RSAPrivateKey]) -> IssuedCaisse:
    return pooled_authority.issue_caisse(
        "01", "349", not_before=SENT.replace(year=2025), key_source=cycling(pooled_keys)
    )


@pytest.fixture(scope="session")
def other_caisse(pooled_authority: Authority, pooled_keys: list[RSAPrivateKey]) -> IssuedCaisse:
    keys = cycling(pooled_keys[4:])
    return pooled_authority.issue_caisse("01", "422", not_before=SENT.replace(year=2025), key_source=keys)


@pytest.fixture(scope="session", name="letter")
def letter_fixture() -> Callable[..., Letter]:
    """``letter(**changes)`` is a letter with one B2 file."""

    def make(**changes: object) -> Letter:
        parts = (Part("FSE00001", EDI_CONSENT, B2_TEST, B2_FILE),)
        fields: dict[str, object] = {
            "sender": CABINET,
            "recipient": CAISSE,
            "subject": "IR100500/00000991000019/20261128031500/00001",
            "parts": parts,
            "sent": SENT,
        }
        return Letter(**{**fields, **changes})  # type: ignore[arg-type]

    return make
