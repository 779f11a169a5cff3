"""The quickstart in the real JupyterLab: drag a slider and see the curve change, learn and see the loss fall."""

import numpy as np
import pytest

from tests.browser.test_lab import write

RAMSEY = """
import numpy as np, qrexplore as qx
truth = qx.library.transmon().replace({"q0.frequency": 5.00005e9})
backend = qx.hardware.SimulatedBackend(truth, seed=1)
data = backend.run(qx.experiments.ramsey(np.linspace(0, 40e-6, 101), artificial_detuning=1e5), shots=1000).result()
bench = qx.explore(qx.library.transmon(), data)
bench
"""


def ready(page, view="data-view"):
    root = page.page.get_by_test_id(view)
    page.page.wait_for_function(
        "view => document.querySelector(`[data-testid='${view}']`)?.dataset.state === 'idle'", arg=view, timeout=120_000
    )
    return root


def path_of(page, name="model-path"):
    return page.page.get_by_test_id(name).first.get_attribute("d")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_dragged_slider_moves_the_curve_and_learning_finds_the_qubit(notebook, lab, theme):
    page = notebook(
        write(lab.root / "ramsey.ipynb", RAMSEY, "print(1 + 1)", "print(bench.result is None)"), theme=theme
    )
    page.run_all()
    ready(page)
    page.page.wait_for_function("() => document.querySelector(`[data-testid='model-path']`)?.getAttribute('d')")
    before = path_of(page)
    slider = page.page.get_by_test_id("slider:q0.frequency")
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    page.page.wait_for_function(
        "before => document.querySelector(`[data-testid='model-path']`).getAttribute('d') !== before", arg=before
    )
    page.page.get_by_test_id("undo").click()

    page.page.get_by_test_id("learn").click()
    page.page.wait_for_function(
        "() => document.querySelector('.qx-learn-monitor').dataset.state === 'done'", timeout=120_000
    )
    page.page.get_by_test_id("learned:q0.frequency").wait_for()
    assert path_of(page, "loss-path")
    page.fit()
    page.screenshot(f"workbench-ramsey-{theme}")
    assert page.problems() == []


def test_stop_ends_a_long_run_while_other_cells_work(notebook, lab):
    page = notebook(write(lab.root / "adam.ipynb", RAMSEY + "bench.monitor.method = 'adam'\nbench"))
    page.run_all()
    ready(page)
    page.page.get_by_test_id("learn").click()
    running = "() => document.querySelector('.qx-learn-monitor').dataset.state === 'running'"
    page.page.wait_for_function(running, timeout=120_000)
    page.page.wait_for_function(
        "() => Number(document.querySelector(`[data-testid='iteration']`).textContent) > 20", timeout=60_000
    )
    page.page.get_by_test_id("pause").click()
    page.page.wait_for_function("() => document.querySelector('.qx-learn-monitor').dataset.state === 'paused'")
    page.page.get_by_test_id("pause").click()
    page.page.wait_for_function(running)
    page.page.get_by_test_id("stop").click()
    page.page.wait_for_function(
        "() => document.querySelector('.qx-learn-monitor').dataset.state === 'done'", timeout=30_000
    )
    assert "stopped by the user" in page.page.get_by_test_id("learn-status").inner_text()
    assert page.problems() == []


def test_the_quickstart_runs_draws_and_learns(notebook):
    page = notebook("00-quickstart.ipynb")
    page.run_all(seconds=600)
    ready(page)
    maps = page.page.locator("[data-testid='heatmap:twin'] canvas, canvas[data-testid='heatmap:twin']").first
    maps.scroll_into_view_if_needed()
    page.page.wait_for_function(
        "() => document.querySelector(`[data-testid='data-view']`).dataset.request !== undefined"
    )
    page.page.wait_for_timeout(500)
    before = page.screenshot("quickstart-twin-before", of=maps)
    assert np.ptp(before) > 30
    slider = page.page.get_by_test_id("slider:flux_q1.transfer.gain")
    if slider.count() == 0:  # the names of a measured device
        slider = page.page.locator("[data-testid^='slider:flux_'][data-testid$='transfer.gain']").last
    slider.focus()
    slider.press("ArrowRight")
    page.page.wait_for_function("() => Number(document.querySelector(`[data-testid='data-view']`).dataset.request) > 0")
    page.page.wait_for_timeout(300)
    assert not np.array_equal(page.screenshot("quickstart-twin-after", of=maps), before)
    page.page.get_by_test_id("learn").click()
    page.page.wait_for_function(
        "() => document.querySelector('.qx-learn-monitor').dataset.state === 'done'", timeout=240_000
    )
    page.fit()
    page.screenshot("quickstart")
    assert page.problems() == []
