"""The authority that a command works with; making the default one shows a bar."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bifente.cli.errors import CliError, ExitCode
from bifente.cli.progress import progress

if TYPE_CHECKING:
    from bifente.igc import Authority

PASSPHRASE_VARIABLE: Final = "BIFENTE_IGC_PASSPHRASE"  # noqa: S105 - the name of a variable


def open_authority(folder: Path | None = None) -> "Authority":
    """The authority in *folder*, which must be there; without one the default one, made when first needed."""
    from bifente.workbench import authority

    if not authority.must_be_made(folder):
        return authority.open_authority(folder, passphrase=asked_passphrase)
    with progress("RSA keys of a TEST authority") as told:
        return authority.open_authority(folder, progress=told)


def existing_authority(folder: Path | None = None) -> "Authority":
    """The authority in *folder*, or the default one, which must be there."""
    from bifente.workbench.authorities.issued import authority_there

    return authority_there(folder, asked_passphrase)


def asked_passphrase() -> bytes:
    """The passphrase of an authority: that of the environment, else asked on the terminal."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given:
        return given.encode()
    if not sys.stdin.isatty():
        raise CliError(
            "the keys of the authority are enciphered, and nobody can be asked for the passphrase",
            ExitCode.NO_PERMISSION,
            f"put it into the variable {PASSPHRASE_VARIABLE}",
        )
    return str(click.prompt("Passphrase of the authority", hide_input=True, err=True)).encode()


def new_passphrase() -> bytes:
    """A passphrase for a new authority: that of the environment, else asked twice."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given:
        return given.encode()
    if not sys.stdin.isatty():
        raise CliError(
            "nobody can be asked for a passphrase",
            ExitCode.USAGE,
            f"put it into the variable {PASSPHRASE_VARIABLE}",
        )
    asked = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    return str(asked).encode()
