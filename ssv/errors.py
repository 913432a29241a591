"""The error of this package."""


class SsvError(ValueError):
    """Bytes or values that are not SSV groups.

    ``offset`` is where in the data, in bytes from 0; ``group`` and ``field`` (from 1) which, each None when it does not
    apply or is not known yet. All of them stand in the message.
    """

    kind: str = "input"

    def __init__(
        self,
        message: str,
        *,
        offset: int | None = None,
        group: int | None = None,
        field: int | None = None,
    ) -> None:
        place = [] if offset is None else [f"offset {offset}"]
        if group is not None:
            place.append(f"group {group}")
        if field is not None:
            place.append(f"field {field}")
        super().__init__(f"{', '.join(place)}: {message}" if place else message)
        self.offset = offset
        self.group = group
        self.field = field
