"""Neutral names: the same predictions by the same numbers, and one compilation for qubits that are built alike."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import Named
from qrexplore.learn import Kernel, LearnProblem
from qrexplore.learn.compiled import functions
from qrexplore.twin import FluxNoise, OneOverF, QuasiStatic, Share, SlowNoise, crosstalk, library, predict, simulate
from qrexplore.twin.electronics import ExponentialResponse
from qrexplore.twin.neutral import neutral

TIMES = np.linspace(20e-9, 2e-6, 7)
AMPLITUDES = np.linspace(0.01, 0.2, 5)


def unequal_pair():
    """Give two coupled transmons that leak to each other, of which one has a flux line of its own kind and shares its noise."""
    twin = library.two_transmons()
    line = twin.lines["flux_q1"]
    stages = {"settling": ExponentialResponse(0.03, 12e-9), **dict(line.stages.items())}
    both = {("q0", "q1"): 0.02, ("q1", "q0"): 0.03}
    sources = {
        "shared": FluxNoise("q1", 40e-6, QuasiStatic(), also=Named({"q0": Share(0.5)})),
        "own": FluxNoise("q0", 20e-6, QuasiStatic()),
        "wander": FluxNoise("q1", 5e-6, OneOverF(1e-3)),
    }
    return replace(
        twin,
        lines=twin.lines.replace({"flux_q1": replace(line, stages=Named(stages))}),
        crosstalk=crosstalk(static_flux=both, fast_flux=both, microwave={("q0", "q1"): 0.1j, ("q1", "q0"): 0.05}),
        noise=SlowNoise(Named(sources), nodes=3, trajectories=4),
    )


def asked(qubit):
    """Give experiments of one qubit, its neighbour resting or left alone."""
    other = {"q0": "q1", "q1": "q0"}[qubit]
    frequency = float(library.two_transmons().parameters[f"{qubit}.frequency"].value)
    ramsey = experiments.ramsey(TIMES, qubit=qubit, artificial_detuning=1e6, drive_frequency=frequency)
    return {
        "t1": experiments.t1(TIMES, qubit=qubit),
        "ramsey": ramsey,
        "beside": replace(ramsey, settings={**ramsey.settings, "resting": [other]}),
        "rabi": experiments.rabi(AMPLITUDES, qubit=qubit, drive_frequency=frequency),
    }


EXPERIMENTS = [
    pytest.param(one, id=f"{kind} of {qubit}") for qubit in ("q0", "q1") for kind, one in asked(qubit).items()
]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_prediction_stays_what_it_is(experiment):
    twin = unequal_pair()
    alike = neutral(twin, experiment)
    expected = predict(twin, experiment, substeps=4)
    np.testing.assert_allclose(predict(alike.twin(twin), alike.experiment, substeps=4), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("pulsed", ["q0", "q1"])
def test_two_qubits_are_named_by_their_order(pulsed):
    twin = unequal_pair()
    experiment = experiments.chevron([0.1, 0.2], [20e-9, 40e-9], qubits=("q1", "q0"), flux_qubit=pulsed)
    alike = neutral(twin, experiment)
    assert alike.experiment.qubits == ("q0", "q1")
    assert set(alike.twin(twin).lines) & {"flux_q0", "flux_q1"} == {f"flux_{alike.names[pulsed]}"}
    expected = predict(twin, experiment, substeps=4)
    np.testing.assert_allclose(predict(alike.twin(twin), alike.experiment, substeps=4), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["t1", "beside", "rabi"])
def test_qubits_that_are_built_alike_have_one_structure(kind):
    # noise that is one qubit's alone would shape what its experiments compute
    twin = replace(unequal_pair(), noise=SlowNoise())
    first, second = (neutral(twin, asked(qubit)[kind]) for qubit in ("q0", "q1"))
    assert jax.tree.structure(first.twin(twin)) == jax.tree.structure(second.twin(twin))
    assert first.experiment.outline == second.experiment.outline
    assert tuple(first.paths(twin).values()) == tuple(second.paths(twin).values())


def test_paths_lead_to_the_same_numbers():
    twin = unequal_pair()
    alike = neutral(twin, asked("q1")["ramsey"])
    before, after = twin.parameters, alike.twin(twin).parameters
    paths = alike.paths(twin)
    assert tuple(paths.values()) == after.paths
    assert {path for path in before.paths if path not in paths} >= {
        "flux_q1.settling.amplitude",
        "flux_q0.transfer.gain",
    }
    for path, name in paths.items():
        assert after[name].value == before[path].value
        assert (after[name].unit, after[name].label) == (before[path].unit, before[path].label)
    assert paths["q1.frequency"] == "q0.frequency"
    assert paths["crosstalk.microwave.q1_q0.real"] == "crosstalk.microwave.q0_q1.real"


def test_two_qubits_learn_with_one_compilation():
    twin = library.two_transmons()
    data = {f"t1_{name}": simulate(twin, experiments.t1(TIMES, qubit=name), shots=100, seed=3) for name in ("q0", "q1")}
    problem = LearnProblem(twin, data, free=["q0.t1", "q1.t1"])
    functions.cache_clear()
    kernel = Kernel(problem)
    assert functions.cache_info().currsize == 1
    start = kernel.coordinates.free(problem.table.values)
    found, step = kernel.evaluate(start, twin), 1e-6
    for place in range(2):
        ahead, behind = (kernel.evaluate(start + sign * step * np.eye(2)[place], twin).residual for sign in (1, -1))
        np.testing.assert_allclose(found.jacobian[:, place], (ahead - behind) / (2 * step), atol=1e-6)
    count = len(TIMES)
    assert not found.jacobian[:count, 1].any()
    assert not found.jacobian[count:, 0].any()


def test_what_is_wrong_is_said_in_the_names_that_were_given():
    twin = library.two_transmons()
    data = {"t1": simulate(twin.with_levels(4), experiments.t1(TIMES, qubit="q1"), shots=100, seed=3)}
    short = replace(twin, chip=replace(twin.chip, qubits=Named({"q0": twin.chip.qubits["q0"]}), couplings=Named()))
    with pytest.raises(ValueError, match="'q1'"):
        Kernel(LearnProblem(short, data, free=["q0.t1"]))
    with pytest.raises(ValueError, match=r"t1 of q1.*free one of: .*q1\.t"):
        Kernel(LearnProblem(twin, data, free=["q0.t1"]))
