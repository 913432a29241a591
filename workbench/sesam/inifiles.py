"""``sesam.ini`` and ``galss.ini`` for a program that looks for them: of the sections that public files have (spec/ssv.md §1)."""

from pathlib import Path

from bifente.documents import new_file
from bifente.sesam.resources import RESOURCES

SESAM_INI = "BIFENTE_SESAM_INI"
GALSS_INI = "BIFENTE_GALSS_INI"
"""The environment that says where they lie: ours, for scripts that copy them where a program expects them."""


def write_ini_files(folder: Path) -> dict[str, str]:
    """Both files in *folder*; the environment that says where. Raises OSError."""
    sesam, galss = folder / "sesam.ini", folder / "galss.ini"
    new_file(sesam, _sesam_ini(folder).encode("latin-1", "replace"))
    new_file(galss, _galss_ini().encode("ascii"))
    return {SESAM_INI: str(sesam), GALSS_INI: str(galss)}


def _sesam_ini(folder: Path) -> str:
    return (
        f"[COMMUN]\nRepertoireTravail={folder}\nRepertoireTable={folder}\n"
        "[SSV]\ntempoexclusivite=500\nrepetitionexclusivite=10\n"
        f"[SRT]\nRepertoireTable={folder}\n[STS]\nRepertoireTable={folder}\n"
        f"[MGC]\nRepertoireConfigTrace={folder}\n"
    )


def _galss_ini() -> str:
    lines = [
        "[CONFIG]",
        "NbCanaux=1",
        "[CANAL1]",
        "TCanal=1",
        "Index=1",
        "Protocole=0",
        "Caracteristiques=9600,1,8,0,0",
        "NbPAD=1",
        "[PROTOCOLE0]",
        "Config=1000,20,15000",
        "NomLib=libpssinlux.so",
        "[CANAL1.PAD1]",
        "PAD=2",
        f"NbLAD={len(RESOURCES)}",
    ]
    for number, resource in enumerate(RESOURCES, 1):
        lines += [f"[CANAL1.PAD1.LAD{number}]", f"LAD={resource.lad}", f"NomLAD={resource.name}"]
        if resource.alias:
            lines += ["NbAlias=1", f"NomAlias1={resource.alias}"]
    return "\n".join(lines) + "\n"
