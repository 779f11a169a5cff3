"""How long after a slider moved the new curve is on the screen. Run with ``pytest tests/speed -s``; nothing is asserted
about time, since that depends on the machine."""

import pytest

from tests.browser.test_workbench import open_workbench, report, slider_to_paint

CASES = {
    "Rabi of 101 points": (
        "qx.library.transmon()",
        "qx.experiments.rabi(np.linspace(0, 0.5, 101))",
        "drive_q0.transfer.gain",
    ),
    "chevron of 41 x 59 points and two qubits": (
        "qx.library.two_transmons(dissipative=False)",
        "qx.experiments.chevron(np.linspace(0.44, 0.54, 41), np.arange(1, 60) * 1e-9)",
        "flux_q1.transfer.gain",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_slider_to_paint(notebook, lab, name):
    twin, experiment, path = CASES[name]
    source = f"import numpy as np, qrexplore as qx\nqx.explore({twin}, qx.simulate({twin}, {experiment}))"
    page = open_workbench(notebook, lab, name.split()[0], source)
    page.page.wait_for_timeout(1000)
    times = slider_to_paint(page, path, steps=60)[10:]
    report(name, times)
    assert len(times) == 50
    assert page.problems() == []
