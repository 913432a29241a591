"""What cards from profiles give to whoever has proven everything: all sixteen activities, and nothing of a private key."""

import re

import pytest

from bifente.apdu import CommandAPDU
from bifente.apdu.cvc import Cha
from bifente.apdu.files.sdo import SdoClass, SdoId, SdoRequest
from bifente.applets import SmartCard, card_of, layout_of
from bifente.applets.perso import parse_profile
from bifente.applets.perso.profile.shipped import shipped_text
from bifente.applets.store.stores import MemoryStore
from bifente.crypto import rsa
from bifente.layouts.codecs import businessdata
from bifente.layouts.nodes import EF
from bifente.reader import CPS_SLOT, TwoSlotReader
from bifente.terminal import CpsSession

ASKED = (0x80, 0xA0, 0x7F41, 0x7F48, 0x7F49, 0x7B, 0x81, 0x82, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97)
DOCTOR = Cha(1, 0x80, 0, 10, 0, 1)


def test_sixteen_activities(make):
    begin, _, rest = shipped_text("gp").partition("activities:\n")
    others = re.sub(r"\A(?:  .*\n)+", "", rest)
    listed = "".join(
        f"  {number}: {{numero_logique: {number}, mode_exercice: 04, secteur: SA07}}\n"
        for number in range(1, 17)
    )
    records = make(parse_profile(f"{begin}activities:\n{listed}{others}", "p.yaml"))
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, card_of(MemoryStore(records), "cps3"))
        cps = CpsSession(reader.link(CPS_SLOT))
        cps.verify_pin(b"1234")
        read = [cps.data_object(f"CPS_ACTIVITY_{number:02}_PS") for number in range(1, 17)]
    assert [businessdata.ACTIVITY.decode(content)["numero_logique"] for content in read] == [*range(1, 17)]


def answers(card: SmartCard) -> bytes:
    """Every file read whole and every object of every class and reference asked for, in each directory."""
    said = []
    directories = [path for path, _ in card.layout.directories()]
    for path in directories:
        name = bytes.fromhex(path.replace("/", ""))
        select = CommandAPDU.build(0, 0xA4, 0x08 if len(name) > 2 else 0x00, 0x0C, name).raw
        for kind in SdoClass:
            for reference in range(128):
                for tag in ASKED:
                    data = SdoRequest(SdoId(kind, reference), (tag,)).encode()
                    said.append(card.transmit(select))
                    said.append(card.transmit(CommandAPDU.build(0, 0xCB, 0x3F, 0xFF, data, 256).raw))
    for path, node in card.layout.walk():
        if isinstance(node, EF):
            name = bytes.fromhex(path.replace("/", ""))
            said.append(card.transmit(CommandAPDU.build(0, 0xA4, 0x08, 0x0C, name).raw))
            said += [
                card.transmit(CommandAPDU.build(0, 0xB0, at >> 8, at & 0xFF, ne=256).raw)
                for at in range(0, 4096, 256)
            ]
    assert all(len(answer) >= 2 and answer[-2:] != b"\x6f\x00" for answer in said)
    assert sum(answer[-2:] == b"\x90\x00" and len(answer) > 2 for answer in said) > 20
    return b"".join(said)


@pytest.mark.parametrize(("profile", "kind"), [("gp", "cps3"), ("vitale-volets", "vitale2")])
def test_no_private_part_leaves_by_file_or_data_object(profile, kind, make):
    records = make(profile)
    keys = [rsa.load_private(value) for name, value in records.items() if name.startswith("key/")]
    assert len(keys) == {"cps3": 4, "vitale2": 2}[kind]
    given = b""
    for contactless in [False, True] if layout_of(kind).contactless else [False]:
        card = card_of(MemoryStore(records), kind, contactless=contactless)
        card.power_on()
        card.proven.verified |= {1, 2}
        card.proven.role = DOCTOR
        given += answers(card)
    for key in keys:
        numbers = key.private_numbers()
        for part in (numbers.p, numbers.q, numbers.d, numbers.dmp1, numbers.dmq1, numbers.iqmp):
            raw = part.to_bytes((part.bit_length() + 7) // 8, "big")
            assert all(raw[at : at + 16] not in given for at in range(0, len(raw) - 15, 16))
        public = numbers.public_numbers.n.to_bytes(256, "big")
        assert any(public[at : at + 64] in given for at in range(0, 256, 64)), "its public part is"
