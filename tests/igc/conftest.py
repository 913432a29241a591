"""Authorities for the tests of this folder, from keys that are made once and kept in pytest's cache."""

import itertools
import os
import tempfile
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bifente.codes.holder import CardHolder
from bifente.crypto import rsa
from bifente.igc import Authority
from bifente.igc.keys import KeySource

POOL = {4096: 4, 2048: 2}


def cached_key(folder: Path, bits: int, number: int) -> RSAPrivateKey:
    path = folder / f"{bits}-{number}.key"
    try:
        return rsa.load_private_pem(path.read_bytes(), validate=False)
    except (FileNotFoundError, ValueError):
        key = rsa.generate(bits)
    descriptor, draft = tempfile.mkstemp(dir=folder)  # mode 0600
    with open(descriptor, "wb") as file:
        file.write(rsa.private_pem(key))
    os.replace(draft, path)
    return key


@pytest.fixture(scope="session")
def key_pool(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, list[RSAPrivateKey]]:
    cache = getattr(pytestconfig, "cache", None)  # absent with -p no:cacheprovider
    folder = Path(cache.mkdir("igc-keys")) if cache else tmp_path_factory.mktemp("igc-keys")
    return {bits: [cached_key(folder, bits, i) for i in range(count)] for bits, count in POOL.items()}


@pytest.fixture
def key_source(key_pool: dict[int, list[RSAPrivateKey]]) -> KeySource:
    return pooled(key_pool)


def pooled(pool: dict[int, list[RSAPrivateKey]]) -> KeySource:
    lock = threading.Lock()
    rounds = {bits: itertools.cycle(keys) for bits, keys in pool.items()}

    def source(bits: int) -> RSAPrivateKey:
        with lock:
            return next(rounds[bits])

    return source


@pytest.fixture(scope="session")
def authority(
    key_pool: dict[int, list[RSAPrivateKey]], tmp_path_factory: pytest.TempPathFactory
) -> Authority:
    return Authority.init(tmp_path_factory.mktemp("igc") / "test", key_source=pooled(key_pool))


@pytest.fixture(scope="session")
def production(
    key_pool: dict[int, list[RSAPrivateKey]], tmp_path_factory: pytest.TempPathFactory
) -> Authority:
    turned = {bits: keys[1:] + keys[:1] for bits, keys in key_pool.items()}
    folder = tmp_path_factory.mktemp("igc") / "production"
    return Authority.init(folder, environment="P", key_source=pooled(turned))


@pytest.fixture(scope="session")
def twin(key_pool: dict[int, list[RSAPrivateKey]], tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A TEST authority: the names are those of ``authority``, the keys are in other places."""
    turned = {bits: keys[1:] + keys[:1] for bits, keys in key_pool.items()}
    return Authority.init(tmp_path_factory.mktemp("igc") / "twin", key_source=pooled(turned))


@pytest.fixture(scope="session")
def card_key() -> RSAPrivateKey:
    return rsa.generate()


def holder(card_type: int, **changes: object) -> CardHolder:
    employee = card_type >= 2
    fields: dict[str, object] = {
        "card_type": card_type,
        "category": 0x80,
        "national_id": ("899700000017", "899700000025", "10B0000017/CPET0001", "10B0000017/CPAT0001")[
            card_type
        ],
        "family_name": "ESSAI-PRATICIEN",
        "given_name": "ZOÉ",
        "civility": 22,
        "profession": 10 if card_type == 0 else None,
        "future_profession": 21 if card_type == 1 else None,
        "responsibility": 0,
        "speciality": None,
        "structure_id": "10B0000017" if employee else None,
        "structure_name": "HOPITAL D'ESSAI" if employee else None,
        "department": "Paris (75)" if employee else None,
        "card_number": "2900000017",
    }
    return CardHolder(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session", name="holder")
def holder_fixture() -> object:
    """``holder(card_type, **changes)`` makes a fictitious holder."""
    return holder
