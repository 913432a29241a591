"""The private keys of an authority: read from its folder when they are first used, enciphered there if it has a passphrase."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bifente.crypto import rsa
from bifente.crypto.errors import CryptoError
from bifente.igc import storage
from bifente.igc.errors import AuthorityDamaged, WrongPassphrase

_LIKE: Final = "cv-c"
"""A key that every authority has."""

PassphraseSource = Callable[[], bytes]
"""Asks for the passphrase, once, when a private key is first needed."""


class Keyring:
    """The private keys in the folder of an authority, by the names of their files."""

    def __init__(self, directory: Path, passphrase: PassphraseSource | None = None) -> None:
        self._directory = directory
        self._ask = passphrase
        self._passphrase: bytes | None = None
        self._keys: dict[str, RSAPrivateKey] = {}

    def key(self, name: str, public_key: object) -> RSAPrivateKey:
        """The key in ``<name>.key``, which must be that of *public_key*. Raises AuthorityDamaged, WrongPassphrase, OSError."""
        key = self._keys.get(name)
        if key is None:
            path = self._directory / f"{name}.key"
            pem = storage.read_file(self._directory, f"{name}.key")
            try:
                key = self._load(path, pem)
            except CryptoError as error:
                raise AuthorityDamaged(path, str(error)) from None
            if key.public_key() != public_key:
                raise AuthorityDamaged(path, "is not the key of the certificate beside it")
            self._keys[name] = key
        return key

    def passphrase(self) -> bytes | None:
        """What new keys are to be enciphered with: None when those that are there are not. Raises as :meth:`key`."""
        like = f"{_LIKE}.key"
        if not rsa.is_encrypted_pem(storage.read_file(self._directory, like)):
            return None
        self._load(self._directory / like, storage.read_file(self._directory, like))  # it is the right one
        return self._known(self._directory / like)

    def _load(self, path: Path, pem: bytes) -> RSAPrivateKey:
        if not rsa.is_encrypted_pem(pem):
            return rsa.load_private_pem(pem, validate=False)
        passphrase = self._known(path)
        try:
            return rsa.load_private_pem(pem, validate=False, passphrase=passphrase)
        except CryptoError:
            self._passphrase = None
            raise WrongPassphrase(path) from None

    def _known(self, path: Path) -> bytes:
        if self._passphrase is None:
            if self._ask is None:
                raise WrongPassphrase(path, "needs the passphrase of the authority")
            self._passphrase = self._ask()
        return self._passphrase
