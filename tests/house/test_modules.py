"""What every module of the package keeps to."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import qrexplore

PACKAGE = Path(qrexplore.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
LONGEST = 400


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def unsafe(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in UNSAFE_CALLS:
                found.append(f"line {node.lineno}: {name}()")
            case ast.Import(names=names):
                imported = [one.name for one in names if one.name.split(".")[0] in UNSAFE_MODULES]
                found += [f"line {node.lineno}: {name}" for name in imported]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in UNSAFE_MODULES:
                found.append(f"line {node.lineno}: {module}")
            case ast.keyword(arg="allow_pickle", value=value) if not (
                isinstance(value, ast.Constant) and value.value is False
            ):
                found.append(f"line {value.lineno}: allow_pickle")
    return found


def test_no_module_is_longer_than_400_lines():
    lengths = {relative(source): len(source.read_text(encoding="utf-8").splitlines()) for source in SOURCES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_module_runs_text_or_reads_pickles():
    found = {relative(source): unsafe(ast.parse(source.read_text(encoding="utf-8"))) for source in SOURCES}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "code", ["eval('1')", "exec('1')", "import pickle", "from dill import x", "load(p, allow_pickle=True)"]
)
def test_the_search_for_unsafe_code_finds_it(code):
    assert len(unsafe(ast.parse(code))) == 1


def packages() -> list[str]:
    walk = pkgutil.walk_packages([str(PACKAGE)], "qrexplore.")
    return ["qrexplore", *(module.name for module in walk if module.ispkg)]


@pytest.mark.parametrize("package", packages())
def test_every_public_name_is_there_and_documented(package):
    module = importlib.import_module(package)
    assert module.__doc__, f"{package} has no design note"
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if (inspect.isclass(value) or inspect.isroutine(value)) and value.__module__.startswith("qrexplore"):
            # a class without a docstring would otherwise show that of its base
            assert value.__doc__ if inspect.isroutine(value) else vars(value).get("__doc__"), f"{package}.{name}"


@pytest.mark.parametrize("package", packages())
def test_every_package_says_what_is_public(package):
    assert importlib.import_module(package).__all__
