"""What a computation depends on, told without computing it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import Named, influential, parameter
from qrexplore.twin import library, predict, read
from qrexplore.twin.populations import populations


class Part(eqx.Module):
    rate: jax.Array = parameter(2.0, unit="Hz", bounds=(0.0, 10.0), label="rate")
    time: jax.Array = parameter(1.0, unit="s", bounds=(0.0, 10.0), label="time")


MODEL = Named({"a": Part(), "b": Part()})


@jax.jit
def first_of(x, y):
    return jnp.sin(x), y**2


CASES = {
    "one leaf": (lambda m: m["a"].rate * 2, {"a.rate"}),
    "a slope that vanishes": (lambda m: (m["a"].rate - 2.0) ** 2, {"a.rate"}),
    "nothing": (lambda _: jnp.ones(3), set()),
    "one of two outputs of a call": (lambda m: first_of(m["a"].rate, m["b"].time)[0], {"a.rate"}),
    "a loop": (lambda m: jax.lax.fori_loop(0, 3, lambda _, x: x * m["b"].rate, m["a"].time), {"a.time", "b.rate"}),
    "what is computed in vain": (lambda m: (m["a"].rate + 1, m["b"].rate * 2)[0], {"a.rate"}),
}


@pytest.mark.parametrize("case", CASES)
def test_paths_that_can_influence_a_result_are_told(case):
    function, paths = CASES[case]
    assert influential(function, MODEL) == paths


def test_an_experiment_depends_on_what_moves_it_and_on_nothing_else():
    twin = library.two_transmons()
    experiment = experiments.ramsey(np.linspace(0, 2e-6, 9), artificial_detuning=1e6, drive_frequency=4.8e9)
    points = {name: jnp.asarray(values) for name, values in experiment.points().items()}
    told = influential(lambda t: read(t, experiment, populations(t, experiment, points)[0]), twin)
    moved = set()
    before = np.asarray(predict(twin, experiment))
    for row in twin.parameters:
        low, high = row.bounds
        other = twin.replace({row.path: row.value + 1e-3 * (high - low) * (1 if row.value < (low + high) / 2 else -1)})
        if np.any(np.asarray(predict(other, experiment)) != before):
            moved.add(row.path)
    # the offset of the flux moves nothing to first order, but it can; so can the temperature of the bath
    assert moved <= told
    assert told - moved <= {"q0.flux_offset", "q0.asymmetry", "q0.anharmonicity", "readout_q0.second_as_one"}
    assert not any("q1" in path for path in told)


def test_a_function_is_traced_once_for_what_is_given_in_one_form():
    traced = []

    def function(model, given):
        traced.append(given)
        return model["a"].rate * given["numbers"] if given["which"] == "a" else model["b"].time * given["numbers"]

    def asked(which, numbers):
        return influential(function, MODEL, {"which": which, "numbers": jnp.asarray(numbers)})

    assert asked("a", [1.0, 2.0]) == asked("a", [0.0, 5.0]) == {"a.rate"}
    assert len(traced) == 1
    assert asked("b", [1.0, 2.0]) == {"b.time"}
    assert asked("a", [1.0]) == {"a.rate"}
    assert len(traced) == 3
