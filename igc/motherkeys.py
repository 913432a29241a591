"""The mother keys of an authority, from which the symmetric keys of each carte Vitale come. Secret, made when first needed.

They stand in one file of the authority's folder (mode 600). That of the recognition of a Vitale 1 goes on every professional's
card; that of care sheets leaves the folder for nobody: caisses that judge sheets of a Vitale 1 check by it. Two give each
Vitale 2 the keys by which a kiosk updates it. All ``synthetic``; the real keys are not public.
"""

import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from bifente.crypto.legacy.diversified import KEY_SIZE, card_key, with_parity
from bifente.documents import DocumentError, Fields, parse_json
from bifente.documents.writing import new_file, replace_file
from bifente.igc import storage
from bifente.igc.errors import AuthorityDamaged

FILE: Final = "mother-keys.json"
RECOGNITION: Final = "recognition"
SHEET: Final = "sheet"
UPDATE_ENCIPHERING: Final = "update-enciphering"
UPDATE_AUTHENTICATING: Final = "update-authenticating"
USES: Final = (RECOGNITION, SHEET, UPDATE_ENCIPHERING, UPDATE_AUTHENTICATING)

_FIRST: Final = (RECOGNITION, SHEET)
"""Those of the first form of the file."""
_FORMAT: Final = 1


class MotherKeys:
    """The mother keys by their use. They never show."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._keys = keys

    @classmethod
    def there(cls, directory: Path) -> "MotherKeys | None":
        """Those in the folder of an authority; None when it has made none. Raises AuthorityDamaged, OSError."""
        return cls.read(directory) if (directory / FILE).exists() else None

    @classmethod
    def of(cls, directory: Path) -> "MotherKeys":
        """Those in the folder of an authority, made now if need be. Raises AuthorityDamaged, OSError."""
        if not (directory / FILE).exists():
            keys = {use: with_parity(secrets.token_bytes(KEY_SIZE)) for use in USES}
            with suppress(FileExistsError):  # another process has made them meanwhile
                new_file(directory / FILE, _content(keys))
        found = cls.read(directory)
        missing = [use for use in USES if use not in found._keys]
        if missing:  # made when there were fewer uses
            found._keys |= {use: with_parity(secrets.token_bytes(KEY_SIZE)) for use in missing}
            replace_file(directory / FILE, _content(found._keys))
        return found

    @classmethod
    def read(cls, directory: Path) -> "MotherKeys":
        """Those of the file. Raises AuthorityDamaged, OSError."""
        path = directory / FILE
        try:
            facts = Fields(parse_json(storage.read_file(directory, FILE), str(path)), str(path))
            number = facts.integer("format", 1)
            if number > _FORMAT:
                newer = f"has format {number}, newer than {_FORMAT}"
                raise AuthorityDamaged(path, newer, hint="update bifente")
            given = facts.object("keys")
            keys = {use: _key(given, use) for use in USES if use in _FIRST or given.has(use)}
        except DocumentError as error:
            where = f"{error.field}: " if error.field else ""
            raise AuthorityDamaged(path, where + error.message) from None
        return cls(keys)

    def mother(self, use: str) -> bytes:
        """The 16 bytes of the mother key for that use; KeyError for another."""
        return self._keys[use]

    def of_card(self, use: str, pan: bytes) -> bytes:
        """The 16 bytes of the key of the card with that number (10 bytes)."""
        return card_key(self._keys[use], pan)

    def __repr__(self) -> str:
        return f"MotherKeys({', '.join(self._keys)})"


def _content(keys: dict[str, bytes]) -> bytes:
    shown = {use: key.hex().upper() for use, key in keys.items()}
    return json.dumps({"format": _FORMAT, "keys": shown}, indent=2).encode() + b"\n"


def _key(fields: Fields, use: str) -> bytes:
    try:
        key = bytes.fromhex(fields.text(use))
    except ValueError:
        key = b""
    if len(key) != KEY_SIZE:
        fields.refuse(f"{2 * KEY_SIZE} hexadecimal digits were expected", use)
    return key
