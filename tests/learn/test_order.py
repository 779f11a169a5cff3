"""Settlings of a line that data cannot tell apart get the names that their priors want."""

from dataclasses import replace

import numpy as np
import pytest

from qrexplore import experiments, library
from qrexplore.core import LogNormal, Named, Normal, Uniform
from qrexplore.learn import LearnProblem, in_order
from qrexplore.twin import predict, simulate
from qrexplore.twin.electronics import Compression, ExponentialResponse, Gain, GaussianFilter, SignalChain

LINE = "flux_q1"
PRIORS = {
    f"{LINE}.fast.time_constant": LogNormal(8e-9, 1.0),
    f"{LINE}.middle.time_constant": LogNormal(60e-9, 1.0),
    f"{LINE}.slow.time_constant": LogNormal(900e-9, 1.0),
    f"{LINE}.*.amplitude": Normal(0.0, 0.03),
}
CHEVRON = experiments.chevron(np.array([0.47, 0.5]), np.arange(4, 60, 8) * 1e-9, shots=500)


def twin(*settlings):
    made = library.two_transmons(dissipative=False)
    stages = {
        name: ExponentialResponse(amplitude, constant * 1e-9)
        for name, (amplitude, constant) in zip(("fast", "middle", "slow"), settlings, strict=True)
    }
    line = SignalChain(1e9, Named({**stages, "round": GaussianFilter(300e6), "transfer": Gain(0.4)}))
    return replace(made, lines=Named({**dict(made.lines.items()), LINE: line}))


RIGHT = [(0.02, 25.0), (-0.006, 57.0), (0.003, 700.0)]


@pytest.fixture(scope="module")
def problem():
    start = twin(*RIGHT)
    data = simulate(start, CHEVRON, shots=500, seed=1)
    free = [f"{LINE}.{name}.*" for name in ("fast", "middle", "slow")]
    return LearnProblem(start, data, free=free, priors=PRIORS)


def settlings(found):
    return [
        (
            found.parameters[f"{LINE}.{name}.amplitude"].value,
            1e9 * found.parameters[f"{LINE}.{name}.time_constant"].value,
        )
        for name in ("fast", "middle", "slow")
    ]


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_exchanged_settlings_predict_the_same_and_are_put_in_order(problem, order):
    exchanged = twin(*(RIGHT[k] for k in order))
    np.testing.assert_allclose(predict(exchanged, CHEVRON), predict(twin(*RIGHT), CHEVRON), atol=1e-9)
    np.testing.assert_allclose(settlings(in_order(problem, exchanged)), RIGHT, rtol=1e-12)


def test_what_is_in_order_or_not_all_free_or_alike_stays_as_it_is(problem):
    right = twin(*RIGHT)
    assert in_order(problem, right) is right
    exchanged = twin(RIGHT[1], RIGHT[0], RIGHT[2])
    held = replace(problem, hold=[f"{LINE}.fast.time_constant"])
    assert in_order(held, exchanged) is exchanged
    # the last one may still be exchanged for the middle one
    mixed = twin(RIGHT[0], RIGHT[2], RIGHT[1])
    np.testing.assert_allclose(settlings(in_order(held, mixed)), RIGHT, rtol=1e-12)
    alike = twin((0.01, 21.2), (0.02, 21.0), RIGHT[2])
    assert in_order(problem, alike) is alike


def test_settlings_on_both_sides_of_a_converter_are_not_exchanged(problem):
    def converted(order):
        made = twin(*(RIGHT[k] for k in order))
        stages = dict(made.lines[LINE].stages.items())
        stages = {"fast": stages["fast"], "bent": Compression(0.5), **{k: v for k, v in stages.items() if k != "fast"}}
        return replace(made, lines=Named({**dict(made.lines.items()), LINE: SignalChain(1e9, Named(stages))}))

    exchanged = converted((1, 0, 2))
    assert in_order(problem, exchanged) is exchanged
    # those behind it still are
    np.testing.assert_allclose(settlings(in_order(problem, converted((0, 2, 1)))), RIGHT, rtol=1e-12)


def test_what_is_tied_follows():
    start = twin(*RIGHT)
    data = simulate(start, CHEVRON, shots=500, seed=1)
    priors = {path: prior for path, prior in PRIORS.items() if "slow" not in path}
    tied = LearnProblem(start, data, free=[f"{LINE}.fast.*", f"{LINE}.middle.*"], priors=priors,
                        ties={f"{LINE}.slow.amplitude": f"{LINE}.fast.amplitude"})  # fmt: skip
    found = in_order(tied, twin(RIGHT[1], RIGHT[0], RIGHT[1]))
    amplitudes = [amplitude for amplitude, _ in settlings(found)]
    assert amplitudes == [RIGHT[0][0], RIGHT[1][0], RIGHT[0][0]]


def test_a_range_is_kept_to(problem):
    narrow = {
        f"{LINE}.{name}.time_constant": Uniform(*ends)
        for name, ends in (("fast", (1e-9, 40e-9)), ("middle", (20e-9, 1e-6)))
    }
    asked = replace(problem, priors={**PRIORS, **narrow})
    exchanged = twin(RIGHT[1], RIGHT[0], RIGHT[2])
    # by what priors say of their middle alone, both orders would do
    np.testing.assert_allclose(settlings(in_order(asked, exchanged)), RIGHT, rtol=1e-12)
