"""The read-me pages: every command, typed in its order by an ordinary user in a bare environment."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "README.fr.md")
NOBODY = 65534
RECURSIVE = ("make test", "make check", "make bench", "make docs")
"""What would run this test again, or what other tests run."""

TRANSLATED = {
    "famille": "family",
    "jumelle": "twin",
    "dialogue": "said",
    "<ce dépôt>": "<this repository>",
}


def lines(page: str) -> list[str]:
    """What the page tells to type, without the comments."""
    text = (ROOT / page).read_text(encoding="utf-8")
    indented = re.findall(r"^    (\S.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return [line.split(" #")[0].rstrip() for line in indented]


def example(page: str) -> str:
    """The Python of the page: a card in memory, then a reader with two."""
    found = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(found) == 2
    return "\n".join(found)


def script(page: str) -> str:
    """The whole page as one shell script that stops at what fails."""
    told = ["set -eu"]
    for line in lines(page):
        if line.startswith(RECURSIVE):
            continue
        told.append(f"echo {_quoted(f'$ {line}')}")
        if line.startswith("bifente reader serve"):
            told.append(f"code=0; timeout --signal=INT --kill-after=20 3 {line} || code=$?")
            told.append('case $code in 0|124|130) ;; *) exit "$code" ;; esac')
        else:
            told.append("cd bifente" if line.startswith("git clone") else line)  # the clone stands there
    told.append("python - <<'PYTHON'\n" + example(page) + "PYTHON")
    return "\n".join(told) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@pytest.fixture
def home() -> Iterator[Path]:
    """The home of an ordinary user, with a clone of the files that are kept here."""
    for program in ("gcc", "git", "make", "pipx", "pkcs15-tool", "pkcs11-tool", "timeout"):
        if shutil.which(program, path="/usr/local/bin:/usr/bin:/bin") is None:
            reason = f"{program} is not installed"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
    kept = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if kept.returncode:
        pytest.skip("not a clone: git does not know which files belong to it")
    folder = Path(tempfile.mkdtemp(prefix="bifente-readme-"))
    try:
        for name in os.fsdecode(kept.stdout).split("\0"):
            source = ROOT / name
            if name and source.is_file():
                target = folder / "bifente" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        if os.geteuid() == 0:
            for root, folders, files in os.walk(folder):
                for name in (*folders, *files):
                    os.chown(Path(root, name), NOBODY, NOBODY, follow_symlinks=False)
            os.chown(folder, NOBODY, NOBODY)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(900)
def test_every_command_in_order_as_an_ordinary_user(home: Path) -> None:
    """Nothing of this environment is there: only Debian's programs, a home, and where pip finds its packages."""
    environment = {
        name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "http", "HTTP"))
    }
    environment |= {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    environment["PIP_NO_COMPILE"] = "1"  # three environments: what is imported is compiled then
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        ["bash", "-c", script("README.md")],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=840,
        check=False,
        **who,  # type: ignore[call-overload]  # what subprocess takes as user and group
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    typed = [line for line in done.stdout.splitlines() if line.startswith("$ ")]
    assert len(typed) >= 20
    assert re.search(r"^101 ", done.stdout, re.MULTILINE), "the example in Python prints the groups"


def test_both_pages_tell_the_same() -> None:
    french = "\n".join(lines("README.fr.md"))
    for word, translation in TRANSLATED.items():
        french = french.replace(word, translation)
    assert french.splitlines() == lines("README.md")


def test_the_french_example_is_the_english_one() -> None:
    """Alike but for remarks and the names of its variables and files."""
    names = {"lecteur": "reader", "groupe": "group", "famille": "family"}
    french = re.sub(r"  # .*", "", example("README.fr.md"))
    for word, translation in names.items():
        french = re.sub(rf"\b{word}\b", translation, french)
    assert french == re.sub(r"  # .*", "", example("README.md"))


def test_nothing_says_to_fetch_bifente_from_an_index() -> None:
    """No registry has it: ``pip install bifente`` would install somebody else's package, some day."""
    told = re.compile(r"pip3? install (-\S+ )*['\"]?bifente\b")
    searched = [
        path
        for pattern in ("*.md", "docs/**/*.md", "*/**/*.py", ".ci/*")
        for path in ROOT.glob(pattern)
        if path.is_file() and not {".venv", "build", "tests", "_build"} & set(path.relative_to(ROOT).parts)
    ]
    assert len(searched) > 200
    found = [str(path) for path in searched if told.search(path.read_text(encoding="utf-8"))]
    assert found == []
