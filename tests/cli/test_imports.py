"""How soon a command can begin: what it imports is named and counted, as no clock of a busy machine would tell."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from keypool import cycling

from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import create_card_file
from bifente.igc import Authority

SLOW = {
    *("pydantic", "pydantic_core", "yaml", "asn1crypto", "dpkt", "smartcard", "jinja2", "xml", "email.mime"),
    *("cryptography", "rich", "construct", "dataclasses"),
}
"""What no command needs that shows a card or serves a reader."""


def imported(code: str) -> set[str]:
    """The modules that are there when *code* has run in a process of its own."""
    program = f"import sys\n{code}\nsys.__stderr__.write('\\n'.join(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    return set(done.stderr.split())


def by_command(*arguments: str) -> set[str]:
    return imported(f"from bifente.cli.main import main\nassert main({list(arguments)!r}) == 0")


@pytest.fixture(scope="module")
def cards(
    tmp_path_factory: pytest.TempPathFactory, pooled_authority: Authority, pooled_keys: list[RSAPrivateKey]
) -> Path:
    folder = tmp_path_factory.mktemp("cards")
    for profile in ("gp", "vitale-volets"):
        records = personalise(
            read_profile(profile), pooled_authority, keys=cycling(pooled_keys), today=date(2026, 1, 31)
        )
        create_card_file(folder / f"{profile}.card", records)
    return folder


def test_help_imports_click_and_three_small_modules_of_ours() -> None:
    smallest = "import click\nclick.Command('x').main(['--help'], standalone_mode=False)"
    more = by_command("--help") - imported(smallest)
    assert {name for name in more if not name.startswith("click.")} == {
        "bifente",
        "bifente.cli",
        "bifente.cli.lazygroup",
        "bifente.cli.main",
        "bifente.cli.terminated",
        "signal",
    }


@pytest.mark.parametrize("profile", ["gp", "vitale-volets"])
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_showing_a_card_needs_no_model_of_a_profile(
    cards: Path, profile: str, options: tuple[str, ...]
) -> None:
    loaded = by_command("card", "show", str(cards / f"{profile}.card"), *options)
    assert {name for name in SLOW if name in loaded} == set()
    makers = ("bifente.applets.families.", "bifente.applets.perso.make.", "bifente.applets.perso.profile.")
    assert {name for name in loaded if name.startswith(makers)} == set()
    assert not {"bifente.applets.perso.edit.change", "bifente.applets.perso.edit.dump"} & loaded
    assert "bifente.applets.kernel.card" not in loaded
    assert "bifente.igc" not in loaded
    more = loaded - imported("import click")
    assert len({name for name in more if name.startswith("bifente")}) <= 126
    assert len(more) <= 160


def test_a_served_reader_needs_no_model_and_no_screen(cards: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("the socket of pcsc-lite is Linux's")
    loaded = by_command(
        "reader",
        "run",
        "--ephemeral",
        str(cards / "gp.card"),
        str(cards / "vitale-volets.card"),
        "--",
        "true",
    )
    assert {name for name in SLOW if name in loaded} == set()
    assert "bifente.applets.perso" not in loaded
    assert len(loaded - imported("import click")) <= 226


def test_listing_the_profiles_needs_no_model_of_one() -> None:
    loaded = by_command("card", "profiles")
    assert {name for name in SLOW if name in loaded} == set()
