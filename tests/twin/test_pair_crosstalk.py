"""The crosstalk experiments see the crosstalk of the twin, and what is not measured goes along."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.twin import ConfusionReadout, library, predict
from qrexplore.twin.chip import Transmon
from qrexplore.twin.crosstalk import crosstalk

IDEAL = ConfusionReadout(false_one=0.0, false_zero=0.0, second_as_one=0.0)
QUBITS = {"q0": Transmon(frequency=4.8e9), "q1": Transmon(frequency=5.6e9, flux_offset=0.1)}


def leaking(**shares):
    twin = library.assemble(QUBITS, readout=dict.fromkeys(QUBITS, IDEAL), bandwidth=None, dissipative=False)
    return dataclasses.replace(twin, crosstalk=crosstalk(**shares))


@pytest.mark.slow
def test_tone_on_the_wrong_line_drives_by_its_share_and_is_canceled_by_minus_that():
    share = 0.05 * np.exp(0.7j)
    twin = leaking(microwave={("q1", "q0"): share})
    volts = np.array([0.1, 0.4])
    across = predict(twin, experiments.drive_crosstalk(volts))[1]
    own = predict(twin, experiments.drive_cancellation(0.05 * volts, np.zeros(1), drive_amplitude=0.0))[1, :, 0]
    np.testing.assert_allclose(across, own, atol=1e-9)
    assert np.max(across) > 0.2
    phases = np.array([0.7 + np.pi, 0.7])
    left = predict(twin, experiments.drive_cancellation(0.05 * volts[1:], phases, drive_amplitude=0.4))[1, 0]
    assert left[0] < 1e-12
    assert left[1] > 0.1


@pytest.mark.slow
def test_fringes_move_with_the_voltage_on_the_other_line_by_the_share_of_flux():
    share, volt = 0.02, 0.1
    twin = leaking(fast_flux={("q1", "q0"): share})
    delays = np.arange(0, 200, 10) * 1e-9
    found = predict(twin, experiments.flux_crosstalk(np.array([volt]), delays))[1, 0]
    at = QUBITS["q1"].at_flux
    moved = float(at(jnp.asarray(0.4 * share * volt))[0] - at(jnp.zeros(()))[0])
    assert abs(moved) > 1e6
    np.testing.assert_allclose(found, 0.5 + 0.5 * np.cos(2 * np.pi * moved * delays), atol=1e-8)
