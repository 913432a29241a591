"""What is signed in the recognition, and what names its roles, held against the declarations."""

from collections.abc import Callable, Sequence

import pytest
from construct import Construct, ConstructError
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu.cvc import ChaPattern
from bifente.layouts import recognition, roles
from bifente.layouts.access import Auth
from bifente.layouts.cards import cps3, t1test, vitale2
from bifente.layouts.declared import structures


def about(size: int) -> st.SearchStrategy[bytes]:
    """So many bytes, seldom one more or less."""
    return st.sampled_from([size] * 8 + [size - 1, size + 1]).flatmap(
        lambda n: st.binary(min_size=n, max_size=n)
    )


CHA, CHR, CHALLENGE, HASH = map(
    about, (recognition.CHA_SIZE, recognition.CHR_SIZE, recognition.CHALLENGE_SIZE, 32)
)
IDENTITIES = ("own_chr", "own_challenge", "peer_chr", "peer_challenge")
TOKEN_PARTS = (*IDENTITIES, "issued")
SHEET_PARTS = (*IDENTITIES, "issued_vitale", "issued_cps")
"""In the order of the arguments of the three functions."""


def _same_message(
    build: Callable[..., bytes],
    told: Construct,
    fields: dict[str, object],
    head: bytes,
    names: Sequence[str],
    parts: Sequence[bytes],
) -> None:
    try:
        by_hand = build(head, *parts)
    except ValueError:
        by_hand = None
    given = {**fields, **dict(zip(names, parts, strict=True))}
    try:
        by_declaration = told.build(given)
    except ConstructError:
        by_declaration = None
    assert by_declaration == by_hand
    if by_hand is not None:
        parsed = told.parse(by_hand)
        assert {key: parsed[key] for key in given} == given
        for wrong in (*(by_hand[:size] for size in range(len(by_hand))), by_hand + b"\0"):
            with pytest.raises(ConstructError):
                told.parse(wrong)


@pytest.mark.parametrize(
    ("role", "build"), [("cps", recognition.cps_token), ("vitale", recognition.vitale_token)]
)
@given(cha=CHA, parts=st.tuples(CHR, CHALLENGE, CHR, CHALLENGE, HASH))
def test_tokens(role: str, build: Callable[..., bytes], cha: bytes, parts: tuple[bytes, ...]) -> None:
    _same_message(build, structures.TOKEN, {"role": role, "own_cha": cha}, cha, TOKEN_PARTS, parts)


@given(digest=HASH, parts=st.tuples(CHR, CHALLENGE, CHR, CHALLENGE, HASH, HASH))
def test_what_is_signed_for_a_sheet(digest: bytes, parts: tuple[bytes, ...]) -> None:
    fields = {"sheet_hash": digest}
    _same_message(recognition.sheet_payload, structures.SHEET, fields, digest, SHEET_PARTS, parts)


BYTE = st.integers(0, 0xFE)
PATTERNS = st.builds(ChaPattern, BYTE, BYTE, *[st.none() | BYTE] * 3, BYTE)


@given(st.lists(PATTERNS, max_size=20), st.integers(1, 14))
def test_environments_of_roles(patterns: list[ChaPattern], number: int) -> None:
    content = roles.environment(Auth(number, tuple(patterns), "roles")).content
    told = structures.ENVIRONMENT.parse(content)
    assert structures.ENVIRONMENT.build(told) == content
    for template, pattern in zip(told, patterns, strict=True):
        usage, authorisation = template.value
        assert (template.tag, usage.tag, usage.value) == (0xA4, 0x95, 0x80)
        fields = (pattern.domain, pattern.g01, pattern.g02, pattern.profession, pattern.g04, pattern.usage)
        assert authorisation.tag == 0x5F4C
        assert authorisation.value == bytes((0xF0, *(0xFF if one is None else one for one in fields)))
    for size in range(len(content)):
        with pytest.raises(ConstructError):
            structures.ENVIRONMENT.parse(content[:size])


def test_environments_of_the_layouts() -> None:
    for module in (cps3, vitale2, t1test):
        for _, directory in module.LAYOUT.directories():
            for environment in directory.environments:
                told = structures.ENVIRONMENT.parse(environment.content)
                assert structures.ENVIRONMENT.build(told) == environment.content
