"""The key pairs of an authority, made several at a time."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

KeySource = Callable[[int], RSAPrivateKey]
"""Makes an RSA key pair of so many bits with e = 65537. It is called from several threads at once.

``bifente.crypto.rsa.generate`` is one; a test suite may give keys from a pool instead.
"""

Progress = Callable[[int, int, str], None]
"""Told after each key: how many are done, of how many, and which one it was. Called in the caller's thread."""


def make_keys(
    sizes: Mapping[str, int], source: KeySource, progress: Progress | None
) -> dict[str, RSAPrivateKey]:
    """Make the named keys in as many threads as there are processors (the library releases Python's lock).

    An interruption waits for the keys that are being made, drops the others and goes on upwards.
    """
    keys: dict[str, RSAPrivateKey] = {}
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="igc-key") as pool:
        try:
            running = {pool.submit(source, bits): name for name, bits in sizes.items()}
            for done, future in enumerate(as_completed(running), 1):
                keys[running[future]] = future.result()
                if progress is not None:
                    progress(done, len(sizes), running[future])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return keys
