"""The error of the content codecs."""

from collections.abc import Iterator
from contextlib import contextmanager

from bifente.ssv.errors import SsvError


class LayoutError(ValueError):
    """Content that is not what its file or object holds. The message says what, where and what was expected."""

    kind: str = "input"


@contextmanager
def groups_as_content() -> Iterator[None]:
    """What is wrong with SSV groups is wrong with the content that they stand in: SsvError becomes LayoutError."""
    try:
        yield
    except SsvError as error:
        raise LayoutError(str(error)) from error
