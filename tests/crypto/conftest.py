"""One key pair for the tests of this folder."""

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bifente.crypto import rsa


@pytest.fixture(scope="session")
def key() -> RSAPrivateKey:
    return rsa.generate()


@pytest.fixture(scope="session")
def n(key: RSAPrivateKey) -> int:
    return key.public_key().public_numbers().n
