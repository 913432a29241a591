"""The reader suite's PC/SC cases: contexts, listing, connecting, protocols, status, attributes, features, buffers."""

import struct
from typing import Final

from bifente.conformance.case import Bench, Collection, Need, check, same
from bifente.conformance.errors import CannotRun
from bifente.conformance.pcsc.calls import (
    ANY,
    DIRECT,
    EXCLUSIVE,
    IN_USE,
    LEAVE,
    PRESENT,
    RESET,
    SHARED,
    T0,
    T1,
    UNSUPPORTED,
    Pcsc,
)

CASES = Collection("reader")

_LIBRARY: Final = "PC/SC part 5"
_CPS: Final = ("cps3",)

_ATTR_ATR: Final = 0x00090303
_ATTR_VENDOR: Final = 0x00010100
_ATTR_MAXINPUT: Final = 0x0007A007
_ATTR_NONSENSE: Final = 0x00FF00FF
_GET_FEATURES: Final = 0x42000000 + 3400
_FEATURES: Final = range(1, 0x14)


@CASES.case(
    "context-life",
    "A context is valid until it is released, once",
    f"{_LIBRARY}, SCardReleaseContext",
    _CPS,
    Need.PCSC,
)
def _context(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    context = pcsc.context()
    pcsc.ok("IsValidContext", context)
    pcsc.ok("ReleaseContext", context)
    pcsc.gives("E_INVALID_HANDLE", "IsValidContext", context)
    pcsc.gives("E_INVALID_HANDLE", "ReleaseContext", context)


@CASES.case(
    "contexts-many",
    "Twenty contexts at once are all valid, and different",
    f"{_LIBRARY}, SCardEstablishContext",
    _CPS,
    Need.PCSC,
)
def _many(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    contexts = [pcsc.context() for _ in range(20)]
    same(len(set(contexts)), 20, "different contexts")
    for context in contexts:
        pcsc.ok("IsValidContext", context)


@CASES.case("readers-listed", "The reader is listed, once", f"{_LIBRARY}, SCardListReaders", _CPS, Need.PCSC)
def _listed(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    (readers,) = pcsc.ok("ListReaders", pcsc.context(), [])
    assert isinstance(readers, list)
    same(readers.count(pcsc.reader("cps3")), 1, "how often the reader is listed")


@CASES.case(
    "reader-groups",
    "There is a default group of readers",
    f"{_LIBRARY}, SCardListReaderGroups",
    _CPS,
    Need.PCSC,
)
def _groups(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    (groups,) = pcsc.ok("ListReaderGroups", pcsc.context())
    assert isinstance(groups, list)
    check("SCard$DefaultReaders" in groups, "SCard$DefaultReaders is not among the groups")


@CASES.case("connect-unknown", "A reader that is not there", f"{_LIBRARY}, SCardConnect", _CPS, Need.PCSC)
def _unknown(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    pcsc.gives("E_UNKNOWN_READER", "Connect", pcsc.context(), "no such reader 00 00", SHARED, ANY)


@CASES.case(
    "connect-no-card",
    "Connecting to a slot without a card, and directly to its reader",
    f"{_LIBRARY}, SCardConnect",
    _CPS,
    Need.PCSC,
    Need.HANDS,
)
def _no_card(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    bench.afterwards(lambda: bench.hands.put_back("cps3"))
    bench.hands.take_out("cps3")
    context = pcsc.context()
    pcsc.gives(("E_NO_SMARTCARD", "W_REMOVED_CARD"), "Connect", context, pcsc.reader("cps3"), SHARED, ANY)
    handle, _ = pcsc.ok("Connect", context, pcsc.reader("cps3"), DIRECT, 0)
    pcsc.ok("Disconnect", handle, LEAVE)


@CASES.case(
    "connect-bad-arguments",
    "Share mode and protocols that do not exist",
    f"{_LIBRARY}, SCardConnect",
    _CPS,
    Need.PCSC,
)
def _bad(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    context, reader = pcsc.context(), pcsc.reader("cps3")
    pcsc.gives(("E_INVALID_VALUE", "E_INVALID_PARAMETER"), "Connect", context, reader, 9, ANY)
    pcsc.gives(("E_PROTO_MISMATCH", "E_INVALID_VALUE"), "Connect", context, reader, SHARED, 0)


@CASES.case(
    "disconnect-ends",
    "A handle that was disconnected is not a handle any more",
    f"{_LIBRARY}, SCardDisconnect",
    _CPS,
    Need.PCSC,
)
def _disconnected(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    handle = pcsc.connect("cps3")
    pcsc.ok("Disconnect", handle, LEAVE)
    pcsc.gives("E_INVALID_HANDLE", "Disconnect", handle, LEAVE)
    pcsc.refuses(handle, "E_INVALID_HANDLE")


@CASES.case(
    "release-ends-handles",
    "A handle ends with its context",
    f"{_LIBRARY}, SCardReleaseContext",
    _CPS,
    Need.PCSC,
)
def _released(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    context = pcsc.context()
    handle = pcsc.connect("cps3", context=context)
    pcsc.ok("ReleaseContext", context)
    pcsc.refuses(handle, "E_INVALID_HANDLE")


@CASES.each(
    "protocol-choice",
    "The protocol that both sides have is chosen; one that the card does not have is refused",
    f"{_LIBRARY}, SCardConnect",
    ("cps3", "t1test"),
    Need.PCSC,
)
def _protocol(bench: Bench, kind: str) -> None:
    pcsc = Pcsc(bench)
    has, has_not = (T0, T1) if kind == "cps3" else (T1, T0)
    context = pcsc.context()
    for offered in (ANY, has):
        handle, active = pcsc.ok("Connect", context, pcsc.reader(kind), SHARED, offered)
        same(active, has, f"the active protocol when {offered} is offered")
        pcsc.ok("Disconnect", handle, LEAVE)
    pcsc.gives("E_PROTO_MISMATCH", "Connect", context, pcsc.reader(kind), SHARED, has_not)


@CASES.case(
    "protocol-shared",
    "A second handle has the protocol of the first, and cannot have another",
    f"{_LIBRARY}, SCardConnect",
    _CPS,
    Need.PCSC,
)
def _protocol_shared(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    pcsc.connect("cps3")
    _, active = pcsc.ok("Connect", pcsc.context(), pcsc.reader("cps3"), SHARED, T0)
    same(active, T0, "the active protocol of the second handle")
    pcsc.gives("E_PROTO_MISMATCH", "Connect", pcsc.context(), pcsc.reader("cps3"), SHARED, T1)


@CASES.case(
    "status", "SCardStatus tells reader, state, protocol and ATR", f"{_LIBRARY}, SCardStatus", _CPS, Need.PCSC
)
def _status(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    handle = pcsc.connect("cps3")
    reader, state, protocol, atr = pcsc.ok("Status", handle)
    same(reader, pcsc.reader("cps3"), "the reader's name")
    same(protocol, T0, "the protocol")
    assert isinstance(state, int)
    assert isinstance(atr, list)
    check(state & 0x04 and not state & 0x02, f"state {state:04X} does not say that a card is present")
    check(state & 0x10, f"state {state:04X} does not say that the card is powered")
    check(len(atr) >= 2 and atr[0] in (0x3B, 0x3F), "the ATR does not begin with TS")


@CASES.each(
    "atr-everywhere",
    "Status, status change and attribute tell the same ATR",
    f"{_LIBRARY}, SCARD_ATTR_ATR_STRING",
    ("cps3", "vitale2", "t1test"),
    Need.PCSC,
)
def _atr(bench: Bench, kind: str) -> None:
    pcsc = Pcsc(bench)
    handle = pcsc.connect(kind)
    told = pcsc.ok("Status", handle)[3]
    assert isinstance(told, list)
    atr = bytes(told)
    name, state, changed = pcsc.state(pcsc.context(), kind)
    same(name, "SCARD_S_SUCCESS", "SCardGetStatusChange")
    check(state & PRESENT, "the status change does not say that a card is present")
    same(changed, atr, "the ATR of the status change")
    name, rest = pcsc.call("GetAttrib", handle, _ATTR_ATR)
    if name not in UNSUPPORTED:
        same(name, "SCARD_S_SUCCESS", "SCardGetAttrib of the ATR")
        assert isinstance(rest[0], list)
        same(bytes(rest[0]), atr, "the attribute ATR")


@CASES.case(
    "in-use-shown",
    "A connected card is shown as in use, and no longer when it is let go",
    f"{_LIBRARY}, SCARD_STATE_INUSE",
    _CPS,
    Need.PCSC,
)
def _in_use(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    context = pcsc.context()
    handle = pcsc.connect("cps3")
    check(pcsc.state(context, "cps3")[1] & IN_USE, "the card is not shown as in use")
    pcsc.ok("Disconnect", handle, LEAVE)
    check(not pcsc.state(context, "cps3")[1] & IN_USE, "the card is still shown as in use")


@CASES.case(
    "exclusive-shown",
    "A card held exclusively is shown so",
    f"{_LIBRARY}, SCARD_STATE_EXCLUSIVE",
    _CPS,
    Need.PCSC,
)
def _exclusive_shown(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    context = pcsc.context()
    handle = pcsc.connect("cps3", EXCLUSIVE)
    check(pcsc.state(context, "cps3")[1] & 0x80, "the card is not shown as held exclusively")
    pcsc.ok("Disconnect", handle, LEAVE)
    check(not pcsc.state(context, "cps3")[1] & 0x80, "the card is still shown as held exclusively")


@CASES.case(
    "attributes",
    "Vendor and longest input are told; an attribute that is not there is refused",
    "PC/SC part 3 §3.1.6",
    _CPS,
    Need.PCSC,
)
def _attributes(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    handle = pcsc.connect("cps3")
    name, _ = pcsc.call("GetAttrib", handle, _ATTR_NONSENSE)
    check(name != "SCARD_S_SUCCESS", "an attribute that does not exist has a value")
    name, rest = pcsc.call("GetAttrib", handle, _ATTR_VENDOR)
    if name in UNSUPPORTED:
        raise CannotRun("the driver tells no vendor")
    same(name, "SCARD_S_SUCCESS", "SCardGetAttrib of the vendor")
    vendor = rest[0]
    assert isinstance(vendor, list)
    check(any(vendor), "the vendor has no name")
    name, rest = pcsc.call("GetAttrib", handle, _ATTR_MAXINPUT)
    if name == "SCARD_S_SUCCESS" and isinstance(rest[0], list):
        check(int.from_bytes(bytes(rest[0]), "little") >= 255, "the longest input is below 255 bytes")


@CASES.case("attributes-set", "An attribute cannot be set", "PC/SC part 3 §3.1.6", _CPS, Need.PCSC)
def _attributes_set(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    name, _ = pcsc.call("SetAttrib", pcsc.connect("cps3"), _ATTR_VENDOR, [0x78])
    check(name != "SCARD_S_SUCCESS", "the vendor's name can be changed")


@CASES.case(
    "features",
    "The list of features is well-formed and each feature stands in it once",
    "PC/SC part 10 §2.2",
    _CPS,
    Need.PCSC,
)
def _features(bench: Bench) -> None:
    features = _feature_list(Pcsc(bench))
    check(set(features) <= set(_FEATURES), "a feature that part 10 does not define")


def _feature_list(pcsc: Pcsc) -> dict[int, int]:
    handle = pcsc.connect("cps3")
    name, rest = pcsc.call("Control", handle, _GET_FEATURES, [])
    if name in UNSUPPORTED:
        raise CannotRun("the reader has no features of part 10")
    same(name, "SCARD_S_SUCCESS", "SCardControl(GET_FEATURE_REQUEST)")
    assert isinstance(rest[0], list)
    raw = bytes(rest[0])
    same(len(raw) % 6, 0, "bytes left over in the list of features")
    found: dict[int, int] = {}
    for at in range(0, len(raw), 6):
        tag, length, code = struct.unpack_from(">BBI", raw, at)
        same(length, 4, f"length of feature {tag:02X}")
        check(tag not in found, f"feature {tag:02X} stands twice")
        found[tag] = code
    return found


@CASES.case(
    "feature-properties",
    "The properties of the PIN pad and of the reader are well-formed",
    "PC/SC part 10 §2.5.5, §2.6.14",
    _CPS,
    Need.PCSC,
)
def _properties(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    features = _feature_list(pcsc)
    if not {0x0A, 0x12} & set(features):
        raise CannotRun("the reader tells no properties")
    handle = pcsc.connect("cps3")
    if 0x0A in features:
        (properties,) = pcsc.ok("Control", handle, features[0x0A], [])
        assert isinstance(properties, list)
        same(len(properties), 4, "bytes of PIN_PROPERTIES_STRUCTURE")
    if 0x12 in features:
        (properties,) = pcsc.ok("Control", handle, features[0x12], [])
        assert isinstance(properties, list)
        raw, at, tags = bytes(properties), 0, set()
        while at < len(raw):
            check(
                at + 2 <= len(raw) and at + 2 + raw[at + 1] <= len(raw), "the properties end within an object"
            )
            tags.add(raw[at])
            at += 2 + raw[at + 1]
        check(tags, "there are no properties")


@CASES.case(
    "control-unknown", "A control code that does not exist is refused", "PC/SC part 10 §2.1", _CPS, Need.PCSC
)
def _control(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    name, _ = pcsc.call("Control", pcsc.connect("cps3"), 0x42001234, [1, 2, 3])
    check(name != "SCARD_S_SUCCESS", "a control code that does not exist succeeds")


@CASES.case(
    "transmit-other-protocol",
    "A command for the protocol that is not active is refused",
    f"{_LIBRARY}, SCardTransmit",
    _CPS,
    Need.PCSC,
)
def _transmit_protocol(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    name, _ = pcsc.transmit(pcsc.connect("cps3"), "00A4000C023F00", T1)
    check(name != "SCARD_S_SUCCESS", "a T=1 command goes to a T=0 card")


@CASES.case(
    "reconnect-active",
    "Reconnecting tells the active protocol and leaves the card as it is",
    f"{_LIBRARY}, SCardReconnect",
    _CPS,
    Need.PCSC,
)
def _reconnect(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    handle = pcsc.fresh("cps3")
    pcsc.answers(handle, "00A4020C022F00", "9000")
    (active,) = pcsc.ok("Reconnect", handle, SHARED, ANY, LEAVE)
    same(active, T0, "the active protocol")
    pcsc.answers(handle, "00B0000001", "619000")
    pcsc.ok("Reconnect", handle, SHARED, ANY, RESET)
    pcsc.answers(handle, "00B0000001", "6986")


@CASES.case(
    "transmit-long",
    "An answer of 256 bytes comes whole through PC/SC",
    f"{_LIBRARY}, SCardTransmit",
    ("t1test",),
    Need.PCSC,
)
def _long(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    name, answer = pcsc.transmit(pcsc.connect("t1test"), "00EE000000", T1)
    same((name, len(answer)), ("SCARD_S_SUCCESS", 2 * 258), "SCardTransmit of 256 bytes")
    name, answer = pcsc.transmit(pcsc.connect("t1test"), "00EE0000000000", T1)
    same((name, len(answer)), ("SCARD_S_SUCCESS", 2 * 65538), "SCardTransmit of 65 536 bytes")
