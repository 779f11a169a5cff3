"""How far richer models bring the misfit of the measured chevron down; the table is printed with ``-s``."""

from dataclasses import replace

import pytest

import qrexplore as qx
from qrexplore.core import Named, run
from qrexplore.data import platform_of
from qrexplore.experiments import from_dataset
from qrexplore.twin.electronics import ExponentialResponse

CHEVRON = "tii-qw21q-d1d2-chevron/chevron"


def one_exponential(twin):
    return twin, {"hold": ("flux_D2.low_pass.cutoff",)}


def with_bandwidth(twin):
    return twin, {}


def four_levels(twin):
    qubits = Named({name: replace(qubit, levels=4) for name, qubit in twin.chip.qubits.items()})
    return replace(twin, chip=replace(twin.chip, qubits=qubits)), {}


def second_exponential(twin):
    line = twin.lines["flux_D2"]
    more = ExponentialResponse(amplitude=0.003, time_constant=60e-9)
    line = replace(line, stages=Named({**dict(line.stages.items()), "slow": more}))
    lines = Named({**dict(twin.lines.items()), "flux_D2": line})
    return replace(twin, lines=lines), {"more": ("flux_D2.slow.*",)}


def dephasing(twin):
    return replace(twin, dissipative=True), {"more": ("D2.t_phi",)}


@pytest.mark.slow
def test_richer_models_of_the_measured_chevron(shared_data):
    data = qx.open_data(shared_data / CHEVRON)
    begin = qx.library.for_data(data, platform_of(shared_data / CHEVRON))
    found = {}
    for variant in (one_exponential, with_bandwidth, four_levels, second_exponential, dephasing):
        twin, options = variant(begin)
        free = [*qx.learn.RECIPES["chevron"].paths(twin, from_dataset(data)), *options.get("more", ())]
        problem = qx.LearnProblem(twin, data, free=free, hold=options.get("hold", ()))
        found[variant.__name__] = result = run(qx.learn.guided(problem))
        print(f"{variant.__name__:20} misfit {result.misfit:.4f}  chi2/dof {result.chi2_per_dof:.3f}  {result.status}")  # noqa: T201
        for path in (*options.get("more", ()), "*.coupling"):
            for row in result.parameters.select(path):
                print(f"    {row.path:30} {row.value:.5g} +- {result.stderr[row.path]:.2g} {row.unit}")  # noqa: T201
    assert found["with_bandwidth"].misfit < 0.96 * found["one_exponential"].misfit
    # no richer model is worse, and none explains what is left
    for name in ("four_levels", "second_exponential", "dephasing"):
        assert found[name].misfit < 1.003 * found["with_bandwidth"].misfit
        assert found[name].chi2_per_dof > 2
