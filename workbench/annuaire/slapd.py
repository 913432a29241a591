"""The annuaire over LDAP: Debian's slapd, configured here, started without root on loopback, and stopped again.

Its databases are made for one run in a folder that is removed at the end; nobody can write into them.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final

from bifente.documents.writing import create
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.igc.annuaire.ldapform import DirectoryTree

HOST: Final = "127.0.0.1"
LIMIT: Final = 10
"""Answers to a search, as the real directory had it."""

_PLACES: Final = "/usr/sbin:/usr/local/sbin:/sbin:/usr/lib/openldap:/usr/libexec"
_SCHEMAS: Final = ("/etc/ldap/schema", "/etc/openldap/schema", "/usr/local/etc/openldap/schema")
_MODULES: Final = ("/usr/lib/ldap", "/usr/lib64/openldap", "/usr/lib/openldap")
_STARTS_WITHIN: Final = 30.0
_LOADS_WITHIN: Final = 600.0
_ENDS_WITHIN: Final = 10.0
_LEAST_SIZE: Final = 256 << 20
_SIZE_OF_ENTRY: Final = 32 << 10


class SlapdMissing(WorkbenchError):
    """slapd is not installed, or not whole."""

    kind = "unavailable.slapd"


@dataclass(frozen=True, slots=True)
class ServedDirectory:
    """A directory that answers: where, below which bases, how many entries it has."""

    url: str
    bases: Sequence[str]
    entries: int


def tree_of(annuaire: Path | None = None, *, base: str | None = None) -> "DirectoryTree":
    """Everything in the annuaire for which certificates are published, and the authorities. Raises AnnuaireError, OSError."""
    from bifente.igc.annuaire import EntryKind
    from bifente.igc.annuaire.ldapform import BASE, DirectoryTree
    from bifente.workbench.annuaire.files import open_annuaire

    tree = DirectoryTree(_checked(base) if base else BASE)
    with open_annuaire(annuaire) as opened:
        for name in opened.with_certificates(EntryKind.SERVER):
            tree.add_server(opened.server(name))
        for identifier in opened.with_certificates(EntryKind.PROFESSIONAL):
            tree.add_professional(opened.professional(identifier))
        for authority in opened.authorities():
            tree.add_authority(authority)
    return tree


def write_ldif(
    path: Path, annuaire: Path | None = None, *, base: str | None = None, replace: bool = False
) -> int:
    """Write all entries as one LDIF file; how many. Raises AnnuaireError, OSError."""
    from bifente.documents import writing

    tree = tree_of(annuaire, base=base)
    with writing(path, replace=replace) as stream:
        for suffix in tree.suffixes:
            stream.writelines(tree.ldif(suffix))
    return len(tree)


@contextmanager
def running_slapd(
    annuaire: Path | None = None, port: int = 0, *, base: str | None = None, limit: int = LIMIT
) -> Iterator[tuple[ServedDirectory, "subprocess.Popen[bytes]"]]:
    """A directory on loopback, until the block ends; *port* 0 is any that is free. *limit* 0: no limit.

    Raises SlapdMissing, WorkbenchError, AnnuaireError, OSError.
    """
    slapd = _program("slapd")
    _check_port(port)
    tree = tree_of(annuaire, base=base)
    with tempfile.TemporaryDirectory(prefix="bifente-ldap-") as name:
        folder = Path(name)
        configuration = folder / "slapd.conf"
        _write(configuration, _configuration(folder, tree.suffixes, len(tree), limit).encode())
        for number in range(len(tree.suffixes)):
            (folder / f"db{number}").mkdir(mode=0o700)
        for number, suffix in enumerate(tree.suffixes):
            ldif = folder / f"{number}.ldif"
            _write(ldif, b"".join(tree.ldif(suffix)))
            _load(slapd, configuration, suffix, ldif)
        chosen = port or _free_port()
        url = f"ldap://{HOST}:{chosen}"
        errors = folder / "errors"
        with create(errors) as log:
            # a session of its own: Ctrl-C is ours to pass on
            process = subprocess.Popen(
                [slapd, "-d", "0", "-h", url, "-f", configuration],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            _wait_for(process, chosen, errors)
            yield ServedDirectory(url, tuple(tree.suffixes), len(tree)), process
        finally:
            _end(process)


def serve_directory(
    annuaire: Path | None,
    port: int,
    *,
    base: str | None = None,
    limit: int = LIMIT,
    ready: Callable[[ServedDirectory], None],
) -> None:
    """Serve the directory until a signal ends it; *ready* is told where it is. Raises as :func:`running_slapd`."""
    with running_slapd(annuaire, port, base=base, limit=limit) as (served, process):
        ready(served)
        status = process.wait()
        raise WorkbenchError(f"slapd has ended by itself, with {status}", "unavailable.slapd-ended")


def _configuration(folder: Path, suffixes: Sequence[str], entries: int, limit: int) -> str:
    schemas = next((Path(one) for one in _SCHEMAS if (Path(one) / "core.schema").is_file()), None)
    if schemas is None:
        raise SlapdMissing("the schemas of slapd are not there", hint="install the package slapd again")
    modules = next((one for one in _MODULES if (Path(one) / "back_mdb.so").is_file()), None)
    lines = [
        *(f"include {schemas}/{name}.schema" for name in ("core", "cosine", "inetorgperson")),
        *([f"modulepath {modules}", "moduleload back_mdb"] if modules else []),
        f'pidfile "{folder}/pid"',
        f'argsfile "{folder}/args"',
        f"sizelimit {limit or 'unlimited'}",
        "idletimeout 300",
        "threads 4",
        "access to * by * read",
    ]
    size = max(_LEAST_SIZE, entries * _SIZE_OF_ENTRY)
    for number, suffix in enumerate(suffixes):
        lines += [
            "database mdb",
            f'suffix "{_quoted(suffix)}"',
            f'directory "{folder}/db{number}"',
            f"maxsize {size}",
            "index objectClass eq",
            "index cn,sn,mail,uid eq,sub",
        ]
    return "\n".join(lines) + "\n"


def _load(slapd: str, configuration: Path, suffix: str, ldif: Path) -> None:
    """Fill a database; slapd itself is the program that does so, by the name it is called."""
    done = subprocess.run(
        [slapd, "-T", "add", "-q", "-f", configuration, "-b", suffix, "-l", ldif],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_LOADS_WITHIN,
        check=False,
    )
    if done.returncode:
        raise WorkbenchError(f"slapd did not take the entries below {suffix}: {_last(done.stderr)}")


def _wait_for(process: "subprocess.Popen[bytes]", port: int, errors: Path) -> None:
    deadline = monotonic() + _STARTS_WITHIN
    while process.poll() is None and monotonic() < deadline:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        sleep(0.02)
    from bifente.documents import read_bytes

    why = _last(read_bytes(errors, 1 << 16)) or "it does not answer"
    raise WorkbenchError(f"slapd did not start: {why}", "unavailable.slapd-ended")


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{_PLACES}")
    if found is None:
        raise SlapdMissing(f"{name} is not installed", hint="on Debian: apt install slapd")
    return found


def _check_port(port: int) -> None:
    if not port:
        return
    try:
        socket.create_server((HOST, port)).close()
    except PermissionError:
        raise WorkbenchError(
            f"port {port} is for root only", "no-permission", hint="choose one above 1023"
        ) from None
    except OSError:
        raise WorkbenchError(
            f"port {port} is taken by another program",
            "usage.port-taken",
            hint="choose another, or 0: any that is free",
        ) from None


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _checked(base: str) -> str:
    """A base as slapd takes it: naming attributes and plain values."""
    parts = [one.strip() for one in base.split(",")]
    for one in parts:
        kind, _, value = one.partition("=")
        if (
            kind.casefold() not in ("o", "ou", "c")
            or not value
            or not value.isprintable()
            or set(value) & set('"\\+<>;#')
        ):
            raise WorkbenchError(
                f"not a base of a directory: {base!r}", hint="o=gip-cps-test,c=fr, for example"
            )
    return ",".join(parts)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _write(path: Path, content: bytes) -> None:
    with create(path) as stream:
        stream.write(content)


def _last(output: bytes) -> str:
    """What a program said last."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    told = [line for line in lines if "error" in line.casefold() or "slapd" in line.casefold()] or lines
    return told[-1][:200] if told else ""
