"""The key pairs of a card: made several at a time, or given."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bifente.crypto import rsa

if TYPE_CHECKING:
    from pydantic import SecretStr

KEY_BITS = 2048

KeySource = Callable[[int], RSAPrivateKey]
"""Makes an RSA key pair of the given number of bits with e = 65537. It is called from several threads at once.

``bifente.crypto.rsa.generate`` is one; a test suite may give keys from a pool instead.
"""

Progress = Callable[[int, int, str], None]
"""Told after each key: how many are done, of how many, and which one it was. Called in the caller's thread."""


def card_keys(
    names: "Mapping[str, SecretStr | None]", source: KeySource, progress: Progress | None = None
) -> dict[str, RSAPrivateKey]:
    """A key for each name: the PEM one where there is one, else from *source*, in as many threads as processors.

    An interruption waits for the keys that are being made, drops the others and goes on upwards.
    """
    keys = {
        name: rsa.load_private_pem(pem.get_secret_value().encode(), validate=False)  # the profile checked it
        for name, pem in names.items()
        if pem is not None
    }
    wanted = [name for name in names if name not in keys]
    if not wanted:
        return keys
    with ThreadPoolExecutor(min(len(wanted), os.cpu_count() or 1), thread_name_prefix="card-key") as pool:
        try:
            running = {pool.submit(source, KEY_BITS): name for name in wanted}
            for done, future in enumerate(as_completed(running), 1):
                keys[running[future]] = future.result()
                if progress is not None:
                    progress(done, len(wanted), running[future])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return keys


def fingerprint(key: RSAPublicKey) -> str:
    """The SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal."""
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
