"""What a program begins with: the names that bifente, bifente.testing and bifente.traces give, and the README's two lines."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("package", ["bifente", "bifente.testing", "bifente.traces"])
def test_every_name_that_is_promised_is_there(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        module.nothing_of_ours  # noqa: B018


@pytest.mark.parametrize("page", ["README.md", "README.fr.md"])
def test_a_card_in_memory_is_two_lines(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    first = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[0]
    two_lines = [line for line in first.splitlines() if line][:2]
    assert two_lines[0] == "from bifente import emulated_card"
    assert two_lines[1].startswith("card = emulated_card(")
    exec(compile(first, page, "exec"), {})
    atr, answer = capsys.readouterr().out.split()
    assert atr.startswith("3b")
    assert answer == "9000"


def test_cards_of_a_process_recognise_each_other() -> None:
    from datetime import date

    from bifente import CpsSession, TwoSlotReader, VitaleSession, emulated_card, recognise

    with TwoSlotReader() as reader:
        reader.insert("CPS", emulated_card("gp"))
        reader.insert("Vitale", emulated_card("vitale-single"))
        cps, vitale = CpsSession(reader.link("CPS")), VitaleSession(reader.link("Vitale"))
        cps.verify_pin(b"1234")
        with recognise(cps, vitale, date=date.today()):
            assert any(group.id == 104 for group in vitale.rights())


@pytest.mark.parametrize("package", ["bifente", "bifente.testing"])
def test_the_names_cost_nothing_until_they_are_used(package: str) -> None:
    program = (
        f"import sys, {package}\nprint(*sorted(name for name in sys.modules if name.startswith('bifente')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == sorted({"bifente", package})
