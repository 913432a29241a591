"""Security data objects: requests of OpenSC, answers of a real CPS3."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import ApduError, tlv
from bifente.apdu.files.sdo import (
    CHV_DATA_TAG,
    DOCP_TAG,
    PRIVATE_KEY_TAG,
    Docp,
    SdoClass,
    SdoId,
    SdoRequest,
    encode_answer,
    parse_answer,
)
from bifente.apdu.files.security import (
    ALWAYS,
    NEVER,
    InterfaceAttributes,
    Operation,
    Scb,
    SecurityAttributes,
    Target,
)
from bifente.apdu.tlv import Tlv

PIN3 = Scb(0x13)

REQUESTS = [
    # OpenSC 0.23 at a CPS3
    ("4D08 7006 BF810102 A080", SdoRequest(SdoId(SdoClass.CHV, 1), (DOCP_TAG,))),
    ("4D08 7006 BF810202 A080", SdoRequest(SdoId(SdoClass.CHV, 2), (DOCP_TAG,))),
    ("4D09 7007 BF810103 7F4180", SdoRequest(SdoId(SdoClass.CHV, 1), (CHV_DATA_TAG,))),
    ("4D08 7006 BF900202 A080", SdoRequest(SdoId(SdoClass.RSA_PRIVATE, 2), (DOCP_TAG,))),
    ("4D09 7007 BF900203 7F4880", SdoRequest(SdoId(SdoClass.RSA_PRIVATE, 2), (PRIVATE_KEY_TAG,))),
    # security environment 5 (OpenSC PR #2217)
    ("4D08 7006 BFFB0502 7B80", SdoRequest(SdoId(SdoClass.SECURITY_ENVIRONMENT, 5), (0x7B,))),
    ("4D0B 7009 BFA00105 A0807F4980", SdoRequest(SdoId(SdoClass.RSA_PUBLIC, 1), (DOCP_TAG, 0x7F49))),
]


@pytest.mark.parametrize(("text", "request_"), REQUESTS)
def test_requests(text: str, request_: SdoRequest) -> None:
    raw = bytes.fromhex(text)
    assert SdoRequest.parse(raw) == request_
    assert request_.encode() == raw
    for size in range(len(raw)):
        with pytest.raises(ApduError):
            SdoRequest.parse(raw[:size])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("4D087006BF810102A08000", "one extended header list"),
        ("5C087006BF810102A080", "one extended header list"),
        ("4D00", "nothing is there"),
        ("4D087106BF810102A080", "one template 70"),
        ("4D0A7006BF810102A0808000", "one template 70"),
        ("4D0D700BBF810102A080BF810202A0", "more than one security data object"),
        ("4D0E700CBF810102A080BF810202A080", "more than one security data object"),
        ("4D067004BF810100", "names no object"),
        ("4D087006BF810102A000", "not followed by 80"),
        ("4D087006BF810102A081", "not followed by 80"),
        ("4D077005BF810101A0", "not followed by 80"),
        ("4D077005BF0102A080", "shorter form"),
        ("4D077005 7F4902A080", "not the tag of a security data object"),
        ("4D80", "indefinite"),
    ],
)
def test_what_is_no_request(text: str, reason: str) -> None:
    with pytest.raises(ApduError, match=reason):
        SdoRequest.parse(bytes.fromhex(text))


@pytest.mark.parametrize("values", [(0, 1), (0x80, 1), (1, -1), (1, 0x80)])
def test_identifiers_without_a_tag(values: tuple[int, int]) -> None:
    with pytest.raises(ApduError):
        SdoId(*values)


def test_identifiers_in_words() -> None:
    assert SdoId(SdoClass.CHV, 1).explain() == "CHV 01"
    assert SdoId(SdoClass.RSA_PRIVATE, 2).explain() == "RSA PRIVATE 02"
    assert SdoId(0x33, 2).explain() == "class 33 02"
    assert SdoId(SdoClass.CHV, 2).tag == 0xBF8102


def _rule(target: Target, conditions: dict[Operation, Scb], *, bit8: bool = False) -> InterfaceAttributes:
    return InterfaceAttributes(SecurityAttributes.build(target, conditions, bit8=bit8))


PUT_NEVER = {Operation.PUT: NEVER, Operation.GET: ALWAYS}

ANSWERS = [
    # PIN and PUK of a real CPS3 (OpenSC PR #2217)
    (
        "7016BF810112A0109A01039B0103A1088C06F3000013FF00",
        SdoId(SdoClass.CHV, 1),
        Docp(
            SdoClass.CHV,
            max_tries=3,
            tries_left=3,
            security=_rule(
                Target.CHV,
                {Operation.CHANGE: ALWAYS, Operation.VERIFY: ALWAYS, Operation.RESET: PIN3, **PUT_NEVER},
                bit8=True,
            ),
        ),
    ),
    (
        "701ABF810216A0149A010A9B010A9D020064A1088C06F3FF00FFFF00",
        SdoId(SdoClass.CHV, 2),
        Docp(
            SdoClass.CHV,
            max_tries=10,
            tries_left=10,
            uses_left=100,
            security=_rule(
                Target.CHV,
                {Operation.CHANGE: NEVER, Operation.VERIFY: ALWAYS, Operation.RESET: NEVER, **PUT_NEVER},
                bit8=True,
            ),
        ),
    ),
    # keys: OpenSC issue #2158; the synthetic ones that OpenSC 0.23 accepts
    (
        "7016BF900112A010A1078C05AB14434300800201009E0100",
        SdoId(SdoClass.RSA_PRIVATE, 1),
        Docp(
            SdoClass.RSA_PRIVATE,
            size=256,
            non_repudiation=0,
            security=_rule(
                Target.RSA_KEY,
                {
                    Operation.INTERNAL_AUTHENTICATE: Scb(0x14),
                    Operation.GENERATE: Scb(0x43),
                    Operation.PUT: Scb(0x43),
                    Operation.GET: ALWAYS,
                },
                bit8=True,
            ),
        ),
    ),
    (
        "7016BF900212A010A1078C05331313FF00800201009E0100",
        SdoId(SdoClass.RSA_PRIVATE, 2),
        Docp(
            SdoClass.RSA_PRIVATE,
            size=256,
            non_repudiation=0,
            security=_rule(
                Target.RSA_KEY,
                {Operation.INTERNAL_AUTHENTICATE: PIN3, Operation.DECIPHER: PIN3, **PUT_NEVER},
            ),
        ),
    ),
    (
        "7015BF900111A00FA1068C044313FF00800201009E0101",
        SdoId(SdoClass.RSA_PRIVATE, 1),
        Docp(
            SdoClass.RSA_PRIVATE,
            size=256,
            non_repudiation=1,
            security=_rule(Target.RSA_KEY, {Operation.COMPUTE_SIGNATURE: PIN3, **PUT_NEVER}),
        ),
    ),
]


@pytest.mark.parametrize(("text", "sdo", "docp"), ANSWERS)
def test_control_parameters(text: str, sdo: SdoId, docp: Docp) -> None:
    raw = bytes.fromhex(text)
    assert Docp.of_answer(raw) == (sdo, docp)
    assert encode_answer(sdo, docp.encode()) == raw
    for size in range(len(raw)):
        with pytest.raises(ApduError):
            Docp.of_answer(raw[:size])


def test_the_counter_alone_changes() -> None:
    raw = bytes.fromhex(ANSWERS[0][0])
    sdo, docp = Docp.of_answer(raw)
    assert encode_answer(sdo, replace(docp, tries_left=2).encode()) == raw.replace(
        b"\x9b\x01\x03", b"\x9b\x01\x02"
    )


def test_explain() -> None:
    assert ANSWERS[1][2].explain() == [
        "tries at most: 10",
        "tries left: 10",
        "uses left: 100",
        "contact, change: never",
        "contact, verify: always",
        "contact, reset: never",
        "contact, put data: never",
        "contact, get data: always",
    ]
    assert Docp(SdoClass.CHV, name=b"\xab", others=(Tlv(0xA5, b"\1"),)).explain() == [
        "name AB",
        "object A5 of 1 bytes",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("9A0103 9A0103", "twice"),
        ("9A020003", "1 bytes, not 2"),
        ("9D0164", "2 bytes, not 1"),
        ("800100", "2 bytes, not 1"),
        ("A1048C02F300", "condition bytes"),
        ("A0", "length is missing"),
    ],
)
def test_what_are_no_control_parameters(text: str, reason: str) -> None:
    with pytest.raises(ApduError, match=reason):
        Docp.parse(bytes.fromhex(text), SdoClass.CHV)


@pytest.mark.parametrize(
    "values",
    [
        {"max_tries": 256},
        {"tries_left": -1},
        {"uses_left": 65536},
        {"others": (Tlv(0x9A, b"\1"),)},
        {"security": _rule(Target.RSA_KEY, PUT_NEVER)},
    ],
)
def test_values_out_of_range(values: dict[str, object]) -> None:
    with pytest.raises(ApduError):
        Docp(SdoClass.CHV, **values)


@pytest.mark.parametrize(
    "text", ["6206BF81018000", "7000", "7006BF81018000 00", "7008BF810100BF810200", "7006BF8101028000"]
)
def test_what_is_no_answer_about_parameters(text: str) -> None:
    with pytest.raises(ApduError):
        Docp.of_answer(bytes.fromhex(text))


def test_other_contents() -> None:
    content = tlv.encode(0x7F41, tlv.encode(0x80, b"\x08") + tlv.encode(0x81, b"\x04"))
    sdo, items = parse_answer(encode_answer(SdoId(SdoClass.CHV, 1), content))
    assert sdo == SdoId(SdoClass.CHV, 1)
    assert tlv.find(items, 0x7F41, 0x81) == b"\x04"


identifiers = st.builds(SdoId, st.integers(1, 0x7F), st.integers(0, 0x7F))
wanted = st.lists(st.sampled_from([0xA0, 0x7F41, 0x7F48, 0x7F49, 0x7B, 0xBF8101]), min_size=1, max_size=4)


@given(identifiers, wanted)
def test_requests_come_back(sdo: SdoId, tags: list[int]) -> None:
    assert SdoId.of_tag(sdo.tag) == sdo
    request = SdoRequest(sdo, tuple(tags))
    raw = request.encode()
    assert SdoRequest.parse(raw) == request
    for size in range(len(raw)):
        with pytest.raises(ApduError):
            SdoRequest.parse(raw[:size])


@st.composite
def parameters(draw: st.DrawFn) -> Docp:
    sdo_class = draw(st.sampled_from([*SdoClass, 0x33]))
    target = SdoClass.target(sdo_class)
    names = st.dictionaries(st.sampled_from(list(target.operations.values())), st.integers(0, 255).map(Scb))
    rule = st.one_of(
        st.none(), st.builds(SecurityAttributes.build, st.just(target), names, bit8=st.booleans())
    )
    one, two = st.one_of(st.none(), st.integers(0, 255)), st.one_of(st.none(), st.integers(0, 65535))
    return Docp(
        sdo_class,
        name=draw(st.one_of(st.none(), st.binary(max_size=16))),
        max_tries=draw(one),
        tries_left=draw(one),
        max_uses=draw(two),
        uses_left=draw(two),
        security=draw(st.one_of(st.none(), st.builds(InterfaceAttributes, rule, rule))),
        size=draw(two),
        non_repudiation=draw(one),
        others=tuple(
            draw(st.lists(st.builds(Tlv, st.sampled_from([0xA5, 0x85]), st.binary(max_size=9)), max_size=2))
        ),
    )


@given(parameters(), identifiers)
def test_control_parameters_come_back(docp: Docp, sdo: SdoId) -> None:
    raw = docp.encode()
    item, rest = tlv.decode_one(raw)
    assert (item.tag, rest) == (DOCP_TAG, b"")
    assert Docp.parse(item.value, docp.sdo_class) == docp
    assert docp.explain() is not None
    answer = encode_answer(sdo, raw)
    assert parse_answer(answer) == (sdo, [item])
    for size in range(len(answer)):
        with pytest.raises(ApduError):
            Docp.of_answer(answer[:size])


@given(parameters(), st.randoms(use_true_random=False))
def test_any_order_comes_back(docp: Docp, random: object) -> None:
    items = tlv.decode_one(docp.encode())[0].children()
    random.shuffle(items)
    content = tlv.join(items)
    assert Docp.parse(content, docp.sdo_class).encode() == tlv.encode(DOCP_TAG, content)


@given(st.binary(max_size=60), st.sampled_from([b"", b"\x4d", b"\x70"]))
def test_garbage_is_read_or_refused(content: bytes, tag: bytes) -> None:
    raw = tag + bytes((len(content),)) + content if tag else content
    try:
        request = SdoRequest.parse(raw)
        assert SdoRequest.parse(request.encode()) == request
    except ApduError:
        pass
    try:
        sdo, docp = Docp.of_answer(raw)
        assert Docp.of_answer(encode_answer(sdo, docp.encode())) == (sdo, docp)
    except ApduError:
        pass
    try:
        docp = Docp.parse(content, SdoClass.CHV)
        assert Docp.parse(tlv.decode_one(docp.encode())[0].value, SdoClass.CHV) == docp
    except ApduError:
        pass
