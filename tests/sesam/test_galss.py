"""GALSS as its clients see it: sessions, contexts, exclusivities of several processes, and the orders to the reader."""

from threading import Thread
from time import sleep

import pytest
from issued import issued

from bifente.sesam.caller import CallerProcess
from bifente.sesam.errors import CallFailed
from bifente.sesam.exclusivity import Exclusivities

SELECT = "00A4040C0DE828BD080F8025000001FF0010"
"""SELECT of the CPS, 13 bytes of name, as an incoming order carries it (Cryptolib CPS, spec/cards.md §2.8)."""


@pytest.fixture
def one(speaker):
    return speaker()


def test_a_session_is_opened_once_for_an_application_and_a_resource(one, speaker) -> None:
    assert one("OuvrirSession APP CPS") == ["0000", "1", "1"]
    assert one("OuvrirSession APP transpa2") == ["0000", "2", "2"]
    assert one("OuvrirSession APP Log_SV") == ["0000", "3", "0"]
    assert one("OuvrirSession APP TRANSPA1")[0] == "0800"
    assert speaker()("OuvrirSession APP CPS")[0] == "0800"
    assert one("OuvrirSession OTHER CPS") == ["0000", "4", "1"]
    assert one("FermerSession 1") == ["0000", "0"]
    assert one("FermerSession 1")[0] == "1000"


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ("APP NOWHERE", "2000"),
        ("ABCDEFGHIJKLMNOPQ CPS", "4000"),
        ("- CPS", "4000"),
        ("~ CPS", "4000"),
        ("APP ~", "4000"),
        ("APP RESOURCES", "4000"),
    ],
)
def test_names_that_no_session_has(one, names, code) -> None:
    assert one(f"OuvrirSession {names}")[0] == code


def test_a_session_is_nobody_elses(one, speaker) -> None:
    one("OuvrirSession APP CPS")
    other = speaker()
    assert other("FermerSession 1")[0] == "1000"
    assert other("Echange 1 000116 3")[0] == "1000"
    assert other("DebutExclusivite 1:3")[0] == "1000"


def test_versions_and_the_table_of_resources(one) -> None:
    assert one("LireVersion") == ["0000", "3.10", "0=0310", "100=0310", "101=0310", "102=0310"]
    assert one("DonneNombreRessources") == ["0000", "3"]
    assert one("DonneTableRessources") == [
        "0000",
        "26",
        "CPS/TRANSPA1/1/2/1",
        "VITALE/TRANSPA2/2/2/1",
        "LOG_SV//0/2/1",
    ]


def test_contexts_of_a_session_and_of_a_resource(one, speaker) -> None:
    one("OuvrirSession APP CPS")
    assert one("LitContexte 2 1 100")[0] == "0020"
    assert one("EcritContexte 1 1 AABB")[0] == "0000"
    assert one("EcritContexte 2 1 0102030405")[0] == "0000"
    assert one("LitContexte 1 1 100") == ["0000", "2", "AABB"]
    assert one("LitContexte 2 1 4")[:2] == ["0010", "5"]
    assert one("EcritContexte 3 1 AA")[0] == "4000"
    other = speaker()
    other("OuvrirSession OTHER CPS")
    assert other("LitContexte 2 2 100") == ["0000", "5", "0102030405"]
    assert other("LitContexte 1 2 100")[0] == "0020"
    assert other("EcritContexte 2 2 -")[0] == "0000"
    assert one("LitContexte 2 1 100")[0] == "0020"


def test_an_exclusivity_keeps_others_out_until_it_ends(one, speaker) -> None:
    other = speaker()
    one("OuvrirSession FIRST CPS")
    other("OuvrirSession SECOND CPS")
    assert one("DebutExclusivite 1:3")[:2] == ["0000", "1"]
    assert one("DebutExclusivite 1:3")[0] == "0008"
    assert other("DebutExclusivite 2:3") == ["0004", "0", "FIRST", "CPS"]
    assert other("DebutExclusivite 2:3 without names")[0] == "0004"
    assert other("Echange 2 000116 3")[0] == "0004"
    assert other("FinExclusivite 1")[0] == "1000"
    assert one("Echange 1 000116 3")[0] == "0000"
    assert one("FinExclusivite 1") == ["0000"]
    assert other("DebutExclusivite 2:3")[:2] == ["0000", "2"]


def test_levels_of_exclusivity(one, speaker) -> None:
    other = speaker()
    one("OuvrirSession FIRST CPS")
    other("OuvrirSession SECOND VITALE")
    assert one("DebutExclusivite 1:3")[0] == "0000"
    assert other("DebutExclusivite 2:3")[0] == "0000", "another logical device"
    assert one("FinExclusivite 1") == ["0000"]
    assert one("DebutExclusivite 1:2")[0] == "0004", "the whole reader"
    assert one("DebutExclusivite 1:1")[0] == "0004", "the channel"
    for question in ("1", "1:0", "1:4", ":3", "x:1", "~", "-"):
        assert one(f"DebutExclusivite {question}")[0] == "4000"
    assert one("DebutExclusivite 9:3")[0] == "1000"


def test_a_process_that_is_killed_inside_an_exclusivity_leaves_nothing_behind(one, speaker) -> None:
    other = speaker()
    one("OuvrirSession FIRST CPS")
    one("EcritContexte 1 1 AA")
    one("DebutExclusivite 1:1")
    other("OuvrirSession SECOND CPS")
    assert other("DebutExclusivite 2:3")[0] == "0004"
    one.kill()
    for _ in range(50):
        code = other("DebutExclusivite 2:3")[0]
        if code == "0000":
            break
    assert code == "0000"
    assert other("OuvrirSession FIRST CPS")[0] == "0000", "its sessions are gone too"


def test_closing_the_session_ends_its_exclusivity(one, speaker) -> None:
    one("OuvrirSession FIRST CPS")
    one("DebutExclusivite 1:3")
    assert one("FermerSession 1") == ["0000", "1"]
    other = speaker()
    other("OuvrirSession SECOND CPS")
    assert other("DebutExclusivite 2:3")[0] == "0000"


def test_who_waits_first_is_served_first() -> None:
    queue = Exclusivities()
    holder, second, third = (CallerProcess((0, number), f"p{number}") for number in range(3))
    lads = frozenset((1,))
    number = queue.take(holder, "A", "CPS", lads, 0)
    with pytest.raises(CallFailed) as refused:
        queue.take(second, "B", "CPS", lads, 0.01)
    assert refused.value.code == 0x0004
    order: list[str] = []

    def wait(caller: CallerProcess) -> None:
        mine = queue.take(caller, caller.name, "CPS", lads, 10)
        order.append(caller.name)
        queue.release(mine, caller)

    threads = []
    for waiting, caller in enumerate((second, third), 1):
        thread = Thread(target=wait, args=(caller,))
        thread.start()
        threads.append(thread)
        while len(queue.queue) < waiting:
            sleep(0.001)
    queue.release(number, holder)
    for thread in threads:
        thread.join(10)
    assert order == ["p1", "p2"]


def test_the_orders_to_the_reader(one) -> None:
    one("OuvrirSession APP CPS")
    assert one("Echange 1 000116 3") == ["0000", "3", "000100"], "present, off until it is powered on"
    assert one(f"Echange 1 00010000{SELECT} 5")[2] == "030100", "refused: no power"
    code, _, answer = one("Echange 1 000114 36")
    assert (code, answer[:6]) == ("0000", "000301")
    assert bytes.fromhex(answer[6:]) == issued("gp").power_on()
    assert one("Echange 1 000116 3") == ["0000", "3", "000301"]
    assert one(f"Echange 1 00010001{SELECT} 5") == ["0000", "5", "0003019000"]
    assert one("Echange 1 00011501 3") == ["0000", "3", "120101"], "off, and still present"
    assert one("Echange 1 000199 3") == ["0000", "1", "02"]
    assert one("Echange 1 000216 3") == ["0000", "1", "13"], "another logical device than the session's"
    assert one("Echange 1 FF010A30 300") == ["0000", "1", "01"], "no such application"
    assert one("Echange 1 0001 3")[0] == "4000"
    assert one("Echange 1 000114 5")[:2] == ["0010", "20"], "the size that is needed is said"


def test_an_incoming_order_gives_the_status_word_and_the_caller_fetches(one) -> None:
    one("OuvrirSession APP CPS")
    one("Echange 1 000114 36")
    asking_for_fci = "00A404040DE828BD080F8025000001FF0010"
    _, _, answer = one(f"Echange 1 00010001{asking_for_fci} 300")
    assert answer[:6] == "000301"
    assert answer[6:8] == "61", "data wait: GET RESPONSE is the caller's"
    waiting = answer[8:10]
    _, size, fetched = one(f"Echange 1 0001010100C00000{waiting} 300")
    assert int(size) == 3 + int(waiting, 16) + 2
    assert fetched.endswith("9000")
    one(f"Echange 1 00010001{SELECT} 5")
    one("Echange 1 000100" + "01" + "00A4000C023F00" + " 5")
    assert one("Echange 1 0001010100B09C00C0 300")[2][6:8] in ("6C", "6A"), (
        "so is the repetition with another Le"
    )


def test_the_counter_tells_of_a_card_that_came_and_went(one, desk) -> None:
    one("OuvrirSession APP CPS")
    one("Echange 1 000114 36")
    assert one(f"Echange 1 00010000{SELECT} 5") == ["0000", "3", "160301"], "not the counter: here it is"
    card = desk.reader.remove("CPS")
    assert one("Echange 1 000116 3") == ["0000", "3", "000002"]
    assert one(f"Echange 1 00010002{SELECT} 5") == ["0000", "3", "170002"]
    assert one("Echange 1 000114 36") == ["0000", "3", "000002"]
    desk.reader.insert("CPS", card)
    assert one("Echange 1 000116 3") == ["0000", "3", "000103"]


def test_a_reader_that_is_gone_does_not_answer(one, desk) -> None:
    one("OuvrirSession APP CPS")
    one("Echange 1 000114 36")
    desk.reader.unplug()
    assert one("Echange 1 000116 3")[0] == "0400"
    assert one("Echange 1 000114 36")[0] == "0400"
    desk.reader.plug()
    assert one("Echange 1 000116 3")[2][:4] == "0001"


def test_only_the_low_32_bits_of_a_length_are_touched(one) -> None:
    """Where a caller spells the lengths as ``unsigned long`` of 64 bits, the upper half is not the library's."""
    one("OuvrirSession APP CPS")
    assert one("EchangeLong 1 000116 3") == ["0000", str((0xAAAAAAAA << 32) + 3), "000100"]
