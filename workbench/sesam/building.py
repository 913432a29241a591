"""Building the libraries from the forwarder's source, with the system's compiler, under all the names that software asks for."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from bifente import __version__
from bifente.workbench.errors import WorkbenchError

LIBRARIES: Final = ("galcl", "galin", "ssv", "sgd", "srt", "sts", "hn", "mica")
"""What the forwarder is built as; each is a macro of its source."""

NAMES: Final[dict[str, tuple[str, ...]]] = {
    "galcl": ("libgalcllux{}.so",),
    "galin": ("libgalinlux{}.so",),
    "ssv": ("libssvlux{}.so",),
    "sgd": ("libsgdlux{}.so",),
    "srt": ("libsrtlux{}.so",),
    "sts": ("libstslux{}.so",),
    "hn": ("libapi_lec{}.so",),
    "mica": ("libmica{}.so",),
}
"""Library → its names on Linux, ``{}`` for 64 in the names of 64-bit libraries (spec/ssv.md §1)."""

WINDOWS_NAMES: Final[dict[str, str]] = {
    "galcl": "galclw{}.dll",
    "galin": "galinw{}.dll",
    "ssv": "ssvw{}.dll",
    "sgd": "sgdw{}.dll",
    "srt": "srtw{}.dll",
    "sts": "stsw{}.dll",
    "hn": "api_lec{}.dll",
    "mica": "mica{}.dll",
}

WARNINGS: Final = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror")
_SECONDS: Final = 120
_CROSS: Final = {32: "i686-w64-mingw32-gcc", 64: "x86_64-w64-mingw32-gcc"}


@dataclass(frozen=True, slots=True)
class BuiltLibraries:
    """Where the libraries lie, and what was made there."""

    folder: Path
    made: tuple[str, ...]
    fresh: bool
    """They were built now, not found."""


def native_folder() -> Path:
    """The folder of the forwarder's source, with the header for C programs."""
    return Path(str(files("bifente.sesam") / "native"))


def default_libraries(bits: int = 64, *, windows: bool = False) -> Path:
    """Where libraries of this release and source are kept for this user."""
    from platformdirs import user_cache_path

    digest = hashlib.sha256(__version__.encode())
    for source in sorted(native_folder().iterdir()):
        if source.suffix in (".c", ".h", ".def"):
            digest.update(source.read_bytes())
    return (
        user_cache_path("bifente")
        / "sesam"
        / f"{'windows' if windows else 'linux'}{bits}-{digest.hexdigest()[:16]}"
    )


def compiler(bits: int = 64, *, windows: bool = False) -> list[str]:
    """The compiler with its options for that target: ``$CC``, cc, gcc or clang. Raises WorkbenchError without one."""
    if windows:
        found = shutil.which(_CROSS[bits])
        if found is None:
            raise WorkbenchError(
                f"there is no compiler for Windows ({_CROSS[bits]})",
                "unavailable",
                hint="Debian has it in gcc-mingw-w64",
            )
        return [found]
    wanted = os.environ.get("CC", "").split() or next(
        ([name] for name in ("cc", "gcc", "clang") if shutil.which(name)), []
    )
    path = shutil.which(wanted[0]) if wanted else None
    if path is None:
        raise WorkbenchError(
            f"there is no C compiler{f' {wanted[0]}' if wanted else ''}: the libraries are built with the system's",
            "unavailable",
            hint="Debian: apt install gcc libc6-dev; or name one in CC",
        )
    return [path, *wanted[1:], f"-m{bits}"]


def build(
    folder: Path | None = None,
    *,
    bits: int = 64,
    windows: bool = False,
    only: Sequence[str] = LIBRARIES,
    force: bool = False,
) -> BuiltLibraries:
    """Build the libraries in *folder*, by default where this user's are kept; what is there already is left.

    *only* names some of :data:`LIBRARIES`. Raises WorkbenchError.
    """
    target = folder or default_libraries(bits, windows=windows)
    names = [name for library in only for name in _names(library, bits, windows=windows)]
    if folder is None and not force and all((target / name).exists() for name in names):
        return BuiltLibraries(target, tuple(names), fresh=False)
    command = compiler(bits, windows=windows)
    from bifente.documents import make_folder

    make_folder(target)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=target) as draft:
        for library in only:
            first, *others = _names(library, bits, windows=windows)
            _compile(command, library, Path(draft) / first, bits, windows=windows)
            os.replace(Path(draft) / first, target / first)
            for other in others:
                link = Path(draft) / other
                link.symlink_to(first)
                os.replace(link, target / other)
    return BuiltLibraries(target, tuple(names), fresh=True)


def _names(library: str, bits: int, *, windows: bool) -> list[str]:
    """The file of the library first, then the names that lead to it."""
    if windows:
        return [WINDOWS_NAMES[library].format(bits)]
    suffixes = ("64", "") if bits == 64 else ("",)
    return [name.format(suffix) for suffix in suffixes for name in NAMES[library]]


def _compile(command: Sequence[str], library: str, output: Path, bits: int, *, windows: bool) -> None:
    source = native_folder()
    arguments = [*command, *WARNINGS, f"-DSESAM_LIB_{library.upper()}"]
    if windows:
        arguments += ["-shared", "-static-libgcc", str(source / "forwarder.c")]
        definition = source / f"{library}.def"
        if bits == 32 and definition.exists():
            arguments.append(str(definition))
        arguments.append("-lws2_32")
    else:
        arguments += ["-fPIC", "-shared", "-fvisibility=hidden", "-pthread", str(source / "forwarder.c")]
    try:
        done = subprocess.run(
            [*arguments, "-o", str(output)],
            check=False,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            errors="replace",
        )
    except OSError as error:
        raise WorkbenchError(f"{command[0]}: {error.strerror or error}", "unavailable") from None
    except subprocess.TimeoutExpired:
        raise WorkbenchError(f"{command[0]} takes longer than {_SECONDS} s", "unavailable") from None
    if done.returncode != 0:
        said = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip()[:200])
        hint = (
            "32 bits want the 32-bit C library: Debian has it in gcc-multilib"
            if bits == 32 and not windows
            else ""
        )
        raise WorkbenchError(f"the compiler refuses {library}: {said}", "unavailable", hint=hint)
