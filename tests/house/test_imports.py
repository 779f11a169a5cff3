"""Who may know whom, and what importing the package costs."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
UNWANTED = ("anywidget", "ipywidgets", "traitlets", "bokeh", "panel", "IPython", "matplotlib", "qutip", "qrexplore.ui")


def fresh_interpreter(code: str) -> str:
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    return finished.stdout.strip()


def test_every_package_imports_only_what_lies_below_it():
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True, no_logo=True))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_importing_the_package_loads_no_front_end_and_no_peer():
    loaded = fresh_interpreter(f"import sys, qrexplore; print(*[name for name in {UNWANTED} if name in sys.modules])")
    assert loaded == ""


def test_everything_below_the_ui_works_without_a_front_end():
    code = f"""
import importlib, pkgutil, sys
import qrexplore
def visit(package):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if module.name != "qrexplore.ui":
            found = importlib.import_module(module.name)
            if module.ispkg:
                visit(found)
visit(qrexplore)
print(*[name for name in {UNWANTED} if name in sys.modules])
"""
    assert fresh_interpreter(code) == ""


def test_importing_the_package_switches_to_64_bit_numbers():
    assert fresh_interpreter("import qrexplore, jax.numpy; print(jax.numpy.asarray(1.0).dtype)") == "float64"
