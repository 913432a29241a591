"""The official virtual card contents that are known, by their digests.

The format holds neither length nor check sum (see :mod:`bifente.layouts.ssv`): of a file that ends between two later groups,
only who knows the whole one can say that it is cut. ``official-contents.txt`` holds, for each content that was published
as a file, a line

    name, size in bytes, SHA-256 of the file, first eight bytes of the SHA-256 of each beginning that is itself a card

and nothing of what the files say. Source: the 106 test cards of the GIE SESAM-Vitale and the CNDA as MedinTux
redistributes them (``spec/fse.md`` §3.3).
"""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources

from bifente.layouts import ssv
from bifente.layouts.errors import SsvError

_SHORT = 8


@dataclass(frozen=True, slots=True)
class OfficialContent:
    """One published file: its name without ``.in``, its size in bytes, its SHA-256, and those of its beginnings."""

    name: str
    size: int
    digest: bytes
    beginnings: tuple[bytes, ...]

    def line(self) -> str:
        """As it stands in the list."""
        return " ".join(
            (self.name, str(self.size), *(part.hex() for part in (self.digest, *self.beginnings)))
        )


@cache
def official_contents() -> tuple[OfficialContent, ...]:
    """All that are known, in the order of their names."""
    text = (resources.files("bifente.applets.perso") / "official-contents.txt").read_text(encoding="ascii")
    known = []
    for line in text.splitlines():
        name, size, digest, *beginnings = line.split()
        known.append(
            OfficialContent(name, int(size), bytes.fromhex(digest), tuple(map(bytes.fromhex, beginnings)))
        )
    return tuple(known)


def official(data: bytes) -> OfficialContent | None:
    """The official content that *data* is, whole and unchanged; None for any other."""
    digest = sha256(data).digest()
    return next((known for known in official_contents() if known.digest == digest), None)


def begun(data: bytes) -> tuple[OfficialContent, ...]:
    """The official contents that go on after *data*; empty when it is whole, changed or none."""
    short = sha256(data).digest()[:_SHORT]
    return tuple(known for known in official_contents() if short in known.beginnings)


def describe(name: str, data: bytes) -> OfficialContent:
    """What the list says of the content *data* called *name*. Raises SsvError when it is none."""
    groups = ssv.decode_card(data)
    beginnings = []
    for count in range(1, len(groups)):
        beginning = ssv.encode(groups[:count])
        try:
            ssv.decode_card(beginning)
        except SsvError:
            continue
        beginnings.append(sha256(beginning).digest()[:_SHORT])
    return OfficialContent(name, len(data), sha256(data).digest(), tuple(beginnings))
