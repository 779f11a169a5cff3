"""The workbench in the real JupyterLab: drag a slider and see the picture change, learn and see the loss fall."""

import numpy as np
import pytest

from tests.browser.test_lab import write

RAMSEY = """
import numpy as np, qrexplore as qx
truth = qx.library.transmon().replace({"q0.frequency": 5.00002e9, "q0.t_phi": 20e-6})
backend = qx.hardware.SimulatedBackend(truth, seed=1)
data = backend.run(qx.experiments.ramsey(np.linspace(0, 20e-6, 81), artificial_detuning=2e5), shots=1000).result()
bench = qx.explore(qx.library.transmon(), data, backend)
bench
"""
CHEVRON = """
import numpy as np, qrexplore as qx
truth = qx.library.two_transmons(dissipative=False)
experiment = qx.experiments.chevron(np.linspace(0.47, 0.51, 15), np.linspace(0, 60e-9, 20))
data = qx.hardware.SimulatedBackend(truth, seed=1).run(experiment, shots=1000).result()
bench = qx.explore(truth.replace({"q0_q1.coupling": 8.5e6}), data)
bench
"""
ENDLESS = """
from qrexplore.optimize import Adam
Adam.done = lambda self, progress: None  # a run that does not end by itself
"""
STATE = "state => document.querySelector('.qx-learn-monitor').dataset.state === state"
TEXT = "id => document.querySelector(`[data-testid='${id}']`)?.textContent ?? ''"
RUN_CELL = """position => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = position;
    window.jupyterapp.commands.execute('notebook:run-cell');
}"""
# resolves with the time from the next key to the frame in which the answer to it was painted (ms)
WATCH = """() => {
    const view = document.querySelector(`[data-testid='data-view']`);
    let pressed = null;
    window.qxLatency = new Promise(resolve => {
        document.addEventListener('keydown', event => { pressed = event.timeStamp; }, { capture: true, once: true });
        const seen = new MutationObserver(() => {
            if (pressed === null) return;
            seen.disconnect();
            requestAnimationFrame(() => resolve(performance.now() - pressed));
        });
        seen.observe(view, { attributes: true, attributeFilter: ['data-request'] });
        setTimeout(() => resolve(null), 5000);
    });
}"""


def open_workbench(notebook, lab, name, *sources, theme="light"):
    """Open a notebook, run it and wait until its view shows the model."""
    page = notebook(write(lab.root / f"{name}.ipynb", *sources), theme=theme)
    page.run_all()
    page.page.wait_for_function(
        "() => document.querySelector(`[data-testid='data-view']`)?.dataset.state === 'idle'", timeout=120_000
    )
    page.page.wait_for_function(f"id => ({TEXT})(id).startsWith('rms misfit')", arg="summary")
    page.fit()
    return page


def path_of(page, name):
    return page.page.get_by_test_id(name).first.get_attribute("d")


def wait_for_another(page, name, before):
    page.page.wait_for_function(
        "([name, before]) => document.querySelector(`[data-testid='${name}']`).getAttribute('d') !== before",
        arg=[name, before],
    )


def wait_for_state(page, state, *, seconds=120):
    page.page.wait_for_function(STATE, arg=state, timeout=1000 * seconds)


def iteration(page):
    return int(page.page.get_by_test_id("iteration").inner_text())


def slider_to_paint(page, path, *, steps=40):
    """Press arrow keys on a slider and give the times until the answer is on the screen, in ms."""
    slider = page.page.get_by_test_id(f"slider:{path}")
    slider.focus()
    times = []
    for step in range(steps):
        page.page.evaluate(WATCH)
        slider.press("ArrowRight" if step % 8 < 4 else "ArrowLeft")
        times.append(page.page.evaluate("() => window.qxLatency"))
        page.page.wait_for_timeout(60)
    return np.array([time for time in times if time is not None])


def report(what, times):
    median, late = np.percentile(times, [50, 95])
    line = f"slider to paint, {what}: median {median:.1f} ms, p95 {late:.1f} ms, {len(times)} steps"
    print(f"\n{line}")  # noqa: T201 (a measurement to read, not to assert)


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_a_dragged_slider_moves_the_curve_and_learning_finds_the_qubit(notebook, lab, theme):
    found = "bench.wait(60); print(abs(bench.twin.parameters['q0.frequency'].value - 5.00002e9) < 2e3)"
    page = open_workbench(notebook, lab, "ramsey", RAMSEY, found, theme=theme)
    model = path_of(page, "model-path")
    slider = page.page.get_by_test_id("slider:q0.frequency")
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    wait_for_another(page, "model-path", model)
    moved = path_of(page, "model-path")
    for _ in range(3):  # each press of a key is a drag of its own
        page.page.get_by_test_id("undo").click()
    wait_for_another(page, "model-path", moved)
    page.page.wait_for_function(
        "before => document.querySelector(`[data-testid='model-path']`).getAttribute('d') === before", arg=model
    )
    assert not page.page.get_by_test_id("undo").is_enabled()

    page.page.get_by_test_id("learn").click()
    wait_for_state(page, "done")
    page.page.get_by_test_id("learned:q0.frequency").wait_for()
    assert len(path_of(page, "loss-path")) > 20
    assert path_of(page, "model-path") != model
    assert "converged" in page.page.get_by_test_id("learn-status").inner_text()
    page.page.evaluate(RUN_CELL, 1)
    page.output(1).get_by_text("True").wait_for()
    page.page.get_by_test_id("examine").click()
    page.page.get_by_test_id("estimate:q0.frequency").get_by_text("learned", exact=True).wait_for()
    page.page.wait_for_function("() => document.querySelector(`[data-testid='band-path']`).getAttribute('d') !== ''")
    page.page.get_by_test_id("findings").get_by_text("experiments explained").wait_for()
    page.fit()
    page.screenshot(f"workbench-ramsey-{theme}")
    page.page.get_by_test_id("undo").click()
    page.page.wait_for_function(
        "before => document.querySelector(`[data-testid='model-path']`).getAttribute('d') === before", arg=model
    )
    # the band was of the twin that was learned
    assert path_of(page, "band-path") == ""
    assert page.problems() == []


@pytest.mark.slow
def test_a_value_out_of_bounds_is_refused_in_words_and_the_old_one_stays(notebook, lab):
    page = open_workbench(notebook, lab, "bounds", RAMSEY)
    number = page.page.get_by_test_id("number:q0.t1")
    number.fill("20 ms")
    number.press("Enter")
    notice = page.page.get_by_test_id("parameter:q0.t1").locator(
        "xpath=ancestor::*[contains(@class, 'qx-parameter-panel')]"
    )
    notice.get_by_text("must be within 10 ns ... 10 ms").wait_for()
    page.page.wait_for_function("() => document.querySelector(`[data-testid='number:q0.t1']`).value === '40'")
    page.screenshot("workbench-refused")
    assert page.problems() == []


def test_a_long_run_can_be_paused_and_stopped_while_sliders_and_cells_work(notebook, lab):
    count = "n = globals().get('n', 0) + 1\nprint('run', n, 'gives', 1 + 1)"
    page = open_workbench(notebook, lab, "adam", ENDLESS + RAMSEY, count)
    page.page.get_by_test_id("method").select_option("adam")
    page.page.get_by_test_id("learn").click()
    wait_for_state(page, "running")
    page.page.wait_for_function(f"id => Number(({TEXT})(id)) > 20", arg="iteration")
    page.page.evaluate(RUN_CELL, 1)
    page.output(1).get_by_text("run 2 gives 2").wait_for(timeout=10_000)
    panel = page.page.locator(".qx-parameter-panel")
    before = int(panel.get_attribute("data-request"))
    page.page.get_by_test_id("slider:q0.t1").press("ArrowRight")
    page.page.wait_for_function(
        "before => Number(document.querySelector('.qx-parameter-panel').dataset.request) > before", arg=before
    )
    assert panel.get_by_test_id("notice").inner_text() == ""
    report("Ramsey of 81 points during an Adam run", slider_to_paint(page, "q0.t1", steps=16))
    page.page.wait_for_function(f"held => Number(({TEXT})('iteration')) > held", arg=iteration(page))
    page.screenshot("workbench-running")

    path = path_of(page, "loss-path")
    wait_for_another(page, "loss-path", path)
    page.page.get_by_test_id("pause").click()
    wait_for_state(page, "paused")
    page.page.wait_for_timeout(300)
    held = iteration(page)
    page.page.wait_for_timeout(500)
    assert iteration(page) == held
    page.page.get_by_test_id("pause").click()
    wait_for_state(page, "running")
    page.page.wait_for_function(f"held => Number(({TEXT})('iteration')) > held", arg=held)
    page.page.get_by_test_id("stop").click()
    wait_for_state(page, "done", seconds=60)
    assert "stopped by the user" in page.page.get_by_test_id("learn-status").inner_text()
    page.page.get_by_test_id("learned:q0.frequency").wait_for()
    assert page.problems() == []


@pytest.mark.slow
def test_a_chevron_is_shown_as_maps_that_follow_a_slider_and_a_run(notebook, lab):
    page = open_workbench(notebook, lab, "chevron", CHEVRON)
    twin = page.page.get_by_test_id("heatmap:twin")
    twin.scroll_into_view_if_needed()
    before = page.screenshot("chevron-twin-before", of=twin)
    assert np.ptp(before) > 30
    report("chevron of 15 x 20 points", slider_to_paint(page, "flux_q1.transfer.gain"))
    slider = page.page.get_by_test_id("slider:q0_q1.coupling")
    slider.focus()
    for _ in range(20):
        slider.press("ArrowRight")
    page.page.wait_for_timeout(500)
    assert not np.array_equal(page.screenshot("chevron-twin-after", of=twin), before)
    page.page.get_by_test_id("learn").click()
    wait_for_state(page, "done", seconds=280)
    page.page.get_by_test_id("learned:q0_q1.coupling").wait_for()
    page.fit()
    page.screenshot("workbench-chevron")
    assert page.problems() == []


@pytest.mark.slow
def test_the_time_from_a_key_to_the_picture_is_measured(notebook, lab):
    page = open_workbench(notebook, lab, "latency", RAMSEY)
    times = slider_to_paint(page, "q0.t1")
    report("Ramsey of 81 points", times)
    assert len(times) == 40
    assert page.problems() == []


@pytest.mark.slow
def test_the_quickstart_runs_draws_and_learns(notebook):
    page = notebook("00-quickstart.ipynb")
    page.run_all(seconds=600)
    page.page.wait_for_function(
        "() => document.querySelector(`[data-testid='data-view']`)?.dataset.state === 'idle'", timeout=120_000
    )
    page.page.get_by_test_id("learn").click()
    wait_for_state(page, "done", seconds=240)
    page.fit()
    page.screenshot("quickstart")
    maps = page.page.get_by_test_id("heatmap:twin")
    maps.scroll_into_view_if_needed()
    page.page.wait_for_timeout(500)
    before = page.screenshot("quickstart-twin-before", of=maps)
    assert np.ptp(before) > 30
    # the names are those of the device
    slider = page.page.locator("[data-testid^='slider:flux_'][data-testid$='transfer.gain']").last
    slider.focus()
    slider.press("PageUp")  # a tenth of the range
    page.page.wait_for_function("() => Number(document.querySelector(`[data-testid='data-view']`).dataset.request) > 0")
    page.page.wait_for_timeout(300)
    assert not np.array_equal(page.screenshot("quickstart-twin-after", of=maps), before)
    assert page.problems() == []
