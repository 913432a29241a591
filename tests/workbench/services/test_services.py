"""Each security service holds, by the check that is told, and the page about them shows what really happens."""

import json
import re
import shlex
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from issued import authority

from bifente.cli.main import main
from bifente.fse.caisse import evidence
from bifente.fse.errors import FseError
from bifente.igc import Authority
from bifente.workbench.cards.maker import CardMaker
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.services import authentication, proving
from bifente.workbench.services import stage as stages
from bifente.workbench.services.catalogue import SERVICES, require_holding, show_on, show_service
from bifente.workbench.services.forging import enveloped, readdressed, with_more_asked
from bifente.workbench.services.shown import AttackNotice, ShownAttack, ShownService, noticed
from bifente.workbench.services.stage import ServicesStage

PAGE = Path(__file__).parents[3] / "docs" / "services.md"

EXPECTED = {
    "sender": {
        "forged sender: another's card": {("ARL-", "L08")},
        "forged sender: a certificate of one's own": {("ARL-", "L06")},
    },
    "recipient": {
        "false caisse": {("UnknownCaisse", "input.unknown-caisse")},
        "exchanged certificate": {("CertificateNotForLetter", "input.certificate")},
        "wrong recipient": {("ARL-", "L09")},
    },
    "origin": {
        "denied sending": {("openssl cms -verify", "exit 0")},
        "made-up lot": {("openssl cms -verify", "exit 4"), ("LotRefused", "signature.lot-signature")},
    },
    "receipt": {
        "denied receipt": {("openssl cms -verify", "exit 0")},
        "forged ARL: another caisse's key": {("ReturnRefused", "signature")},
        "forged ARL: a certificate of one's own": {("ReturnRefused", "signature")},
        "an ARL for a lot never sent": {("ReturnRefused", "signature")},
    },
    "integrity": {
        "altered lot": {("ARL-", "L12")},
        "altered sheet": {("ARL-", "L13")},
        "a bit on the way": {("ARL-", "L01")},
    },
    "confidentiality": {
        "eavesdropper": {("WrongRecipient", "input.wrong-recipient")},
        "readdressed envelope": {("MailRefused", "input.mail")},
    },
    "traceability": {
        "replayed lot": {("journal", "repeated")},
        "sheet moved to another lot": {("ARL-", "L08"), ("ARL-", "L12"), ("ARL-", "L14")},
        "sheet billed twice": {("ARL-", "L23")},
        "lot put in another's place": {("ARL-", "L11")},
    },
    "chaining": {
        "the platform guesses": {("comparison with the numbers kept", "")},
        "the producer guesses": {("comparison with the numbers kept", "")},
        "a pass left out": {("ChainingError", "input.chaining")},
    },
}
"""Which check refuses which attack: not another one by chance."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServicesStage]:
    with ServicesStage(tmp_path_factory.mktemp("services"), authority()) as made:
        yield made


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_honest_is_accepted_and_each_attack_refused_by_its_check(
    name: str, stage: ServicesStage, require_tool: Callable[[str], str]
) -> None:
    if name in ("origin", "receipt"):
        require_tool("openssl")
    shown = show_on(stage, name)
    assert shown.name == name
    assert shown.accepted, shown.honest
    told = {attack.name: {(one.check, one.code) for one in attack.notices} for attack in shown.attacks}
    assert told == EXPECTED[name]
    assert all(attack.refused for attack in shown.attacks)
    assert shown.holds
    require_holding(shown)


def test_the_journal_of_the_caisse_has_the_codes_that_were_told(stage: ServicesStage) -> None:
    with stage.caisse.caisse.store.reading() as transaction:
        before = len(transaction.journal())
    shown = authentication.sender(stage)
    with stage.caisse.caisse.store.reading() as transaction:
        lines = [one.detail for one in transaction.journal()[before:] if one.event == "arl-negative"]
    reasons = [one.reason for attack in shown.attacks for one in attack.notices]
    assert [line.split(": ", 1)[1][:60] for line in lines] == [
        f"{one.code} {one.reason}"[:60] for attack in shown.attacks for one in attack.notices
    ]
    assert len(set(reasons)) == 2


def test_without_an_attack_the_lot_goes_through_and_the_show_says_so(stage: ServicesStage) -> None:
    """What builds the attacks is the attack: the same road without it ends in an ARL+, which is no refusal."""
    lot = stage.lot(stage.consultation(stage.stranger))
    answer = stage.sent(stage.sealed(stage.file(lot, stage.stranger.signer), lot))
    (notice,) = answer.notice()
    assert answer.positive
    assert not notice.refused
    assert not ShownAttack("none", (), answer.notice()).refused


def test_an_envelope_readdressed_to_its_own_recipient_still_opens(stage: ServicesStage) -> None:
    """So that it is the key that keeps a readdressed one shut."""
    from bifente.fse.post import open_letter
    from bifente.workbench.services.forging import with_enveloped

    lot = stage.lot(stage.consultation())
    mail = stage.sealed(stage.file(lot), lot)
    issued = stage.caisse.issued
    same = with_enveloped(mail, readdressed(enveloped(mail), issued.certificate))
    assert open_letter(same, issued.key, issued.certificate) == open_letter(
        mail, issued.key, issued.certificate
    )


def test_altered_records_still_add_up(stage: ServicesStage) -> None:
    """The attack is a good one: records that are well formed, with totals that fit; only the signature tells."""
    from bifente.fse.b2.check import check

    lot = stage.lot(stage.consultation())
    b2 = stage.file(lot).b2
    altered = with_more_asked(b2, 2100, 2900, 3000)
    assert altered != b2
    assert list(check(altered)) == list(check(b2))


def test_a_third_party_without_openssl_is_bifente_and_says_so(
    stage: ServicesStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot = stage.lot(stage.consultation())
    (signed,) = stage.file(lot).signed_lots
    monkeypatch.setattr(proving.shutil, "which", lambda _name: None)
    good = proving.third_party(signed, stage.trust)
    changed = proving.third_party(signed.replace(b'"lot":', b'"lox":'), stage.trust)
    strange = proving.third_party(signed, replace(stage.trust, anchors=()))
    assert (good.holds, changed.holds, strange.holds) == (True, False, False)
    assert "openssl is not installed" in good.check
    assert "not the one that was signed" in changed.words


def test_openssl_refuses_under_other_roots(stage: ServicesStage, require_tool: Callable[[str], str]) -> None:
    require_tool("openssl")
    lot = stage.lot(stage.consultation())
    (signed,) = stage.file(lot).signed_lots
    others = (stage.authority.trust_store.intermediates[0],)
    assert proving.third_party(signed, stage.trust).holds
    found = proving.third_party(signed, replace(stage.trust, anchors=others, intermediates=()))
    assert not found.holds
    assert "verif" in found.words


def test_a_service_that_does_not_hold_is_an_error() -> None:
    def fails() -> None:
        raise FseError("seen\nand more")

    refused = ShownAttack("one", (), (noticed("somebody", fails),))
    passed = ShownAttack("two", (), (noticed("somebody", lambda: None),))
    assert refused.notices == (AttackNotice("somebody", "FseError", FseError.kind, "seen"),)
    require_holding(ShownService("x", "x", (), True, (refused,)))
    for shown, why in (
        (ShownService("x", "x", (), True, (refused, passed)), "not refused: two"),
        (ShownService("x", "x", (), False, (refused,)), "honest exchange was not accepted"),
    ):
        with pytest.raises(WorkbenchError, match=why) as found:
            require_holding(shown)
        assert found.value.kind == "signature.service"


def test_an_unknown_service_is_told_which_there_are() -> None:
    with pytest.raises(WorkbenchError) as found:
        show_service("secrecy")
    assert found.value.hint == f"one of {', '.join(SERVICES)}"


def page_commands() -> list[str]:
    """The commands on the page, in their order."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in re.findall(r"^\$ bifente (.*)", block, re.MULTILINE)]


@pytest.fixture
def shared_cards(monkeypatch: pytest.MonkeyPatch, stage: ServicesStage) -> None:
    """The commands take cards of the authority that is there: making one takes seconds each time."""

    def maker(authority: Authority | None, *, today: object) -> CardMaker:
        assert authority is None
        return stage.maker

    monkeypatch.setattr(stages, "CardMaker", maker)


def test_the_page_shows_every_service_with_its_command() -> None:
    commands = page_commands()
    assert commands[0] == "fse services"
    assert [f"fse services show {name}" for name in SERVICES] == [
        line for line in commands if " show " in line and not {"--json", "-o"} & set(line.split())
    ]


@pytest.mark.usefixtures("shared_cards")
@pytest.mark.parametrize("line", sorted(set(page_commands())))
def test_a_command_of_the_page_runs(
    line: str,
    capsys: pytest.CaptureFixture[str],
    require_tool: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require_tool("openssl")
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(line)) == 0
    said = capsys.readouterr().out
    if "--json" in line:
        document = json.loads(said)
        assert document["holds"] is True
        assert "synthetic" in document["provenance"]
    elif " show " in line:
        name = line.split()[3]
        page = PAGE.read_text(encoding="utf-8")
        assert "NOT" not in said
        assert "synthetic" in said
        for attack, checks in EXPECTED[name].items():
            assert f"attack, {attack}: refused" in said
            for check, code in checks:
                assert f", {check} {code}".rstrip() + ":" in said
                assert f"`{code or check}`" in page
    else:
        assert re.findall(r"^(\S+) ", said, re.MULTILINE) == list(SERVICES)


def test_the_digest_of_a_lot_is_that_which_a_shell_prints(stage: ServicesStage) -> None:
    lot = stage.lot(stage.consultation())
    file = stage.file(lot)
    answer = stage.sent(stage.sealed(file, lot))
    assert answer.arl is not None
    assert answer.arl.lot_digest == sha256(file.signed_lots[0]).hexdigest()


@pytest.mark.usefixtures("shared_cards")
def test_what_is_kept_is_judged_with_the_commands_of_the_page(
    require_tool: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["fse", "services", "show", "receipt", "-o", "proof"]) == 0
    page = PAGE.read_text(encoding="utf-8")
    said = []
    for line in re.findall(r"^\$ ((?:openssl|sha256sum) .*)", page, re.MULTILINE):
        program, *arguments = shlex.split(line)
        done = subprocess.run(
            [require_tool(program), *arguments], capture_output=True, timeout=20, check=True
        )
        said.append(done.stdout)
    arl, digest = said
    assert json.loads(arl)["lot_digest"] == digest.split()[0].decode()
    assert {stat.S_IMODE(path.stat().st_mode) for path in Path("proof").iterdir()} == {0o600}
    capsys.readouterr()
    assert main(["fse", "services", "show", "receipt", "-o", "proof"]) != 0
    assert "exists" in capsys.readouterr().err
    assert main(["fse", "services", "show", "receipt", "-o", "proof", "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["holds"] is True


def test_a_service_that_leaves_nothing_says_so_before_it_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fse", "services", "show", "sender", "-o", str(tmp_path / "proof")]) == 2
    assert "leaves nothing to keep" in capsys.readouterr().err
    assert not (tmp_path / "proof").exists()


@pytest.mark.usefixtures("shared_cards")
def test_an_attack_goes_through_where_the_check_is_gone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed is what happened: a caisse that compares no records pays the altered lot, and the command says so."""
    monkeypatch.setattr(evidence, "check_rows", lambda _rows, _content: None)
    assert main(["fse", "services", "show", "integrity"]) == 11
    said = capsys.readouterr()
    assert "attack, altered lot: NOT REFUSED" in said.out
    assert "attack, altered sheet: refused" in said.out
    assert "not refused: altered lot" in said.err
