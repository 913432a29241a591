"""A surgery in a temporary folder, whose clock is turned by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copy

import pytest
from clockhands import Hands
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509 import load_der_x509_certificate
from farcaisse import CABINET, FarCaisse
from keypool import cycling
from sheetbytes import certificates_of

from bifente.crypto.cms import KeySigner
from bifente.fse.cabinet import Cabinet
from bifente.fse.cabinet.caisses import CertificateBook
from bifente.fse.cabinet.inbox import Opening
from bifente.fse.cabinet.outbox import CabinetSender
from bifente.fse.post import MaildirPost
from bifente.igc import Authority, IssuedCaisse, caisse_address


@pytest.fixture
def clock() -> Hands:
    return Hands(datetime(2026, 3, 3, 9, 0, tzinfo=UTC))  # a Tuesday


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new store, to be copied: its migrations take longer than most of what is tried with it."""
    path = tmp_path_factory.mktemp("cabinet") / "empty.db"
    Cabinet.create(path).close()
    return path


@pytest.fixture
def cabinet(tmp_path: Path, clock: Hands, empty_store: Path) -> Iterator[Cabinet]:
    copy(empty_store, tmp_path / "surgery.db")
    with Cabinet.open(tmp_path / "surgery.db", clock=clock) as made:
        yield made


@pytest.fixture(scope="session")
def lot_signer(pooled_keys: list[RSAPrivateKey]) -> KeySigner:
    """Whoever signs lots: that he is no CPS is for a caisse to find out."""
    return KeySigner(pooled_keys[0], *certificates_of(pooled_keys[0]))


@pytest.fixture(scope="session")
def caisse_authority(pooled_keys: list[RSAPrivateKey], tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.init(tmp_path_factory.mktemp("caisses") / "igc", key_source=cycling(pooled_keys))


@pytest.fixture(scope="session")
def issued_caisses(caisse_authority: Authority, pooled_keys: list[RSAPrivateKey]) -> dict[str, IssuedCaisse]:
    keys = cycling(pooled_keys[2:])
    since = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        code: caisse_authority.issue_caisse("01", code, not_before=since, key_source=keys)
        for code in ("349", "422")
    }


@pytest.fixture
def caisse(tmp_path: Path, issued_caisses: dict[str, IssuedCaisse]) -> FarCaisse:
    issued = issued_caisses["349"]
    return FarCaisse(issued, MaildirPost(tmp_path / "post", caisse_address("01", "349")))


@pytest.fixture
def post(tmp_path: Path) -> MaildirPost:
    return MaildirPost(tmp_path / "post", CABINET, bounces=True)


@pytest.fixture(scope="session")
def sender(issued_caisses: dict[str, IssuedCaisse]) -> CabinetSender:
    book = CertificateBook(load_der_x509_certificate(one.certificate) for one in issued_caisses.values())
    return CabinetSender(CABINET, book)


@pytest.fixture
def opening(caisse_authority: Authority, issued_caisses: dict[str, IssuedCaisse]) -> Opening:
    return Opening(caisse_authority.trust_store)
