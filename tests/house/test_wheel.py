"""The wheel: it holds all of bifente and nothing else, and works where the repository is not."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_SOURCE = {".venv", ".git", "build", "dist", "_build", "demo-out"}
NOT_PACKAGES = {"tests", "benchmarks", "docs"}


def run(command: list[str | Path], folder: Path, **environment: str) -> str:
    """The output of a command; its whole talk when it fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BIFENTE_"))}
    done = subprocess.run(
        command,
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist, which is built from a copy of the sources: no old build can leak into it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"

    def unwanted(_: str, names: list[str]) -> set[str]:
        return {name for name in names if name in NOT_SOURCE or name.endswith((".egg-info", "_cache", "__"))}

    shutil.copytree(ROOT, source, ignore=unwanted)
    # Without isolation: the environment has the build backend, and nothing need be fetched.
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source], folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_only_top_level_module_is_bifente(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert tops - {top for top in tops if top.endswith(".dist-info")} == {"bifente"}


def test_it_holds_every_module_of_every_folder(names: set[str]) -> None:
    folders = [path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name not in NOT_PACKAGES]
    expected = set()
    for folder in folders:
        for path in folder.rglob("*.py"):
            inside = path.relative_to(ROOT).as_posix()
            expected.add(inside if folder.name == "bifente" else f"bifente/{inside}")
    assert {name for name in names if name.endswith(".py")} == expected
    assert len(folders) >= 10


def test_it_holds_the_data(names: set[str]) -> None:
    assert "bifente/py.typed" in names
    data = {
        f"bifente/{path.relative_to(ROOT).as_posix()}"
        for folder in sorted(package.parent for package in ROOT.glob("*/__init__.py"))
        if folder.name not in {*NOT_PACKAGES, "bifente"}
        for path in folder.rglob("*.*")
        if path.suffix not in {".py", ".pyc"} and ROOT / "traces" / "corpus" not in path.parents
    }
    assert "bifente/applets/perso/profiles/gp.yaml" in data
    assert data <= names
    assert any(name.endswith("/LICENSE") for name in names)
    assert not [name for name in names if name.endswith((".pem", ".key", ".card", ".in"))]


def test_every_folder_with_modules_is_a_package() -> None:
    loose = {
        path.parent.relative_to(ROOT).as_posix()
        for top in ROOT.glob("*/__init__.py")
        if top.parent.name not in NOT_PACKAGES
        for path in top.parent.rglob("*.py")
        if not (path.parent / "__init__.py").is_file()
    }
    assert loose == set()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an empty environment, outside the repository, with the wheel in it.

    The dependencies are those of the running environment, behind the wheel on the path; bifente's own editable
    install is not, for only ``site`` reads the .pth files of a folder, and this one is merely listed.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    run(
        [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index", "--no-deps", wheel],
        folder,
        PIP_DISABLE_PIP_VERSION_CHECK="1",
    )
    site = Path(run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip())
    here = run(
        [sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder
    ).strip()
    (site / "dependencies.pth").write_text(here + "\n", encoding="utf-8")
    return programs


def test_it_runs_where_the_repository_is_not(installed: Path, tmp_path: Path) -> None:
    version = run(
        [installed / "python", "-c", "import bifente; print(bifente.__version__)"], tmp_path
    ).strip()
    assert run([installed / "bifente", "--version"], tmp_path) == f"bifente {version}\n"
    assert "completion" in run([installed / "bifente", "--help"], tmp_path)
    code = "import bifente.applets, bifente.fse, bifente.igc, bifente.reader as r; print(r.__file__)"
    where = run([installed / "python", "-c", code], tmp_path).strip()
    assert Path(where).is_relative_to(installed.parent)


def test_the_demo_runs_where_the_repository_is_not(installed: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shown = run(
        [installed / "bifente", "demo", "--json", "-o", "out"],
        tmp_path,
        HOME=str(data),
        XDG_DATA_HOME=str(data),
    )
    assert json.loads(shown)
    assert list((tmp_path / "out").iterdir())


def test_the_core_does_not_need_pyscard(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['smartcard'] = None\n"
        "import bifente.applets, bifente.fse, bifente.igc, bifente.reader, bifente.terminal, bifente.traces\n"
        "from bifente.cli.main import main; sys.exit(main(['--help']))\n"
    )
    run([installed / "python", "-c", code], tmp_path)


def test_no_bare_name_of_ours_is_importable(installed: Path, tmp_path: Path) -> None:
    bare = sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "bifente")
    code = f"import importlib.util as u; print([n for n in {bare} if u.find_spec(n)])"
    assert run([installed / "python", "-c", code], tmp_path).strip() == "[]"


def test_the_dependencies_of_the_core_are_declared_and_few() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"][
        "requires"
    ] == ["setuptools>=65"]
