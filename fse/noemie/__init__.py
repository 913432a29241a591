"""NOEMIE PS: the files in which a caisse tells a professional what was paid, rejected and noted. It knows no sheet.

:data:`ENTITIES` declares each entity, :func:`entities_of` reads a stream entity by entity, :func:`check` says what is wrong with
it, :class:`NoemieFile` is a file as a value with :func:`write_file` and :func:`read_file`.
"""

from bifente.fse.noemie.check import check
from bifente.fse.noemie.entities import ENTITIES
from bifente.fse.noemie.errors import EntityRefused, NoemieError, NoemieRefused, NotNoemie
from bifente.fse.noemie.findings import EntityPlace, NoemieFinding, RuleBasis
from bifente.fse.noemie.layout import Entity, EntityField, EntityLayout
from bifente.fse.noemie.reading import PlacedEntity, entities_of
from bifente.fse.noemie.writing import Correspondent, FileIdentity, NoemieFile, read_file, write_file

__all__ = [
    "ENTITIES",
    "Correspondent",
    "Entity",
    "EntityField",
    "EntityLayout",
    "EntityPlace",
    "EntityRefused",
    "FileIdentity",
    "NoemieError",
    "NoemieFile",
    "NoemieFinding",
    "NoemieRefused",
    "NotNoemie",
    "PlacedEntity",
    "RuleBasis",
    "check",
    "entities_of",
    "read_file",
    "write_file",
]
