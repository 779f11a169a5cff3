import json
from pathlib import Path

import pytest

HELLO = '''
import anywidget, traitlets
class Hello(anywidget.AnyWidget):
    _esm = """
    function render({ model, el }) {
        const button = document.createElement("button");
        const show = () => { button.textContent = `hello ${model.get("count")}`; };
        button.onclick = () => { model.set("count", model.get("count") + 1); model.save_changes(); };
        model.on("change:count", show);
        show();
        el.append(button);
        return () => model.off("change:count", show);
    }
    export default { render };
    """
    count = traitlets.Int(1).tag(sync=True)
hello = Hello()
hello
'''


def write(path: Path, *sources: str) -> str:
    cells = [
        {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
        for i, text in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document))
    return path.name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_widget_lives_in_the_real_lab_without_a_foreign_request(notebook, lab, theme):
    page = notebook(write(lab.root / "hello.ipynb", HELLO, "print(hello.count)"), theme=theme)
    page.run_all()
    button = page.output(0).get_by_role("button")
    button.click()
    page.page.get_by_text("hello 2").wait_for()
    picture = page.screenshot(f"hello-{theme}")
    assert page.problems() == []
    assert page.outputs()[1][0]["text"] == "1\n"
    assert (picture[900, 720].mean() > 128) == (theme == "light")


def test_an_error_in_a_cell_is_a_problem_and_ends_the_run(notebook, lab):
    page = notebook(write(lab.root / "fails.ipynb", "1 / 0", "print('never')"))
    page.run_all()
    assert page.problems() == ["error in cell 0: ZeroDivisionError: division by zero"]


def test_a_request_to_elsewhere_is_seen_and_goes_nowhere(notebook, lab):
    call = "from IPython.display import HTML; HTML('<img src=\"http://example.invalid/picture.png\">')"
    page = notebook(write(lab.root / "foreign.ipynb", call))
    page.run_all()
    page.page.wait_for_timeout(500)
    assert "foreign request: http://example.invalid/picture.png" in page.problems()


def test_no_question_about_news_covers_the_lab(notebook, lab):
    page = notebook(write(lab.root / "quiet.ipynb", "1"))
    page.run_all()
    assert page.page.get_by_text("Jupyter news").count() == 0
    assert page.problems() == []


def test_every_cell_of_a_long_notebook_is_in_the_page_after_the_run(notebook, lab):
    cells = [f"print('\\n'.join(str(line) for line in range(20)), 'end {number}')" for number in range(20)]
    page = notebook(write(lab.root / "long.ipynb", *cells))
    page.run_all()
    for number in range(20):
        assert page.output(number).get_by_text(f"end {number}", exact=False).is_visible()
    assert page.screenshot("long").shape[0] > 5000
