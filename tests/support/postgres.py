"""A PostgreSQL server for tests: Debian's, in a folder of its own, on a socket in it and on no network.

PostgreSQL refuses to run as root: then it runs as the user that Debian's package has made.
"""

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
STARTING = 60


def program(name: str) -> str | None:
    """A program of the server, which stands on no path in Debian."""
    found = (str(folder / name) for folder in FOLDERS if (folder / name).is_file())
    return next(found, None) or shutil.which(name)


def _user() -> str | None:
    """As whom the server runs: None for the user of the test."""
    if os.getuid() != 0:
        return None
    return next(
        (name for name in ("postgres", "nobody") if name in {one.pw_name for one in pwd.getpwall()}), None
    )


@contextmanager
def served() -> Iterator[str]:
    """The address (a URL of SQLAlchemy) of an empty database on a server that ends with the block."""
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="bf-pg-"))  # short: a socket's path has 108 bytes
    data = folder / "data"
    if user is not None:
        shutil.chown(folder, user)
    owner = user or getpass.getuser()

    def run(*command: str) -> None:
        done = subprocess.run(
            command, user=user, cwd=folder, capture_output=True, text=True, timeout=STARTING, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

    control, made = program("pg_ctl"), program("initdb")
    assert control is not None
    assert made is not None
    try:
        run(made, "-D", str(data), "-A", "trust", "-U", owner, "--no-sync", "--locale=C", "-E", "UTF8")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run(
            control,
            "-D",
            str(data),
            "-w",
            "-t",
            str(STARTING),
            "-l",
            str(folder / "log"),
            "-o",
            options,
            "start",
        )
        try:
            yield f"postgresql://{owner}@/postgres?host={folder}"
        finally:
            run(control, "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
