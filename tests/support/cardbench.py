"""A folder with cards that the commands work on, and what they say."""

import os
from datetime import date
from pathlib import Path

from keypool import KeySource

from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import create_card_file
from bifente.igc import Authority

TODAY = date.today()


class Bench:
    """A folder with a blank in its name, an authority that may be written, and quick keys."""

    def __init__(self, folder: Path, authority: Authority, source: KeySource) -> None:
        self.folder = folder
        self.authority = authority
        self.source = source

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def card(self, profile: str, name: str | None = None) -> str:
        """A card file of a shipped profile."""
        path = self.folder / (name or f"{profile}.card")
        create_card_file(
            path, personalise(read_profile(profile), self.authority, keys=self.source, today=TODAY)
        )
        return str(path)

    def names(self) -> set[str]:
        return set(os.listdir(self.folder))

    @property
    def igc(self) -> str:
        return str(self.authority.directory)


def said(capsys) -> tuple[list[str], list[str]]:
    shown = capsys.readouterr()
    return shown.out.splitlines(), shown.err.splitlines()
