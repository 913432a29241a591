"""A consultation: two cards in their slots, one PIN, one care sheet signed by both.

It holds two links and knows not whether the cards are emulated, replayed or plastic.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from time import perf_counter
from types import TracebackType
from typing import Self, Unpack

from cryptography.hazmat.primitives.serialization import Encoding

from bifente.apdu import Link
from bifente.fse.sheet import signature
from bifente.fse.sheet.acts import Act, Circumstances, Complementary
from bifente.fse.sheet.complementary import complementary_of
from bifente.fse.sheet.model import CareSheet, draw_up
from bifente.fse.sheet.rights import Beneficiary, Problem, ProblemKind, Rights, beneficiaries, rights_at
from bifente.fse.sheet.rightssources import CardRights, RightsSource
from bifente.fse.sheet.verification import VerifiedSheet, verify
from bifente.igc import TrustStore
from bifente.ssv.groups import Group
from bifente.terminal import CpsSession, Recognition, RecognitionRequired, patient_session, recognise
from bifente.terminal.cps import professional_groups
from bifente.terminal.vitale import rights_groups


class CareSession:
    """The road from the PIN to a verified sheet, step by step.

    *today* is the real date, by which the recognition judges the cards; *trust* the authorities. ``timings`` has the
    seconds of each part: pin, recognition, rights, professional, sheet, signature, verification. Methods raise
    TerminalError and FseError kinds. As a context manager it gives the cards back at its end.
    """

    def __init__(self, cps_link: Link, vitale_link: Link, *, trust: TrustStore, today: date) -> None:
        self.trust = trust
        self.today = today
        self.timings: dict[str, float] = {}
        self._intermediates = [one.public_bytes(Encoding.DER) for one in trust.intermediates]
        self._recognition: Recognition | None = None
        self._rights: dict[str, bytes] | None = None
        self._professional: dict[str, bytes] | None = None
        with self._timed("cards"):
            self.cps = CpsSession(cps_link)
            self.vitale = patient_session(vitale_link)

    # -- the steps

    def present_pin(self, pin: bytes) -> None:
        """Present the *code porteur*. Raises WrongPin, PinBlocked."""
        with self._timed("pin"):
            self.cps.verify_pin(pin)

    def recognise(self) -> Recognition:
        """Let the cards recognise each other; both are held until :meth:`close`. Rights read before are forgotten."""
        self.close()
        with self._timed("recognition"):
            self._recognition = recognise(self.cps, self.vitale, date=self.today, anchors=self.trust.cv_roots)
        return self._recognition

    @property
    def recognition(self) -> Recognition:
        """The recognition, while it holds. Raises RecognitionRequired."""
        if self._recognition is None:
            raise RecognitionRequired("CPS and Vitale have not recognised each other")
        self._recognition.require()
        return self._recognition

    def rights(self) -> list[Group]:
        """SSV groups 101 to 111 of the Vitale, read once. Raises NotIssued for what its issuer has not signed."""
        if self._rights is None:
            self.recognition.require()
            with self._timed("rights"):
                self._rights = self.vitale.rights_contents()
        return rights_groups(self._rights)

    def professional(self) -> list[Group]:
        """SSV groups 1 and 2 of the CPS, read once. Raises NotIssued for what its issuer has not signed."""
        if self._professional is None:
            with self._timed("professional"):
                self._professional = self.cps.professional_contents()
        return professional_groups(self._professional)

    @property
    def not_proven(self) -> tuple[str, ...]:
        """Which cards hold no issuer's signature, so that what they say is believed and not proven."""
        return tuple(
            f"{what}: the card holds no issuer's signature"
            for what, signature in (("rights", self.vitale.issued), ("situations", self.cps.issued))
            if signature is None
        )

    def beneficiaries(self) -> list[Beneficiary]:
        """The bénéficiaires of the Vitale in card order."""
        return beneficiaries(self.rights())

    def rights_at(self, care_date: date, beneficiary: int = 1) -> tuple[Rights, tuple[Problem, ...]]:
        """What the card says of a bénéficiaire (from 1) on a day, and what is wrong with it."""
        return rights_at(self.rights(), beneficiary, care_date)

    def draw_up(
        self,
        acts: Sequence[Act],
        *,
        number: int,
        care_date: date,
        beneficiary: int = 1,
        situation: int | None = None,
        accept: Collection[ProblemKind] = (),
        source: RightsSource | None = None,
        **circumstances: Unpack[Circumstances],
    ) -> CareSheet:
        """Make the sheet from what the cards say, see :func:`bifente.fse.sheet.model.draw_up`.

        *source* tells other rights than the card's of the same people; the sheet says so.
        """
        source = source or CardRights()
        professional, rights = self.professional(), source.groups(self.rights())
        with self._timed("sheet"):
            return draw_up(
                number=number,
                care_date=care_date,
                professional=professional,
                rights=rights,
                acts=acts,
                situation=situation,
                beneficiary=beneficiary,
                accept=accept,
                rights_origin=source.origin,
                version=signature.version_for(self.vitale),
                **circumstances,
            )

    def complementary(self, care_date: date, beneficiary: int = 1) -> Complementary | None:
        """The complementary insurer that the card names for a bénéficiaire (from 1) on a day; None without one."""
        return complementary_of(self.rights(), beneficiary, care_date)

    def sign(self, sheet: CareSheet) -> bytes:
        """Have both cards sign; returns the CMS (DER)."""
        with self._timed("signature"):
            return signature.sign(
                sheet,
                self.recognition,
                intermediates=self._intermediates,
                rights=self._rights,
                professional=self._professional,
            )

    def verify(self, signed: bytes) -> VerifiedSheet:
        """Verify both signatures against the trusted authorities. Raises SheetRefused."""
        with self._timed("verification"):
            return verify(signed, self.trust)

    # -- what it took

    @property
    def private_key_operations(self) -> int:
        """How many private-key operations both cards have done for the terminal."""
        return self.cps.channel.private_key_operations + self.vitale.channel.private_key_operations

    @property
    def private_key_seconds(self) -> float:
        """How long the commands took that made them."""
        return self.cps.channel.private_key_seconds + self.vitale.channel.private_key_seconds

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        start = perf_counter()
        try:
            yield
        finally:
            self.timings[part] = self.timings.get(part, 0.0) + perf_counter() - start

    # -- the end

    def close(self) -> None:
        """Give the cards back; what was read under the recognition is forgotten. Closing twice is allowed."""
        if self._recognition is not None:
            self._recognition.close()
        self._recognition = None
        self._rights = None
        self._professional = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
