"""Chaining numbers of lists of people, pass by pass, with keys in files."""

import secrets
from collections.abc import Iterator
from pathlib import Path

from bifente.workbench.errors import WorkbenchError


def make_key(path: Path, *, replace: bool = False) -> None:
    """A new key in hexadecimal digits, in a file of its owner only. Raises OSError, FileExistsError without *replace*."""
    from bifente.documents import new_file
    from bifente.fse.chaining import KEY_SIZE

    new_file(path, secrets.token_hex(KEY_SIZE).encode("ascii") + b"\n", replace=replace)


def read_key(path: Path) -> bytes:
    """The key in a file. Raises WorkbenchError, DocumentError."""
    from bifente.documents import read_text
    from bifente.fse.chaining import KEY_SIZE

    text = read_text(path, 4 * KEY_SIZE).strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_SIZE:
        raise WorkbenchError(
            f"{path}: {2 * KEY_SIZE} hexadecimal digits of a key expected", "input.chaining-key"
        )
    return key


def passed(lines: Iterator[tuple[int, str]], key: bytes, *, second: bool) -> Iterator[str]:
    """The result of one pass for each numbered line. Raises WorkbenchError naming the line."""
    from bifente.fse.chaining import ChainingError, ChainingIdentity, first_pass, second_pass

    for number, line in lines:
        try:
            yield (
                second_pass(line.strip(), key) if second else first_pass(ChainingIdentity.parse(line), key)
            )
        except ChainingError as error:
            raise WorkbenchError(f"line {number}: {error}", error.kind) from error
