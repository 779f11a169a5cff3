"""How long after a slider moved the new curve is on the screen. Run with ``pytest tests/speed -s``; nothing is asserted
about time, since that depends on the machine."""

import json
import statistics

import pytest

from tests.browser.conftest import PICTURES
from tests.browser.test_lab import write
from tests.browser.test_workbench import ready

CASES = {
    "rabi-101": (
        "qx.library.transmon()",
        "qx.experiments.rabi(np.linspace(0, 0.5, 101))",
        "drive_q0.transfer.gain",
    ),
    "chevron-41x59": (
        "qx.library.two_transmons(dissipative=False)",
        "qx.experiments.chevron(np.linspace(0.44, 0.54, 41), np.arange(1, 60) * 1e-9)",
        "flux_q1.transfer.gain",
    ),
}
MEASURE = """async (path) => {
    const view = document.querySelector("[data-testid='data-view']");
    const slider = document.querySelector(`[data-testid='slider:${path}']`);
    const times = [];
    for (let step = 0; step < 60; step += 1) {
        const painted = new Promise((done) => {
            const watch = new MutationObserver(() => { watch.disconnect(); requestAnimationFrame(() => done()); });
            watch.observe(view, { attributes: true, attributeFilter: ["data-request"] });
        });
        const began = performance.now();
        slider.value = String(500 + (step % 2 ? 7 : -7) * (1 + step % 5));
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        await painted;
        times.push(performance.now() - began);
        await new Promise((done) => setTimeout(done, 30));
    }
    return times;
}"""


@pytest.mark.parametrize("name", CASES)
def test_slider_to_paint(notebook, lab, name):
    twin, experiment, path = CASES[name]
    source = f"import numpy as np, qrexplore as qx\nqx.explore({twin}, qx.simulate({twin}, {experiment}))"
    page = notebook(write(lab.root / f"{name}.ipynb", source))
    page.run_all()
    ready(page)
    page.page.wait_for_timeout(1000)
    times = sorted(page.page.evaluate(MEASURE, path)[10:])
    found = {"median_ms": statistics.median(times), "p95_ms": times[int(0.95 * len(times))], "n": len(times)}
    print(f"\n{name}: {found}")  # noqa: T201 (the figure is what this is for)
    PICTURES.parent.mkdir(exist_ok=True)
    (PICTURES.parent / f"slider-{name}.json").write_text(json.dumps(found))
    assert page.problems() == []
