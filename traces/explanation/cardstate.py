"""What is known of a card from what has been said to it so far."""

from dataclasses import dataclass, field

from bifente.layouts.names import layout_for_atr, short_name
from bifente.layouts.nodes import DF, EF, Layout


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer that waits for GET RESPONSE: of which command, and how it was put in words (empty when nobody did)."""

    command: bytes
    words: str


@dataclass(slots=True)
class CardState:
    """The state of one card, as far as a listener can know it. Changed by the follower only.

    ``directory`` and ``file`` are nodes of ``layout`` when the card is one of those described; else the identifiers
    alone are known.
    """

    layout: Layout | None = None
    directory: DF | None = None
    aid: bytes | None = None
    file: EF | None = None
    fid: int | None = None
    verified: set[int] = field(default_factory=set)
    recognised: bool = False
    environment: dict[tuple[int, int], dict[int, bytes]] = field(default_factory=dict)
    """By template tag and side (40 computing, 80 verifying): algorithm and keys, by tag."""
    waiting: Waiting | None = None
    chained: int = 0
    """Bytes of a command that has come in blocks so far."""

    @classmethod
    def after_reset(cls, atr: bytes) -> "CardState":
        """The card has just answered that ATR: its MF is selected, nothing is proven."""
        layout = layout_for_atr(atr)
        return cls(layout, None if layout is None else layout.mf, None if layout is None else layout.mf.aid)

    def copy(self) -> "CardState":
        """The same state, to go its own way."""
        return CardState(
            self.layout,
            self.directory,
            self.aid,
            self.file,
            self.fid,
            set(self.verified),
            self.recognised,
            {place: dict(values) for place, values in self.environment.items()},
            self.waiting,
            self.chained,
        )

    @property
    def directory_name(self) -> str | None:
        """The name of the current directory, or its AID."""
        if self.directory is not None:
            return short_name(self.directory)
        return None if self.aid is None else self.aid.hex().upper()

    @property
    def file_name(self) -> str | None:
        """The name of the current EF, or its identifier."""
        if self.file is not None:
            return self.file.name
        return None if self.fid is None else f"{self.fid:04X}"

    def enter(self, directory: DF | None, aid: bytes | None = None) -> None:
        """A directory was selected. What was proven stays, the rest goes."""
        self.directory = directory
        self.aid = aid if directory is None else directory.aid
        self.file, self.fid = None, None
        self.environment = {}

    def select(self, file: EF | None, fid: int | None) -> None:
        """An EF was selected."""
        self.file = file
        self.fid = fid if file is None else file.fid

    def key(self, template: int, side: int) -> int | None:
        """The key that a template names: 84 private or 83 public, when it is one byte."""
        values = self.environment.get((template, side), {})
        reference = values.get(0x84) or values.get(0x83)
        return reference[0] if reference is not None and len(reference) == 1 else None
