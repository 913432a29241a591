"""The profiles that are shipped. No model of a profile is loaded to list them, so completion is quick."""

from importlib import resources
from importlib.resources.abc import Traversable

from bifente.applets.perso.errors import PersoError


def shipped_profiles() -> dict[str, str]:
    """The names of the shipped profiles, sorted, with the first line of each (what card it makes)."""
    found = {}
    for entry in sorted(_folder().iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".yaml"):
            first = entry.read_text(encoding="utf-8").partition("\n")[0]
            found[entry.name.removesuffix(".yaml")] = first.removeprefix("#").strip()
    return found


def shipped_text(name: str) -> str:
    """The YAML of a shipped profile. Raises PersoError."""
    if name not in shipped_profiles():
        raise PersoError(
            f"there is no shipped profile {name!r}",
            hint="bifente card profiles lists them; a file of your own ends with .yaml",
        )
    return (_folder() / f"{name}.yaml").read_text(encoding="utf-8")


def _folder() -> Traversable:
    return resources.files("bifente.applets.perso") / "profiles"
