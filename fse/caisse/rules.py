"""The file of rules by which a caisse misbehaves: what a publisher tests software against.

.. code-block:: yaml

    seed: 7                                   # for the probabilities; 0 when left out
    rules:
      - {professional: "991000019", nth: 3, do: lose}      # the third ARL for this professional never leaves
      - {probability: 0.1, times: 5, do: delay, hours: 60}
      - {lot: [7, 8], do: duplicate, copies: 2}
      - {organisme: "01349", do: alter}                    # one byte of the signed ARL is changed
      - {lot: 9, do: refuse, code: L13}                    # an ARL− with this code
      - {invoice: 12, do: reject, code: "0250050"}         # taken in charge, and rejected in the RSP
      - {do: close, from: "2026-12-01 08:00", until: "2026-12-02 20:00"}   # nobody opens the mailbox (UTC)
      - {professional: "991000019", do: miscount, cents: 100}              # the RSP's total is wrong

All conditions of an entry must hold; an entry without any concerns everything. ``nth`` counts the occasions that the other
conditions admit, also through restarts; ``probability`` is decided by the seed and what it is about, so that a run can be
repeated. Of the entries that hold every one happens.

=============  =====================================================================================================
``do``         what happens; what it needs
=============  =====================================================================================================
``lose``       no ARL leaves; the lot is judged all the same
``delay``      the ARL leaves ``hours`` or ``seconds`` later
``duplicate``  the ARL leaves ``copies`` (2) times, each as a mail of its own
``alter``      a byte of the signed ARL is changed: its signature does not hold
``refuse``     the lot is refused (ARL−) with ``code``
``reject``     invoices are rejected in the RSP with ``code``; the occasions are invoices
``close``      from ``from`` until ``until`` nobody opens the mailbox: mails stay there
``miscount``   the total in the last record of the NOEMIE file is wrong by ``cents``; the occasions are returns
=============  =====================================================================================================
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bifente.documents.yamltext import text_scalar
from bifente.fse.caisse.checked import DocumentProblems, parse_model, read_model
from bifente.fse.caisse.errors import RulesFileError
from bifente.fse.returns.arlcodes import ARL_CODES
from bifente.fse.returns.outcomes import CodeKind
from bifente.fse.returns.rejectcodes import REASON_CODES

MAX_SECONDS: Final = 90 * 86400.0
_WHOLE: Final = 1 << 64


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


def _moment(value: object) -> object:
    """``2026-12-01 08:00`` or ``2026-12-01``, UTC."""
    if isinstance(value, datetime):
        return value
    text = str(value)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f'write "2026-12-01 08:00" (UTC), not {text[:40]!r}') from None


def _arl_code(value: object) -> object:
    if value not in ARL_CODES or ARL_CODES[str(value)].positive:
        raise ValueError(f"a code that refuses a lot is expected: {', '.join(_NEGATIVE)}")
    return value


def _rsp_code(value: object) -> object:
    compact = "".join(str(value).split())
    if compact not in REASON_CODES or REASON_CODES[compact].kind is not CodeKind.REJECT:
        raise ValueError(f"a code that rejects an invoice is expected: {', '.join(_REJECTS)}")
    return compact


_NEGATIVE: Final = tuple(code for code, one in ARL_CODES.items() if not one.positive)
_REJECTS: Final = tuple(code for code, one in REASON_CODES.items() if one.kind is CodeKind.REJECT)

OrdinalNumber = Annotated[int, Field(ge=1)]
Numbers = Annotated[tuple[OrdinalNumber, ...], BeforeValidator(_as_list)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
ArlCodeName = Annotated[str, BeforeValidator(_arl_code)]
RspCodeName = Annotated[str, BeforeValidator(_rsp_code)]
WrittenMoment = Annotated[datetime, BeforeValidator(_moment)]


class CaisseRule(BaseModel):
    """When something goes wrong; the kinds of misbehaviour extend it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    professional: Names | None = None
    organisme: Names | None = None
    lot: Numbers | None = None
    invoice: Numbers | None = None
    """Concerns rules about invoices only."""
    nth: Numbers | None = None
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    times: OrdinalNumber | None = None
    """The most often it happens."""

    def admits(self, occasion: "Occasion") -> bool:
        """The conditions that look at the occasion itself hold."""
        return (
            (self.professional is None or occasion.professional in self.professional)
            and (self.organisme is None or occasion.organisme in self.organisme)
            and (self.lot is None or occasion.lot in self.lot)
            and (self.invoice is None or occasion.invoice in self.invoice)
        )


class LoseArl(CaisseRule):
    """No ARL leaves."""

    do: Literal["lose"]


class DelayArl(CaisseRule):
    """The ARL leaves later."""

    do: Literal["delay"]
    hours: Annotated[float, Field(ge=0, le=MAX_SECONDS / 3600, allow_inf_nan=False)] | None = None
    seconds: Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _one(self) -> "DelayArl":
        if (self.hours is None) == (self.seconds is None):
            raise ValueError("hours or seconds, one of the two, is expected")
        return self

    @property
    def wait(self) -> timedelta:
        """How much later."""
        return timedelta(hours=self.hours or 0, seconds=self.seconds or 0)


class DuplicateArl(CaisseRule):
    """The ARL leaves several times."""

    do: Literal["duplicate"]
    copies: Annotated[int, Field(ge=2, le=20)] = 2


class AlterArl(CaisseRule):
    """The signed ARL is changed."""

    do: Literal["alter"]


class RefuseLot(CaisseRule):
    """The lot is refused."""

    do: Literal["refuse"]
    code: ArlCodeName = "L90"


class RejectInvoice(CaisseRule):
    """Invoices are rejected."""

    do: Literal["reject"]
    code: RspCodeName = "R90"


class CloseMailbox(BaseModel):
    """Nobody opens the mailbox."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    do: Literal["close"]
    begin: Annotated[WrittenMoment, Field(alias="from")]
    until: WrittenMoment

    @model_validator(mode="after")
    def _in_order(self) -> "CloseMailbox":
        if self.until <= self.begin:
            raise ValueError("until is not later than from")
        return self


class Miscount(CaisseRule):
    """The RSP has a wrong total."""

    do: Literal["miscount"]
    cents: Annotated[int, Field(ge=-10_000_000, le=10_000_000)] = 100


AnyCaisseRule = Annotated[
    LoseArl | DelayArl | DuplicateArl | AlterArl | RefuseLot | RejectInvoice | CloseMailbox | Miscount,
    Field(discriminator="do"),
]


class CaisseRules(BaseModel):
    """A file of rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    rules: tuple[AnyCaisseRule, ...] = ()

    def closed(self, now: datetime) -> CloseMailbox | None:
        """The rule by which the mailbox is closed at this moment."""
        found = (one for one in self.rules if isinstance(one, CloseMailbox))
        return next((one for one in found if one.begin <= now < one.until), None)


class Occasion(BaseModel):
    """What a rule may be about: an answer to a lot, an invoice, or a return (then without lot)."""

    model_config = ConfigDict(frozen=True)

    professional: str
    organisme: str = ""
    lot: int = 0
    invoice: int = 0
    name: str = ""
    """What tells it from all others, for the probability."""


def read_rules(path: Path) -> CaisseRules:
    """The rules in the file at *path*. Raises RulesFileError, and OSError when it cannot be read."""
    try:
        return read_model(path, CaisseRules, plain=text_scalar)
    except DocumentProblems as error:
        raise RulesFileError(error.problems) from None


def parse_rules(text: str, source: str = "rules") -> CaisseRules:
    """The rules in *text*; *source* names it in errors. Raises RulesFileError."""
    try:
        return parse_model(text, source, CaisseRules, plain=text_scalar)
    except DocumentProblems as error:
        raise RulesFileError(error.problems) from None


def chosen(seed: int, place: int, occasion: Occasion, probability: float) -> bool:
    """Whether the rule at *place* happens: always the same for the same seed and occasion."""
    if probability >= 1:
        return True
    text = f"{seed}|{place}|{occasion.professional}|{occasion.lot}|{occasion.invoice}|{occasion.name}"
    drawn = int.from_bytes(sha256(text.encode()).digest()[:8], "big")
    return drawn < probability * _WHOLE
