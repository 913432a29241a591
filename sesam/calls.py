"""The calls of the forwarder: their numbers (as in ``native/calls.h``), names and parameters in the order of the interface.

How a parameter stands in a message, and how it is shown: a code porteur is never shown.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

from bifente.sesam.errors import WireBroken


class ParameterKind(Enum):
    """What a parameter is."""

    TEXT = "text"
    PIN = "code porteur"
    NUMBER = "number"
    LETTER = "letter"
    ZONE = "zone"
    ZONES = "zones"
    BYTES = "bytes"


class CallParameter(NamedTuple):
    """One parameter."""

    name: str
    kind: ParameterKind


Value = str | int | bytes | None
"""A parameter as it came: texts are Latin-1, a null pointer is None."""


class CallDescription(NamedTuple):
    """One call."""

    number: int
    name: str
    parameters: tuple[CallParameter, ...]

    def values(self, fields: tuple[bytes | None, ...]) -> list[Value]:
        """The parameters in *fields*. Raises WireBroken when there are more or fewer, or a number has not four bytes."""
        if len(fields) != len(self.parameters):
            raise WireBroken(f"{self.name} takes {len(self.parameters)} parameters, not {len(fields)}")
        return [
            _value(parameter.kind, field) for parameter, field in zip(self.parameters, fields, strict=True)
        ]


def _value(kind: ParameterKind, field: bytes | None) -> Value:
    if kind in (ParameterKind.NUMBER, ParameterKind.LETTER):
        if field is None or len(field) != 4:
            raise WireBroken("a number has four bytes")
        return int.from_bytes(field, "little")
    if field is None or kind in (ParameterKind.ZONE, ParameterKind.ZONES, ParameterKind.BYTES):
        return field
    return field.decode("latin-1")


_KINDS = {
    "ps": ParameterKind.TEXT,
    "reader": ParameterKind.TEXT,
    "pin": ParameterKind.PIN,
    "date": ParameterKind.TEXT,
    "session": ParameterKind.NUMBER,
    "zone": ParameterKind.ZONE,
    "zones": ParameterKind.ZONES,
    "invoice": ParameterKind.TEXT,
    "make": ParameterKind.LETTER,
    "mode": ParameterKind.LETTER,
    "situation": ParameterKind.LETTER,
    "place": ParameterKind.NUMBER,
    "room": ParameterKind.NUMBER,
    "size": ParameterKind.NUMBER,
    "seconds": ParameterKind.NUMBER,
    "group": ParameterKind.NUMBER,
    "occurrence": ParameterKind.NUMBER,
    "field": ParameterKind.NUMBER,
    "exclusivity": ParameterKind.NUMBER,
    "insurer": ParameterKind.NUMBER,
    "motive": ParameterKind.NUMBER,
    "initialised": ParameterKind.NUMBER,
    "pid": ParameterKind.NUMBER,
    "token": ParameterKind.PIN,
    "message": ParameterKind.BYTES,
    "context": ParameterKind.BYTES,
    "content": ParameterKind.BYTES,
}
"""What a parameter of that name is; of any other name it is a text."""

_CARDS = "ps reader pin"
_TABLE: Final = (
    (0, "Hello", "magic pid initialised token"),
    (1, "OuvrirSession", "application resource"),
    (2, "FermerSession", "session"),
    (3, "DebutExclusivite", "resources"),
    (4, "FinExclusivite", "exclusivity"),
    (5, "EcritContexte", "place session context"),
    (6, "LitContexte", "place session room"),
    (7, "Echange", "session seconds message room"),
    (8, "LireVersion", ""),
    (9, "DonneNombreRessources", ""),
    (10, "DonneTableRessources", ""),
    (20, "SSV_InitLIB", ""),
    (21, "SSV_InitLIB2", "sesam_ini"),
    (22, "SSV_TermLIB", ""),
    (23, "SSV_LireConfig", ""),
    (24, "SSV_LireCartePS", _CARDS),
    (25, "SSV_LireDroitsVitale", f"{_CARDS} date"),
    (26, "SSV_FormaterFactures", f"{_CARDS} make mode zone"),
    (27, "SSV_FormaterLot", f"{_CARDS} zones"),
    (28, "SSV_FormaterFichier", "zone"),
    (29, "SSV_TraduireFSE", "zone"),
    (30, "SSV_TraduireARL", "zones"),
    (31, "SSV_SecuriserFacture", f"{_CARDS} situation invoice zone"),
    (32, "SSV_LireDateLecteur", "reader"),
    (33, "SSV_MajDateLecteur", "reader date"),
    (34, "SSV_IdentifierTLA", "reader version"),
    (35, "SSV_ChargerFacturesPdT", "reader invoice zones"),
    (36, "SSV_DechargerFacturesPdT", f"{_CARDS} invoice zones"),
    (37, "SSV_DechargerFSETLA", f"{_CARDS} invoice zones"),
    (38, "SSV_DechargerBeneficiaires", f"{_CARDS} invoice zones"),
    (39, "SSV_EffacerTLA", f"{_CARDS} invoice kind"),
    (40, "SSV_ChargerAppli", "reader zones"),
    (41, "SSV_ChargerDonneesTLA", "reader zones"),
    (50, "SIS_InitLIB", ""),
    (51, "SIS_TermLIB", ""),
    (52, "SIS_LireConfig", "session"),
    (53, "SIS_LireCartePS", f"{_CARDS} session"),
    (54, "SIS_LireDroitsVitale", f"{_CARDS} date session"),
    (55, "SIS_FormaterFactures", f"{_CARDS} make mode session"),
    (56, "SIS_FormaterLot", f"{_CARDS} session"),
    (57, "SIS_FormaterFichier", "session"),
    (58, "SIS_TraduireFSE", "session"),
    (59, "SIS_TraduireARL", "session"),
    (60, "SIS_SecuriserFacture", f"{_CARDS} situation invoice session"),
    (61, "SIS_LireDateLecteur", "reader"),
    (62, "SIS_MajDateLecteur", "reader date"),
    (70, "SGD_ReserverSession", "size"),
    (71, "SGD_RedimensionnerBuffer", "session size"),
    (72, "SGD_LibererSession", "session"),
    (73, "SGD_AjouterGroupe", "session group"),
    (74, "SGD_AjouterChamp", "session content"),
    (75, "SGD_AjouterChampBin", "session content"),
    (76, "SGD_LireGroupeSuivant", "session group occurrence"),
    (77, "SGD_LireChamp", "session group occurrence field"),
    (78, "SGD_LireChampBin", "session group occurrence field"),
    (80, "SRT_RechercherParMotCle", ""),
    (81, "SRT_RechercherParFiltre", ""),
    (82, "SRT_ConsulterDonnee", ""),
    (83, "SRT_ModifierDonnee", ""),
    (84, "SRT_AnnulerModification", ""),
    (85, "SRT_ControlerDonnees", ""),
    (86, "SRT_AppliquerRegle", ""),
    (87, "SRT_ControleComplet", ""),
    (88, "SRT_SauvegarderReferentiel", ""),
    (89, "SRT_LireVersion", ""),
    (90, "STS_Tarification", ""),
    (91, "STS_Assistance", ""),
    (92, "STS_LireVersion", ""),
    (100, "Hn_Init", "ini_folder"),
    (101, "Hn_LectureVitaleDonneesIdentification", "seconds"),
    (102, "Hn_Finir", ""),
    (110, "MICA_Init", ""),
    (111, "MICA_Terminer", ""),
    (112, "MICA_LireVersion", ""),
    (113, "MICA_ControlePresenceCarteVitale", "resource"),
    (114, "MICA_SignatureVitale", "resource insurer motive"),
)


def _described(number: int, name: str, parameters: str) -> CallDescription:
    return CallDescription(
        number,
        name,
        tuple(CallParameter(one, _KINDS.get(one, ParameterKind.TEXT)) for one in parameters.split()),
    )


CALLS: Final[Mapping[int, CallDescription]] = MappingProxyType(
    {number: _described(number, name, parameters) for number, name, parameters in _TABLE}
)
"""Number → call."""

HELLO: Final = 0
MAGIC: Final = "BFS1"
