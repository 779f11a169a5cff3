"""The tutorials in the real lab: their widgets are alive, and a panel of a hundred parameters is usable."""

import time

import numpy as np
import pytest

from tests.browser.test_lab import write

WIRED = """
import numpy as np, qrexplore as qx
twin = qx.library.wired_transmons(count=3)
delays = np.linspace(0, 4e-6, 41)
data = qx.simulate(twin, qx.experiments.ramsey(delays, artificial_detuning=1e6), shots=500, seed=1)
bench = qx.explore(twin, data)
bench
"""


def text(page, name):
    return page.page.get_by_test_id(name).inner_text()


@pytest.mark.slow
def test_the_graph_of_the_first_tutorial_follows_its_sliders(notebook):
    page = notebook("01-differentiable-simulation.ipynb")
    page.run_all(seconds=300)
    slider = page.page.get_by_test_id("slider:detuning")
    slider.scroll_into_view_if_needed()
    before = page.page.get_by_test_id("node:1").text_content()
    slider.focus()
    slider.press("PageUp")
    page.page.wait_for_function(
        "before => document.querySelector(`[data-testid='node:1']`).textContent !== before", arg=before
    )
    page.page.get_by_test_id("node:0").click()
    assert "collected as" in text(page, "words")
    page.fit()
    page.screenshot("computational-graph")
    assert page.problems() == []


@pytest.mark.slow
def test_a_panel_of_more_than_a_hundred_parameters_can_be_searched_and_moved(notebook, lab):
    page = notebook(write(lab.root / "wired.ipynb", WIRED))
    page.run_all()
    page.page.wait_for_function(
        "() => document.querySelector(`[data-testid='data-view']`)?.dataset.state === 'idle'", timeout=120_000
    )
    page.fit()
    rows = page.page.locator(".qx-row:visible")
    free, total = (int(text(page, "total").split()[k]) for k in (0, 2))
    assert total > 100
    assert rows.count() < 30
    page.screenshot("hundred-parameters")
    search = page.page.get_by_test_id("search")
    search.fill("q0 frequency")
    assert text(page, "total") == f"{rows.count()} of {total} shown, {free} free"
    for shown in (False, True):  # a group of what is found folds and opens
        page.page.get_by_test_id("group:q0").click()
        assert page.page.get_by_test_id("parameter:q0.frequency").is_visible() == shown
    slider = page.page.get_by_test_id("slider:q0.frequency")
    before = page.page.get_by_test_id("model-path").first.get_attribute("d")
    slider.focus()
    slider.press("ArrowRight")  # half a megahertz; a tenth of the range would be an alias
    page.page.wait_for_function(
        "before => document.querySelector(`[data-testid='model-path']`).getAttribute('d') !== before", arg=before
    )
    page.page.get_by_test_id("free:q0.frequency").check()
    search.press("Escape")
    free = int(text(page, "total").split()[0])
    page.page.get_by_test_id("only-free").check()
    page.page.wait_for_function(f"() => document.querySelectorAll('.qx-row:not([hidden])').length === {free}")
    assert 0 < free < 10
    # from a key to the picture of the filtered list
    times = []
    page.page.get_by_test_id("only-free").uncheck()
    for letter in "distortion":
        begin = time.perf_counter()
        search.press(letter)
        page.page.evaluate("() => new Promise(done => requestAnimationFrame(() => done()))")
        times.append(1e3 * (time.perf_counter() - begin))
    print(f"\nfilter of {total} parameters: {np.median(times):.0f} ms a key")  # noqa: T201 (a measurement to read)
    assert rows.count() >= 3
    assert page.problems() == []


@pytest.mark.slow  # its cells run in notebooks/, too; here it is looked at
def test_the_second_tutorial_draws_the_way_of_a_pulse_and_ends_in_a_workbench(notebook):
    page = notebook("02-explore-the-twin.ipynb")
    page.run_all(seconds=300)
    page.page.wait_for_function(
        "() => document.querySelector(`[data-testid='data-view']`)?.dataset.state === 'idle'", timeout=120_000
    )
    page.fit()
    assert np.ptp(page.screenshot("explore-the-twin")) > 30
    assert page.problems() == []
