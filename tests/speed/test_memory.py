"""Memory of the gradient of a fit (task T3): what differentiating adds, and what a longer sequence adds.

``pytest tests/speed/test_memory.py -s`` prints both. The first is what the compiler sets aside for intermediate results,
the second the peak of a process of its own, with everything that is loaded into it.
"""

import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

from tests.speed import tasks
from tests.speed.ours import Entry, finer

FITS = {"Schroedinger": tasks.chevron(dissipative=False), "Lindblad": tasks.chevron(dissipative=True, heated=True)}
LONGER = 10

PROGRAM = """
import pathlib, re, sys
import jax
from tests.speed.test_memory import loss
function, parameters = loss(sys.argv[1], int(sys.argv[2]))
jax.block_until_ready(jax.jit(jax.value_and_grad(function))(parameters))
print(int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1e3)
"""


def loss(name, longer=1):
    """Give the mean squared population as a function of all parameters, over as many times more steps, and a point."""
    task = FITS[name]
    entry = Entry(task)
    mesh = finer(entry.mesh(), longer)

    def function(p):
        return jnp.mean(entry.populations(p, jnp.asarray(task.sweep), mesh, "backward") ** 2)

    return function, {key: jnp.asarray(value) for key, value in task.parameters.items()}


def megabytes(function, parameters):
    return jax.jit(function).lower(parameters).compile().memory_analysis().temp_size_in_bytes / 1e6


@pytest.mark.parametrize("name", FITS)
def test_a_gradient_needs_little_more_than_its_forward_pass(name):
    function, parameters = loss(name)
    forward, gradient = megabytes(function, parameters), megabytes(jax.value_and_grad(function), parameters)
    print(f"\nT3 {name}: forward {forward:.1f} MB, gradient {gradient:.1f} MB")  # noqa: T201 (its report)
    assert 0 < forward < gradient < forward + 200


@pytest.mark.parametrize("name", FITS)
def test_a_sequence_of_ten_times_as_many_steps_needs_less_than_twice_the_memory(name):
    def peak(longer):
        command = [sys.executable, "-c", PROGRAM, name, str(longer)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    short, long = peak(1), peak(LONGER)
    print(f"\nT3 {name}: peak of the process {short:.0f} MB, {LONGER} times as many steps {long:.0f} MB")  # noqa: T201 (its report)
    assert 100 < short < long + 50
    assert long < 2 * short
