"""The pytest plugin as its users meet it: in runs of their own."""

import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bifente.fse.sheet
import bifente.terminal
import bifente.testing.emulated
import bifente.workbench.targets  # noqa: F401 - what the runs below would import again and again

pytest_plugins = ["pytester"]

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "pytest-project"


ROOMS = [
    "apdu",
    "codes",
    "crypto",
    "documents",
    "ssv",
    "layouts",
    "applets",
    "reader",
    "terminal",
    "traces",
    "conformance",
    "igc",
    "testing",
]


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported() -> None:
    """A run within this process takes out of ``sys.modules`` what it has imported: whoever imports it again would have every
    class of it twice, and later tests would change the wrong one. So nothing is left for it to import.
    """
    for room in ROOMS:
        package = importlib.import_module(f"bifente.{room}")
        for _, name, _ in pkgutil.walk_packages(package.__path__, f"bifente.{room}."):
            importlib.import_module(name)


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A run inside this one, which has imported what it needs: a process of its own takes seconds to begin."""
    return pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "-W", "default", "--strict-markers", *arguments
    )


def run_apart(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A run in a process of its own."""
    return pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "--strict-markers", *arguments, timeout=120
    )


def test_the_example_project_passes(tmp_path: Path) -> None:
    pytest.importorskip("smartcard")
    project = tmp_path / "project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed" in done.stdout


def test_each_test_has_fresh_cards(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("turn", [1, 2])
        def test_a_try(cps, turn):
            link = cps.link()
            assert link.transmit(bytes.fromhex("002000010439393939")) == bytes.fromhex("63C2")

        def test_blocked_and_unblocked(blocked_cps):
            session = blocked_cps.session()
            assert session.pin_status().blocked
            session.unblock(blocked_cps.puk, b"4321")
            session.verify_pin(b"4321")

        def test_both_cards_recognise_each_other(cps, vitale):
            from datetime import date
            from bifente.terminal import recognise
            with recognise(cps.session(pin=cps.pin), vitale.session(), date=date.today()):
                pass

        def test_serials_differ(cps, vitale):
            assert cps.serial and vitale.serial and cps.serial != vitale.serial
        """
    )
    run(pytester).assert_outcomes(passed=5)


def test_markers_of_class_and_test_add_up(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.bifente(cps="nurse", vitale=None)
        class TestNurse:
            def test_nurse(self, cps, bifente_reader):
                assert cps.session().holder().profession == 60
                assert bifente_reader.vitale is None

            @pytest.mark.bifente(vitale="vitale-family")
            def test_with_a_family(self, cps, vitale):
                assert cps.session().holder().profession == 60
                assert vitale.session().identity()

            @pytest.mark.bifente(cps="gp", vitale="vitale1-family")
            def test_with_a_family_card(self, cps, vitale):
                from datetime import date
                from bifente.terminal import recognise
                session = vitale.session_1()
                with recognise(cps.session(pin=cps.pin), session, date=date.today()):
                    assert len([group for group in session.rights() if group.id == 104]) == 6
        """
    )
    run(pytester).assert_outcomes(passed=3)


def test_a_failure_shows_the_dialogue_without_the_pin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(cps):
            cps.session().verify_pin(b"7391")
        """
    )
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*what was said to the cards*",
            "CPS*0020000104******** -> 63C2*",
            "*why: the value is not that of PIN 01; 2 of 3 tries are left*(ISO/IEC 7816-4:2020 §11.6.6)",
        ]
    )
    result.stdout.no_fnmatch_line("*37333931*")


def test_the_trace_can_be_kept(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(cps, trace, tmp_path):
            assert trace.exchanges == []
            cps.session(pin=cps.pin)
            assert "0020000104********" in trace.commands
            assert any("VERIFY" in line for line in trace.explain())
            trace.write(tmp_path / "trace.jsonl")
            assert "31323334" not in (tmp_path / "trace.jsonl").read_text()
            trace.clear()
            assert trace.exchanges == []
        """
    )
    run(pytester).assert_outcomes(passed=1)


MISTAKES = [
    ('bifente("nurse")', "takes names"),
    ('bifente(doctor="gp")', "unknown name: 'doctor'; there are cps, vitale, over, changes"),
    ('bifente(vitalle="gp")', "did you mean 'vitale'"),
    ('bifente(over="air")', "process, pyscard, socket"),
    ('bifente(over="sokcet")', "did you mean 'socket'"),
    ('bifente(cps="nobody")', "unknown profile in cps: 'nobody'; there are cpa, dentist"),
    ('bifente(vitale="vitale-familly")', "did you mean 'vitale-family'"),
    ("bifente(cps=3)", "cps is the name of a profile"),
    ('bifente(cps="none.yaml")', "none.yaml"),
    ('bifente(changes={"pin/1/lef": b"!"})', "did you mean 'pin/01/left'"),
    ('bifente(changes={"pin/01/left": 1})', "bytes; 'pin/01/left' has int"),
    ('bifente(changes=["pin/01/left"])', "changes is a dict"),
    ("bifente(cps=None)", "cps=None"),
]


def test_mistakes_are_named(pytester: pytest.Pytester) -> None:
    """Each in the error of its own test; all in one run, for a run takes seconds to begin."""
    pytester.makepyfile(
        "import pytest\n\n"
        + "".join(
            f"@pytest.mark.{marker}\ndef test_{number:02}(cps):\n    pass\n\n\n"
            for number, (marker, _) in enumerate(MISTAKES)
        )
    )
    result = run(pytester)
    result.assert_outcomes(errors=len(MISTAKES))
    parts = re.split(r"^_+ ERROR at setup of test_(\d\d) _+$", result.stdout.str(), flags=re.MULTILINE)
    told = dict(zip(map(int, parts[1::2]), parts[2::2], strict=True))
    # the last part ends with a summary of all
    told[len(MISTAKES) - 1] = told[len(MISTAKES) - 1].partition("short test summary")[0]
    for number, (marker, said) in enumerate(MISTAKES):
        assert said in told[number], marker


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@pytest.mark.bifent(cps=None)\ndef test_it(cps): pass", "did you mean @pytest.mark.bifente"),
        ("@pytest.mark.bifente(cps=None)\ndef test_it(): pass", "on a test without cards"),
        (
            "@pytest.mark.bifente(cps=None, changes={'a': b''})\ndef test_it(vitale): pass",
            "the test has none",
        ),
    ],
)
def test_a_marker_that_would_change_nothing_is_refused(
    pytester: pytest.Pytester, text: str, said: str
) -> None:
    pytester.makepyfile(f"import pytest\n\n{text}\n")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "default")
    assert result.ret != 0
    assert said in result.stdout.str() + result.stderr.str()


def test_a_marker_of_a_class_may_stand_over_tests_without_cards(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.bifente(vitale=None)
        class TestMany:
            def test_without(self): pass
            def test_with(self, cps): pass
        """
    )
    run(pytester).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--over", "sokcet"], "invalid choice: 'sokcet'"),
        (["--suite", "vital"], "invalid choice: 'vital'"),
        (["--serial", "00000017"], "--serial is about the card in a --reader"),
        (["--destructive"], "--destructive is about the card in a --reader"),
    ],
)
def test_options_that_would_change_nothing_are_refused(
    pytester: pytest.Pytester, options: list[str], said: str
) -> None:
    result = run(pytester, "--pyargs", "bifente.conformance", "-x", *options)
    assert result.ret != 0
    assert said in result.stdout.str() + result.stderr.str()


def test_other_plugins_may_have_our_short_names(pytester: pytest.Pytester) -> None:
    names = ("reader", "over", "card", "suite", "serial", "emulated", "destructive")
    lines = "".join(f'    parser.addoption("--{name}", default="{name} of mine")\n' for name in names)
    pytester.makeconftest(f"def pytest_addoption(parser):\n{lines}")
    pytester.makepyfile(
        """
        def test_it(cps, pytestconfig):
            assert pytestconfig.getoption("reader") == "reader of mine"
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_a_run_that_uses_no_card_imports_nothing_of_ours(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it():
            ours = {name for name in sys.modules if name.startswith("bifente")}
            assert ours == {"bifente", "bifente.testing", "bifente.testing.plugin"}
        """
    )
    run_apart(pytester).assert_outcomes(passed=1)


def test_the_fixtures_are_documented(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    said = run(pytester, "--fixtures").stdout.str() + run(pytester, "--markers").stdout.str()
    text = (EXAMPLE.parents[1] / "pytest-plugin.md").read_text(encoding="utf-8")
    for name in ("bifente_reader", "cps", "vitale", "blocked_cps", "trace", "bifente_cards"):
        assert f"\n{name}" in said
        assert f"`{name}`" in text
    assert "@pytest.mark.bifente(" in said
