"""What a surgery's store cannot do, in words."""

from bifente.fse.errors import FseError


class CabinetError(FseError):
    """Something that the surgery refuses or cannot do; nothing was written."""

    def __init__(self, what: str, kind: str = "input", *, hint: str = "") -> None:
        super().__init__(what)
        self.kind = kind
        self.hint = hint


class EventRefused(CabinetError):
    """An event that does not fit the state of a sheet or a lot."""

    kind = "input.state"

    def __init__(self, what: str, state: str, event: str, possible: tuple[str, ...]) -> None:
        listed = ", ".join(possible) or "nothing more"
        super().__init__(f"{what} is {state!r}: {event!r} does not fit; possible: {listed}", self.kind)
        self.state = state
        self.event = event
        self.possible = possible


class CabinetStoreMissing(CabinetError):
    """There is no store yet."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place}: there is no store of a surgery", "input.no-cabinet")


class CabinetStoreNewer(CabinetError):
    """The store was written by a later release."""

    def __init__(self, place: str, version: str) -> None:
        what = f"{place} has version {version[:20]!r}, which this release does not know"
        super().__init__(what, "input.newer-store", hint="update bifente; the store was left as it is")


class CabinetStoreBusy(CabinetError):
    """Another process writes into the store, or sends from it."""

    def __init__(self, place: str, doing: str = "has the store") -> None:
        super().__init__(
            f"{place}: another process {doing}", "store-in-use", hint="try again when it is done"
        )


class CabinetStoreBroken(CabinetError):
    """The store cannot be read or written."""


class UnknownRecord(CabinetError):
    """No sheet or lot of that number."""

    kind = "input.unknown-record"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not in the store", self.kind)


class NumberTaken(CabinetError):
    """Another sheet of this professional has the number."""

    kind = "input.number-taken"

    def __init__(self, number: int, professional: str, free: int) -> None:
        super().__init__(
            f"invoice number {number:09} of {professional} belongs to another sheet", self.kind,
            hint=f"sign the sheet anew under another number; {free:09} is free",
        )  # fmt: skip
        self.number = number
        self.free = free
