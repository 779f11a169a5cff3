"""How tutorials are stored: without outputs, with names of cells that last, for any Python kernel."""

import json
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))


def test_there_is_a_quickstart():
    assert (REPOSITORY / "notebooks" / "00-quickstart.ipynb") in NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_stored_without_what_a_run_leaves(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    assert notebook["nbformat_minor"] >= 5
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "widgets" not in notebook["metadata"]
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            if source.startswith("# NBVAL_CHECK_OUTPUT"):  # nbval compares only with a cell that has its number
                assert all(output["output_type"] == "stream" for output in cell["outputs"]), source
            else:
                assert cell["execution_count"] is None, source
                assert cell["outputs"] == [], source
        assert not cell.get("attachments"), source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_cell_of_a_notebook_has_a_name_of_its_own(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names = [cell["id"] for cell in cells]
    assert len(set(names)) == len(names)
    # a name that a person chose stays through edits; hexadecimal noise is what tools put in
    assert not [name for name in names if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]+)?", name)]
