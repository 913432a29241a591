"""What ``LireConfig`` answers: groups 60 to 64, and the settings of ``sesam.ini``.

The fields are public (spec/ssv.md §4), their values are not: all of them are ours (``synthetic``) unless a file gives others.
Such a file has a section for each group and the fields by their numbers::

    [61]
    1 = INGENICO
    3 = 0123456789

``[64]`` has as many components as it has fields, by threes.
"""

import configparser
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bifente import __version__
from bifente.documents import DocumentError, read_text
from bifente.sesam.errors import SesamError
from bifente.sesam.zones import ZoneGroup, encode_zone
from bifente.slotted import dataclass

LONGEST_INI: Final = 65536
FIELDS: Final[Mapping[int, tuple[str, ...]]] = {
    60: ("version SSV", "version GALSS", "version PSS"),
    61: (
        "constructeur",
        "type de lecteur",
        "numéro de série",
        "système d'exploitation",
        "nombre de logiciels",
        "nom du logiciel",
        "version du logiciel",
        "date et heure",
        "checksum",
    ),
    62: (
        "version de la bibliothèque",
        "libellé des tables",
        "version des tables",
        "nombre de fichiers",
        "régime",
        "version RUF",
    ),
    63: ("bibliothèque", "serveur", "client", "galss.ini"),
    64: ("identifiant", "libellé", "version"),
}
"""Group → its fields."""

DATE_FIELD: Final = (61, 8)
"""The clock of the reader stands here, whatever a file says."""

_VALUES: Final[Mapping[int, tuple[str, ...]]] = {
    60: ("0403", "0310", "0100"),
    61: ("BIFENTE", "BI-FENTE SYNTHETIQUE", "00000001", "0100", "1", "SYNTHETIQUE", "0100", "", "0000"),
    62: ("0403", "TABLES SYNTHETIQUES", "0000", "0", "00", "0000"),
    63: ("0310", "0310", "0310", "0310"),
    64: ("1", f"BIFENTE {__version__} SYNTHETIQUE", "0100"),
}


@dataclass(frozen=True, slots=True)
class SesamConfiguration:
    """The groups, and how long a call waits for cards that another application holds."""

    groups: tuple[ZoneGroup, ...]
    pause: float = 0.5
    """``tempoexclusivite``: seconds between two attempts."""
    attempts: int = 10
    """``repetitionexclusivite``."""

    @property
    def wait(self) -> float:
        """Seconds that a call waits in all."""
        return self.pause * self.attempts

    def zone(self, moment: str) -> bytes:
        """The zone of LireConfig; *moment* is the reader's AAAAMMJJHHMM."""
        identifier, field = DATE_FIELD
        return encode_zone(
            ZoneGroup(group.id, (*group.fields[: field - 1], moment.encode(), *group.fields[field:]))
            if group.id == identifier
            else group
            for group in self.groups
        )


def configuration(values: Path | None = None, sesam_ini: Path | None = None) -> SesamConfiguration:
    """Our own values with those of the file *values* in their places; the waits of *sesam_ini*. Raises SesamError."""
    fields = {identifier: list(own) for identifier, own in _VALUES.items()}
    if values is not None:
        _read_values(values, fields)
    groups = []
    for identifier, texts in fields.items():
        count = len(FIELDS[identifier])
        groups += [
            ZoneGroup(identifier, tuple(_latin(text) for text in texts[at : at + count]))
            for at in range(0, len(texts), count)
        ]
    if sesam_ini is None:
        return SesamConfiguration(tuple(groups))
    ini = _read_ini(sesam_ini)
    return SesamConfiguration(
        tuple(groups),
        _whole(ini, sesam_ini, "tempoexclusivite", 500, 60000) / 1000,
        _whole(ini, sesam_ini, "repetitionexclusivite", 10, 1000),
    )


def _read_values(path: Path, fields: dict[int, list[str]]) -> None:
    ini = _read_ini(path)
    for section in ini.sections():
        if not section.isdecimal() or int(section) not in fields:
            known = ", ".join(map(str, fields))
            raise SesamError(
                f"{path}: [{section[:20]}] is not a group of the configuration: there are {known}"
            )
        identifier = int(section)
        given = fields[identifier]
        for key, text in ini[section].items():
            if not re.fullmatch("[1-9][0-9]{0,2}", key) or (identifier != 64 and int(key) > len(given)):
                raise SesamError(
                    f"{path}: [{section}] has fields 1 to {len(FIELDS[identifier])}, not {key[:20]}"
                )
            given += [""] * (int(key) - len(given))
            given[int(key) - 1] = text
        given += [""] * (-len(given) % len(FIELDS[identifier]))


def _latin(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise SesamError(f"{text[:40]!r}: a field is Latin-1") from None


def _read_ini(path: Path) -> configparser.ConfigParser:
    ini = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        ini.read_string(read_text(path, LONGEST_INI))
    except (configparser.Error, DocumentError) as error:
        raise SesamError(f"{path}: not an ini file: {str(error).splitlines()[0]}") from error
    return ini


def _whole(ini: configparser.ConfigParser, path: Path, name: str, default: int, most: int) -> int:
    text = ini.get("SSV", name, fallback=str(default)).strip()
    if not text.isdecimal() or int(text) > most:
        raise SesamError(f"{path}: [SSV] {name} is a number from 0 to {most}, not {text[:20]!r}")
    return int(text)
