"""How a PIN or PUK reaches a command: a file, the environment, an option, or a hidden prompt.

The value never appears in an error, a log or a ``repr``.
"""

import functools
import getpass
import os
import stat
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import cast

import click
from click.core import ParameterSource

from bifente.cli.errors import CliError, ExitCode, quoted
from bifente.cli.options import PATH
from bifente.cli.visible import say
from bifente.documents import DocumentTooLong, read_bytes
from bifente.slotted import dataclass, field

MIN_DIGITS, MAX_DIGITS = 4, 8
"""The lengths of a stored PIN (the PUK has eight digits)."""
_LONGEST_LINE = 64


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a secret may come from; :meth:`read` takes it from the first that is there.

    ``name`` is the word for people ("PIN", "new PIN", "PUK"). In the order of precedence: ``value`` (the option or
    the environment), ``path`` (the file of the option), a prompt when a terminal is there.
    """

    name: str
    value: str | None = field(default=None, repr=False)
    path: Path | None = None
    digits: tuple[int, int] = (MIN_DIGITS, MAX_DIGITS)
    confirm: bool = False

    def read(self) -> bytes:
        """The digits in ASCII. Raises CliError (bad digits, unreadable file, both ways at once) and click.Abort."""
        if self.value is not None and self.path is not None:
            option = self._option
            raise CliError(f"the {self.name} is given twice", hint=f"either --{option} or --{option}-file")
        if self.value is not None:
            return self._checked(self.value)
        if self.path is not None:
            return self._checked(self._from_file(self.path))
        return self._checked(self._asked())

    def _asked(self) -> str:
        with warnings.catch_warnings():
            # Without a terminal the digits would be read from a pipe, and shown by whatever stands behind it.
            warnings.simplefilter("error", getpass.GetPassWarning)
            try:
                text: str = click.prompt(self.name, hide_input=True, err=True)
                if self.confirm and text != click.prompt(f"{self.name}, again", hide_input=True, err=True):
                    raise CliError(
                        f"the two entries of the {self.name} differ", hint="nothing has changed: begin again"
                    )
            except getpass.GetPassWarning:
                option = self._option
                raise CliError(
                    f"there is no terminal to ask for the {self.name}",
                    ExitCode.USAGE,
                    hint=f"give it by --{option}, --{option}-file or BIFENTE_{option.replace('-', '_').upper()}",
                ) from None
            except UnicodeDecodeError:
                raise self._no_digits() from None
        return text

    @property
    def _option(self) -> str:
        return self.name.lower().replace(" ", "-")

    def _from_file(self, path: Path) -> str:
        def inspect(status: os.stat_result) -> None:
            mode = stat.S_IMODE(status.st_mode)
            if os.name == "posix" and stat.S_ISREG(status.st_mode) and mode & 0o077:
                say(f"warning: others may read {path} (mode {mode:04o}); chmod 600 {quoted(path)}", err=True)

        try:
            content = read_bytes(path, _LONGEST_LINE, inspect=inspect)
        except DocumentTooLong:
            raise CliError(f"{path} does not hold a {self.name}: it has more than one short line") from None
        # Not decoded as UTF-8: what a wrong file holds must not reach an error message.
        return content.decode("latin-1").rstrip("\r\n")

    def _checked(self, text: str) -> bytes:
        least, most = self.digits
        if not (text.isascii() and text.isdigit() and least <= len(text) <= most):
            raise self._no_digits()
        return text.encode("ascii")

    def _no_digits(self) -> CliError:
        least, most = self.digits
        count = f"{least}" if least == most else f"{least} to {most}"
        return CliError(f"a {self.name} has {count} digits and nothing else")


def pin_options(
    name: str = "PIN",
    parameter: str = "pin",
    *,
    digits: tuple[int, int] = (MIN_DIGITS, MAX_DIGITS),
    confirm: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options ``--<parameter>`` and ``--<parameter>-file`` and the variable BIFENTE_<PARAMETER>.

    The command receives ``<parameter>: SecretSource``; nothing is read or asked before it calls ``read``.
    """
    flag = parameter.replace("_", "-")
    variable = f"BIFENTE_{parameter.upper()}"

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def command(*arguments: object, **options: object) -> None:
            value = cast("str | None", options.pop(parameter))
            path = cast("Path | None", options.pop(f"{parameter}_file"))
            source = click.get_current_context().get_parameter_source(parameter)
            if path is not None and source is ParameterSource.ENVIRONMENT:
                value = None  # an option is nearer than the environment
            options[parameter] = SecretSource(name, value, path, digits, confirm)
            function(*arguments, **options)

        in_file = click.option(
            f"--{flag}-file",
            type=PATH,
            metavar="FILE",
            help=f"Read the {name} from FILE (mode 600).",
        )
        by_value = click.option(
            f"--{flag}",
            metavar="DIGITS",
            envvar=variable,
            help=f"The {name}; others may see it in the list of processes. Also: {variable}, else a prompt.",
        )
        return by_value(in_file(command))

    return decorate
