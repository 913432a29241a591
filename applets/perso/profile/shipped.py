"""The profiles that are shipped. No model of a profile is loaded to list them, so completion is quick."""

from difflib import get_close_matches
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from bifente.applets.perso.errors import UnknownProfile


def shipped_profiles() -> dict[str, str]:
    """The names of the shipped profiles, sorted, with the first line of each (what card it makes)."""
    found = {}
    for entry in sorted(_folder().iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".yaml"):
            first = entry.read_text(encoding="utf-8").partition("\n")[0]
            found[entry.name.removesuffix(".yaml")] = first.removeprefix("#").strip()
    return found


def shipped_text(name: str) -> str:
    """The YAML of a shipped profile. Raises UnknownProfile."""
    names = shipped_profiles()
    if name not in names:
        close = get_close_matches(name, names, 1)
        hint = "a file of your own ends with .yaml"
        if Path(name).exists():  # it was meant, and its name is that of a shipped profile
            hint = f"to read what stands here: ./{name}"
        elif close:
            hint = f"did you mean {close[0]}?"
        raise UnknownProfile(name, hint=hint)
    return (_folder() / f"{name}.yaml").read_text(encoding="utf-8")


def _folder() -> Traversable:
    return resources.files("bifente.applets.perso") / "profiles"
