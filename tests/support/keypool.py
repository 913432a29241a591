"""RSA keys that are made once and kept in pytest's cache (mode 600), and a TEST authority made of them.

A plug-in of the root ``conftest.py``: making keys takes longer than everything else that is tested with them.
"""

import itertools
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bifente.crypto import rsa
from bifente.crypto.errors import CryptoError
from bifente.igc import Authority

SIZE = 8
"""How many keys of 2048 bits there are."""

KeySource = Callable[[int], RSAPrivateKey]


def cached_key(folder: Path, number: int) -> RSAPrivateKey:
    """A key from the cache, or a new one that is put there in one step (several processes may do so)."""
    path = folder / f"{number}.key"
    try:
        return rsa.load_private_pem(path.read_bytes(), validate=False)
    except (FileNotFoundError, CryptoError):
        key = rsa.generate()
    descriptor, draft = tempfile.mkstemp(dir=folder)  # mode 600
    with open(descriptor, "wb") as file:
        file.write(rsa.private_pem(key))
    os.replace(draft, path)
    return key


def cycling(keys: list[RSAPrivateKey]) -> KeySource:
    """Gives the keys one after the other, again and again, whatever size is asked for."""
    lock, rounds = threading.Lock(), itertools.cycle(keys)

    def source(_bits: int) -> RSAPrivateKey:
        with lock:
            return next(rounds)

    return source


@pytest.fixture(scope="session")
def pooled_keys(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> list[RSAPrivateKey]:
    """Eight RSA keys of 2048 bits, the same in every run."""
    cache = getattr(pytestconfig, "cache", None)  # absent with -p no:cacheprovider
    folder = Path(cache.mkdir("card-keys")) if cache else tmp_path_factory.mktemp("card-keys")
    return [cached_key(folder, number) for number in range(SIZE)]


@pytest.fixture
def pooled_source(pooled_keys: list[RSAPrivateKey]) -> KeySource:
    """A key source for personalisation: three calls in a row give three keys."""
    return cycling(pooled_keys)


@pytest.fixture(scope="session")
def pooled_authority(pooled_keys: list[RSAPrivateKey], tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A TEST authority whose keys have 2048 bits where a real one has 4096. Do not write into its folder."""
    return Authority.init(tmp_path_factory.mktemp("pooled") / "igc", key_source=cycling(pooled_keys))


@pytest.fixture(scope="session")
def production_authority(
    pooled_keys: list[RSAPrivateKey], tmp_path_factory: pytest.TempPathFactory
) -> Authority:
    """A production-like authority."""
    folder = tmp_path_factory.mktemp("pooled") / "igc-p"
    return Authority.init(folder, environment="P", key_source=cycling(pooled_keys[::-1]))


def applied(records: Mapping[str, bytes], changes: Mapping[str, bytes | None]) -> dict[str, bytes]:
    """What a store holds after the changes."""
    merged = {**records, **changes}
    return {name: value for name, value in merged.items() if value is not None}
