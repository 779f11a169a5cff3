"""Every dependency is used, and each says what it is for."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PYPROJECT = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]
EXTRAS = PROJECT["optional-dependencies"]
IMPORT_NAMES = {"pyyaml": "yaml", "pillow": "PIL", "arviz-stats": "arviz_stats"}
# used without being imported by us
ELSEWHERE = {
    "ipykernel": "the Python that JupyterLab starts",
    "nbval": "a plugin of pytest",
    "pytest-xdist": "a plugin of pytest",
    "panel": "serves the same components outside JupyterLab; part of the fixed set",
    "sympy": "used in a tutorial",
    "ruff": "a command",
    "pyright": "a command",
    "import-linter": "a command",
    "pre-commit": "a command",
}


def name_of(requirement: str) -> str:
    return re.match(r"[A-Za-z0-9-]+", requirement).group()


def used_in(*folders: str) -> set[str]:
    """Names imported in some folders, and those written as a string of their own (an engine, a module to look for)."""
    found = set()
    for source in (path for folder in folders for path in (REPOSITORY / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=names):
                    found.update(one.name.split(".")[0] for one in names)
                case ast.ImportFrom(module=str(module)):
                    found.add(module.split(".")[0])
                case ast.Constant(value=str(text)):
                    found.add(text.split(".")[0])
    return found


def unused(requirements: list[str], names: set[str]) -> list[str]:
    wanted = {name_of(one) for one in requirements} - ELSEWHERE.keys() - {"qrexplore"}
    return sorted(one for one in wanted if IMPORT_NAMES.get(one, one) not in names)


def test_the_package_uses_each_of_its_dependencies():
    assert unused(PROJECT["dependencies"], used_in("qrexplore")) == []


def test_the_package_uses_each_dependency_of_the_lab():
    assert unused(EXTRAS["lab"], used_in("qrexplore")) == []


def test_the_package_uses_each_dependency_of_sampling():
    assert unused(EXTRAS["sampling"], used_in("qrexplore")) == []


def test_the_tests_use_each_of_their_dependencies():
    assert unused(EXTRAS["test"], used_in("tests")) == []


@pytest.mark.parametrize("requirement", [*PROJECT["dependencies"], *EXTRAS["lab"], *EXTRAS["sampling"]])
def test_every_dependency_says_what_it_is_for(requirement):
    assert re.search(rf'"{re.escape(requirement)}",\s+# \w+', PYPROJECT)


def test_the_package_has_one_version():
    import qrexplore

    assert re.fullmatch(r"\d+\.\d+\.\d+", qrexplore.__version__)
    assert f"## {qrexplore.__version__}" in (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
