"""The learn monitor in the real JupyterLab: traces stream while a run goes on, and the run is steered."""

import pytest

from tests.browser.test_lab import write
from tests.browser.test_workbench import ENDLESS, RAMSEY, TEXT, iteration, open_workbench, wait_for_state

# resolves with the times (ms) at which the picture of the loss has changed, as painted frames, over some seconds
FRAMES = """seconds => new Promise(resolve => {
    const times = [];
    const root = document.querySelector('.qx-learn-monitor');
    const path = document.querySelector(`[data-testid='loss-path']`);
    let drawn = path.getAttribute('d');
    const end = performance.now() + 1000 * seconds;
    const look = now => {
        if (path.getAttribute('d') !== drawn) { drawn = path.getAttribute('d'); times.push(now); }
        if (now < end) requestAnimationFrame(look); else resolve(times);
    };
    requestAnimationFrame(look);
})"""
# whether the loss is drawn from its beginning, which is far above the rest (heights are measured from above)
FALLS = """() => {
    const drawn = document.querySelector(`[data-testid='loss-path']`).getAttribute('d');
    const heights = drawn.split('L').map(point => Number(point.split(' ').pop()));
    return heights.at(-1) - heights[0] > 30;
}"""
# all parameters are learned, whatever the data tell of them
WIRED = """
import numpy as np, qrexplore as qx
twin = qx.library.wired_transmons()
delays = np.linspace(0, 4e-6, 141)
data = qx.simulate(twin, qx.experiments.ramsey(delays, artificial_detuning=2e5))
rng = np.random.default_rng(1)
noisy = data.population + 0.01 * rng.normal(size=data.population.shape)
data = data.assign(population=noisy.assign_attrs(data.population.attrs))
bench = qx.explore(twin, data, free=["*"])
bench
"""


def hertz(page, seconds):
    """Give how many times a second the picture of the loss changes."""
    times = page.page.evaluate(FRAMES, seconds)
    assert len(times) > 1
    return 1000 * (len(times) - 1) / (times[-1] - times[0])


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_traces_stream_at_ten_hertz_and_more_while_parameters_are_held_and_freed(notebook, lab, theme):
    page = open_workbench(notebook, lab, f"stream-{theme}", ENDLESS + RAMSEY, theme=theme)
    page.page.get_by_test_id("method").select_option("adam")
    page.page.get_by_test_id("rate").fill("-4")
    page.page.get_by_test_id("learn").click()
    wait_for_state(page, "running")
    page.page.wait_for_function(f"id => Number(({TEXT})(id)) > 100", arg="iteration")
    rate = hertz(page, 4)
    print(f"\nloss repainted {rate:.1f} times a second")  # noqa: T201 (a measurement to read)
    assert rate >= 10
    page.page.get_by_test_id("free:q0.t_phi").click()
    page.page.wait_for_timeout(1500)
    assert not page.page.get_by_test_id("free:q0.t_phi").is_checked()
    page.page.get_by_test_id("free:q0.t_phi").click()
    page.page.get_by_test_id("free:q0.t1").click()
    panel = page.page.locator(".qx-parameter-panel")
    panel.get_by_text("'q0.t1' cannot move in the run that goes on").wait_for()
    assert not page.page.get_by_test_id("free:q0.t1").is_checked()
    page.page.get_by_test_id("rate").fill("-3")
    page.page.wait_for_function(f"held => Number(({TEXT})('iteration')) > held", arg=iteration(page))
    page.fit()
    page.screenshot(f"monitor-stream-{theme}")
    page.page.get_by_test_id("stop").click()
    wait_for_state(page, "done", seconds=60)
    assert page.problems() == []


@pytest.mark.slow
def test_a_run_whose_tab_is_closed_goes_on_and_is_shown_from_its_beginning_in_the_next(notebook, lab):
    page = open_workbench(notebook, lab, "closed", ENDLESS + RAMSEY, "print(bench.runner.state)")
    page.page.get_by_test_id("method").select_option("adam")
    page.page.get_by_test_id("learn").click()
    wait_for_state(page, "running")
    page.page.wait_for_function(f"id => Number(({TEXT})(id)) > 20", arg="iteration")
    before = iteration(page)
    page.reopen(apart=2)
    wait_for_state(page, "running")
    page.page.wait_for_function(f"id => Number(({TEXT})(id)) > 0", arg="iteration")
    after = iteration(page)
    print(f"\n{after - before} steps while nobody looked")  # noqa: T201 (a measurement to read)
    assert after > before + 20
    page.page.wait_for_function(FALLS)
    page.page.wait_for_function(f"held => Number(({TEXT})('iteration')) > held", arg=after)
    page.fit()
    page.screenshot("monitor-reopened")
    page.page.get_by_test_id("stop").click()
    wait_for_state(page, "done", seconds=60)
    assert page.problems() == []


RACE = """
import numpy as np, qrexplore as qx
twin = qx.library.transmon()
truth = twin.replace({"q0.frequency": 5.00001e9, "q0.t_phi": 20e-6})
backend = qx.hardware.SimulatedBackend(truth, seed=1)
data = backend.run(qx.experiments.ramsey(np.linspace(0, 20e-6, 81), artificial_detuning=2e5), shots=1000).result()
free = ["q0.frequency", "q0.t_phi", "readout_q0.false_one", "readout_q0.false_zero"]
race = qx.explore_race(qx.LearnProblem(twin, data, free=free), stop=qx.optimize.Stop(seconds=20))
race
"""


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_race_is_run_live_in_one_plot_and_ends_with_ratios(notebook, lab, theme):
    page = notebook(write(lab.root / f"race-{theme}.ipynb", RACE, "race.wait(100); print(race.table)"), theme=theme)
    page.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell'); }")
    page.page.get_by_test_id("race-start").click()
    page.page.wait_for_function("() => document.querySelector('.qx-race').dataset.state === 'done'", timeout=120_000)
    table = page.page.get_by_test_id("race-table")
    table.get_by_text("Nelder-Mead").wait_for()
    page.fit()
    page.screenshot(f"race-evaluations-{theme}")
    page.page.get_by_test_id("race-axis").select_option("seconds")
    page.page.wait_for_timeout(200)
    page.screenshot(f"race-seconds-{theme}")
    print(table.inner_text())  # noqa: T201 (a measurement to read)
    assert page.problems() == []


@pytest.mark.slow
def test_the_traces_of_eighty_parameters_stream_as_fast(notebook, lab):
    page = open_workbench(notebook, lab, "wired", ENDLESS + WIRED)
    page.page.get_by_test_id("method").select_option("adam")
    page.page.get_by_test_id("learn").click()
    wait_for_state(page, "running", seconds=280)
    page.page.wait_for_function(f"id => Number(({TEXT})(id)) > 200", arg="iteration", timeout=280_000)
    page.page.locator("[data-testid='pick-parameters-summary']").click()
    rate = hertz(page, 4)
    traced = page.page.locator("[data-testid='pick-parameters'] input[type=checkbox]").count()
    print(f"\nloss of {traced} parameters repainted {rate:.1f} times a second")  # noqa: T201 (a measurement to read)
    assert traced > 75
    assert rate >= 10
    page.fit()
    page.screenshot("monitor-wired")
    page.page.get_by_test_id("stop").click()
    wait_for_state(page, "done", seconds=120)
    assert page.problems() == []
