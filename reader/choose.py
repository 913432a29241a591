"""Which reader or slot is meant: by its name, by a part of it that no other has, or by its number."""

from collections.abc import Sequence

from bifente.reader.errors import ReaderError


class NoSuchName(ReaderError):
    """Nothing there has that name, that part of a name or that number."""

    def __init__(self, what: str, wanted: str, names: Sequence[str]) -> None:
        if names:
            super().__init__(f"there is no {what} {wanted!r}; there {_list(names)}")
            self.hint = "give a name, a part of one that no other has, or a number"
        else:
            super().__init__(f"there is no {what} {wanted!r}, and no other either")
        self.names = tuple(names)


class AmbiguousName(ReaderError):
    """Several have that part in their names."""

    def __init__(self, what: str, wanted: str, names: Sequence[str], found: Sequence[int]) -> None:
        listed = ", ".join(f"{number + 1} {_shown(names[number])}" for number in found)
        super().__init__(f"{what} {wanted!r} may be any of: {listed}")
        self.hint = "give more of the name, or the number before it"
        self.names = tuple(names[number] for number in found)


def choose(what: str, wanted: str, names: Sequence[str]) -> int:
    """The index in *names* of the one that is meant by *wanted*; *what* is its kind, for the error.

    In this order: the whole name, the whole name in any case, the number from 1, a part of one name in any case. Names
    that stand there twice count as one. Raises NoSuchName or AmbiguousName, which list what there is.
    """
    folded = wanted.casefold()
    first = {name: number for number, name in reversed(list(enumerate(names)))}
    if wanted in first:
        return first[wanted]
    whole = [number for name, number in first.items() if name.casefold() == folded]
    if len(whole) == 1:
        return whole[0]
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 10 and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    found = whole or [number for name, number in first.items() if folded and folded in name.casefold()]
    if not found:
        raise NoSuchName(what, wanted, names)
    if len(found) > 1:
        raise AmbiguousName(what, wanted, names, sorted(found))
    return found[0]


def _list(names: Sequence[str]) -> str:
    listed = ", ".join(f"{number} {_shown(name)}" for number, name in enumerate(names, 1))
    return f"{'is' if len(names) == 1 else 'are'}: {listed}"


def _shown(name: str) -> str:
    return name or "(without a name)"
