"""The protocols Card and Link, and what their errors say."""

from contextlib import AbstractContextManager, nullcontext

import pytest

from bifente.apdu import (
    Card,
    CardAbsent,
    CardRemoved,
    Link,
    LinkError,
    LinkTimeout,
    ReaderGone,
    TransmissionProtocol,
)


@pytest.mark.parametrize(
    ("error", "message", "attributes"),
    [
        (CardAbsent("left"), "no card in slot left", {"slot": "left"}),
        (CardRemoved("0"), "the card was removed from slot 0", {"slot": "0"}),
        (ReaderGone("bifente 00"), "reader bifente 00 is gone", {"reader": "bifente 00"}),
        (LinkTimeout("card", 2.5), "card: no answer within 2.5 s", {"what": "card", "seconds": 2.5}),
        (LinkTimeout("card", 3.0), "card: no answer within 3 s", {"seconds": 3.0}),
    ],
)
def test_errors(error: LinkError, message: str, attributes: dict[str, object]) -> None:
    assert str(error) == message
    for name, value in attributes.items():
        assert getattr(error, name) == value
    with pytest.raises(LinkError):
        raise error


class _Echo:
    """A card and a link at once."""

    atr = b"\x3b\x00"
    protocol = TransmissionProtocol.T0

    def power_on(self) -> bytes:
        return self.atr

    def reset(self) -> bytes:
        return self.atr

    def power_off(self) -> None:
        return None

    def transmit(self, command: bytes, /) -> bytes:
        return command + b"\x90\0"

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()

    def close(self) -> None:
        return None


def test_protocols_are_checked_by_their_methods() -> None:
    assert isinstance(_Echo(), Card)
    assert isinstance(_Echo(), Link)
    assert not isinstance(object(), Card)


def test_protocols_have_the_bits_of_pcsc() -> None:
    assert [int(protocol) for protocol in TransmissionProtocol] == [1, 2]
