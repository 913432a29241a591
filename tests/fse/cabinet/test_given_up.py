"""Lots that are given up: what their files can still do."""

from clockhands import Hands
from farcaisse import FarCaisse
from sheetbytes import several

from bifente.crypto.cms import KeySigner
from bifente.fse.cabinet import Cabinet
from bifente.fse.cabinet.inbox import Opening
from bifente.fse.cabinet.outbox import CabinetSender
from bifente.fse.lots.grouping import LotLimits
from bifente.fse.post import ARL, MaildirPost


def test_a_lot_without_return_is_given_up_when_its_file_cannot_go_again(
    cabinet: Cabinet,
    clock: Hands,
    lot_signer: KeySigner,
    post: MaildirPost,
    sender: CabinetSender,
    caisse: FarCaisse,
    opening: Opening,
) -> None:
    for raw in several((1, 2)):
        cabinet.keep(raw)
    cabinet.make_lots(lot_signer, limits=LotLimits(invoices=1))
    cabinet.send(post, sender)
    (file,) = caisse.receive()
    caisse.answer((ARL, caisse.arl(file, file.lots[0], ["L99"])))
    assert [mail.kind for mail in cabinet.collect(post, opening)] == ["arl"]
    cabinet.release(1, "signed by the wrong card")
    clock.turn(days=10)
    cabinet.watch()
    assert [sheet.state.value for sheet in cabinet.sheets()] == ["signed", "no return"]
    cabinet.release(2, "its file cannot go again")
    assert [sheet.state.value for sheet in cabinet.sheets()] == ["signed", "signed"]
