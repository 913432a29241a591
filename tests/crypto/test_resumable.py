"""Digests that are put aside and taken up elsewhere agree with hashlib."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.crypto import libcrypto, resumable
from bifente.crypto.declared import STATES
from bifente.crypto.errors import CryptoError
from bifente.crypto.resumable import ResumableHash, Sha1State, Sha256State

BOTH = pytest.mark.parametrize("kind", [Sha1State, Sha256State])


@BOTH
@given(chunks=st.lists(st.binary(max_size=200), max_size=5), tail=st.binary(max_size=200))
def test_a_digest_taken_up_from_a_state_is_hashlibs(
    kind: type[ResumableHash], chunks: list[bytes], tail: bytes
) -> None:
    host = kind()
    for chunk in chunks:
        host.update(chunk)
    before = b"".join(chunks)
    state, pending = host.state(), host.pending
    assert len(state) == kind.state_size()
    assert int.from_bytes(state[-8:]) == (len(before) - pending) * 8
    card = kind.from_state(state).update(before[len(before) - pending :] + tail)
    expected = hashlib.new(kind.name, before + tail).digest()
    assert card.finish() == expected
    assert kind.resumed(state, before[len(before) - pending :] + tail) == expected
    assert host.update(tail).finish() == expected, "the host can go on after it has shown its state"
    assert card.finish() == expected, "finishing consumes nothing"


@BOTH
@pytest.mark.parametrize("size", [*range(54, 67), *range(118, 131), 1000])
def test_each_length_around_the_padding_boundaries(kind: type[ResumableHash], size: int) -> None:
    data = bytes(i & 0xFF for i in range(size))
    whole = size - size % 64
    resumed = kind.from_state(kind(data[:whole]).state()).update(data[whole:])
    assert resumed.finish() == hashlib.new(kind.name, data).digest()
    assert kind(data).finish() == hashlib.new(kind.name, data).digest()


@BOTH
@given(first=st.integers(0, 5), second=st.integers(0, 5))
def test_states_chain(kind: type[ResumableHash], first: int, second: int) -> None:
    data = b"feuille de soins" * 4 * (first + second)
    once = kind(data).state()
    twice = kind.from_state(kind(data[: 64 * first]).state()).update(data[64 * first :]).state()
    assert once == twice


def test_the_initial_states_are_those_of_fips_180_4() -> None:
    assert Sha1State().state().hex() == "67452301efcdab8998badcfe10325476c3d2e1f0" + "00" * 8
    assert (
        Sha256State().state().hex()
        == "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19" + "00" * 8
    )


@BOTH
@given(data=st.data())
def test_a_state_is_written_as_declared(kind: type[ResumableHash], data: st.DataObject) -> None:
    """The bytes are sliced by hand; the declaration is (OpenSC issue #2275)."""
    message = data.draw(st.binary(max_size=400))
    state = kind(message).state()
    declared = STATES[kind.name]
    fields = declared.parse(state)
    assert declared.build({"chain": fields.chain, "bits": fields.bits}) == state
    assert declared.sizeof() == kind.state_size()
    assert fields.bits == len(message) // 64 * 512


CHAINS = {
    kind: st.tuples(*[st.integers(0, 2**32 - 1)] * len(kind.initial)) for kind in (Sha1State, Sha256State)
}


@BOTH
@given(data=st.data())
def test_the_library_and_our_own_code_compress_alike(kind: type[ResumableHash], data: st.DataObject) -> None:
    library = libcrypto.compression(kind.name, kind.initial)
    if library is None:
        pytest.skip("this Python's hashlib is not linked with an OpenSSL library that can be reached")
    chain = data.draw(CHAINS[kind])
    blocks = data.draw(st.binary(max_size=5)).ljust(64, b"\x5a") * data.draw(st.integers(0, 4))
    assert library(chain, blocks) == kind.compress(chain, blocks)


@BOTH
@given(message=st.binary(max_size=300))
def test_our_own_code_is_right_without_the_library(kind: type[ResumableHash], message: bytes) -> None:
    padded = message + b"\x80" + bytes(-(len(message) + 9) % 64) + (8 * len(message)).to_bytes(8, "big")
    words = kind.compress(kind.initial, padded)
    assert b"".join(word.to_bytes(4, "big") for word in words) == hashlib.new(kind.name, message).digest()


@BOTH
def test_without_the_library_the_digest_is_the_same(
    kind: type[ResumableHash], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libcrypto, "_function", lambda _: None)
    assert libcrypto.compression(kind.name, kind.initial) is None
    monkeypatch.setattr(resumable, "_library", lambda _: None)
    message = bytes(range(200))
    assert (
        kind.from_state(kind(message[:128]).state()).update(message[128:]).finish()
        == hashlib.new(kind.name, message).digest()
    )


def test_a_library_that_counts_otherwise_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is believed of a library that does not agree with hashlib."""
    monkeypatch.setattr(libcrypto, "_function", lambda _: lambda *_: 1)
    assert libcrypto.compression("sha256", Sha256State.initial) is None


def test_nothing_is_compressed_here_when_no_state_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(chain: tuple[int, ...], blocks: bytes) -> tuple[int, ...]:
        raise AssertionError("compressed here")

    monkeypatch.setattr(Sha256State, "_run", staticmethod(refuse))
    assert Sha256State(bytes(1000)).finish() == hashlib.sha256(bytes(1000)).digest()
    with pytest.raises(AssertionError):
        Sha256State(bytes(1000)).state()


@BOTH
def test_states_that_cannot_exist_are_refused(kind: type[ResumableHash]) -> None:
    good = kind(bytes(64)).state()
    chain = good[:-8]
    for wrong in (
        b"",
        good[:-1],
        good + b"\0",
        chain + (8).to_bytes(8),  # no complete block
        chain + (513).to_bytes(8),
        chain + bytes(8),  # no block, and not the initial state
    ):
        with pytest.raises(CryptoError):
            kind.from_state(wrong)


@BOTH
@given(data=st.binary(max_size=300))
def test_a_state_cut_at_each_byte_is_refused(kind: type[ResumableHash], data: bytes) -> None:
    state = kind(data).state()
    assert kind.from_state(state).state() == state
    for size in range(len(state)):
        with pytest.raises(CryptoError):
            kind.from_state(state[:size])


@BOTH
@given(data=st.data())
def test_garbage_is_taken_up_as_it_is_or_refused(kind: type[ResumableHash], data: st.DataObject) -> None:
    size = data.draw(st.sampled_from((kind.digest_size, kind.state_size())))
    bits = data.draw(st.integers(0, (1 << 55) - 1).map(lambda blocks: blocks * 512) | st.integers(0, 1 << 63))
    chain = data.draw(st.binary(min_size=size - 8, max_size=size - 8))
    for state in (chain + bits.to_bytes(8), data.draw(st.binary(max_size=48))):
        try:
            taken = kind.from_state(state)
        except CryptoError:
            continue
        assert taken.state() == state


@BOTH
def test_the_length_is_bounded(kind: type[ResumableHash]) -> None:
    state = kind(bytes(64)).state()[:-8] + ((1 << 64) - 512).to_bytes(8)
    assert len(kind.from_state(state).update(bytes(63)).finish()) == kind.digest_size
    with pytest.raises(CryptoError):
        kind.from_state(state).update(bytes(64)).finish()
    with pytest.raises(CryptoError):
        kind.from_state(state).update(bytes(64)).state()
