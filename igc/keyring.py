"""The private keys of an authority: read from its folder when they are first used, enciphered there if it has a passphrase."""

from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bifente.crypto import rsa
from bifente.crypto.errors import CryptoError
from bifente.igc import storage
from bifente.igc.errors import AuthorityDamaged, WrongPassphrase

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

    def pem(self, key: RSAPrivateKey, *, like: str) -> bytes:
        """A new key as its file holds it: enciphered when the key ``<like>.key`` is. Raises as :meth:`key`."""
        if not rsa.is_encrypted_pem(storage.read_file(self._directory, f"{like}.key")):
            return rsa.private_pem(key)
        return rsa.private_pem(key, self._known(self._directory / f"{like}.key"))

    def is_encrypted(self, name: str) -> bool:
        """Whether the key in ``<name>.key`` needs the passphrase. Raises AuthorityDamaged, OSError."""
        return rsa.is_encrypted_pem(storage.read_file(self._directory, f"{name}.key"))

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
