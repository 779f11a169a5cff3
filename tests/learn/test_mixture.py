"""Amplitudes that may be zero: intervals against integrals on a grid, and over devices drawn from the priors."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.stats import binom

from qrexplore import experiments
from qrexplore.core import LogNormal, Normal, ParameterTable
from qrexplore.learn import Kernel, LearnProblem, examine, learn, posterior
from qrexplore.learn.mixture import Mixture, mixture
from qrexplore.learn.places import Faint, faint_amplitudes
from qrexplore.optimize import Coordinates
from qrexplore.twin import library, simulate

TIMES = np.linspace(1e-9, 60e-9, 60)
NOISE = 0.01
PRIORS = {
    "flux_q0.distortion.amplitude": Normal(0.0, 0.02),
    "flux_q0.distortion.time_constant": LogNormal(10e-9, 0.7),
    "flux_q0.transfer.gain": Normal(0.4, 0.05),
}
TWIN = library.transmon()
ROWS = ParameterTable(replace(TWIN.parameters[path], prior=prior) for path, prior in PRIORS.items())
COORDINATES = Coordinates(ROWS)
AMPLITUDE, TIME, GAIN = range(3)


def values_at(point):
    """Give the values at coordinates far from the bounds, as `Coordinates` does, and faster."""
    return np.array([0.02 * point[AMPLITUDE], 10e-9 * np.exp(0.7 * point[TIME]), 0.4 + 0.05 * point[GAIN]])


def settling(time_constant):
    return np.exp(-TIMES / time_constant)


class Toy:
    """A curve ``gain + amplitude exp(-t/time constant)`` with Gaussian noise, and its fit from a start."""

    def __init__(self, truth, seed):
        random = np.random.default_rng(seed)
        self.data = self.curve(truth) + NOISE * random.standard_normal(len(TIMES))

    @staticmethod
    def curve(values):
        return values[GAIN] + values[AMPLITUDE] * settling(values[TIME])

    def residuals(self, point):
        return (self.curve(values_at(point)) - self.data) / NOISE

    def fitted(self, start, moving):
        """Give the Gaussian about a fit of some of the coordinates."""

        def whole(part):
            point = np.array(start, dtype=float)
            point[moving] = part
            return point

        def every(part):
            return np.concatenate([self.residuals(whole(part)), whole(part)])

        point = whole(least_squares(every, np.array(start)[moving], xtol=1e-12, ftol=1e-12).x)
        step = 1e-5 * np.eye(3)
        slopes = [(self.residuals(point + one) - self.residuals(point - one)) / 2e-5 for one in step]
        values = values_at(point)
        table = ParameterTable(replace(row, value=float(v)) for row, v in zip(ROWS, values, strict=True))
        return posterior(table, point, np.array(slopes).T)

    def known(self, start=(0.05, 0.0, 0.0)):
        fit = self.fitted(start, [0, 1, 2])
        faint = faint_amplitudes(fit)
        if not faint:
            return fit, fit
        return fit, mixture(fit, self.fitted([0.0, fit.center[TIME], fit.center[GAIN]], [GAIN]), faint, self.residuals)

    def integrated(self, level):
        """Give means, standard deviations and central intervals of the exact posterior, by sums over a grid."""
        amplitudes, gains, times = np.linspace(-0.06, 0.06, 241), np.linspace(0.37, 0.43, 241), np.linspace(-4, 4, 161)
        shapes = settling(np.exp(np.log(10e-9) + 0.7 * times)[:, None])
        left = self.data - gains[:, None]
        squares = (
            np.sum(left**2, axis=1)[None, None, :]
            - 2 * np.einsum("a,zt,gt->zag", amplitudes, shapes, left)
            + (amplitudes**2)[None, :, None] * np.sum(shapes**2, axis=1)[:, None, None]
        ) / NOISE**2
        squares += times[:, None, None] ** 2 + ((amplitudes / 0.02) ** 2)[:, None] + ((gains - 0.4) / 0.05) ** 2
        weights = np.exp(-(squares - squares.min()) / 2)
        found = []
        for axis, grid in ((1, amplitudes), (0, times), (2, gains)):
            share = np.sum(weights, axis=tuple({0, 1, 2} - {axis}))
            share /= share.sum()
            mean = share @ grid
            ends = np.interp([(1 - level) / 2, (1 + level) / 2], np.cumsum(share) - share / 2, grid)
            found.append((mean, np.sqrt(share @ (grid - mean) ** 2), *ends))
        return found


@pytest.mark.parametrize(("amplitude", "seed"), [(0.0, 1), (0.0, 2), (0.006, 3), (-0.008, 4), (0.01, 5)])
def test_means_errors_and_intervals_are_those_of_integrals_over_a_grid(amplitude, seed):
    toy = Toy((amplitude, 14e-9, 0.4), seed)
    _, found = toy.known()
    intervals = found.intervals(0.95)
    means = found.weights @ found.centers
    spreads = np.sqrt(found.weights @ (found.sigmas**2 + (found.centers - means) ** 2))
    to_units = {AMPLITUDE: (0.0, 0.02), GAIN: (0.4, 0.05)}
    for place, (mean, spread, low, high) in enumerate(toy.integrated(0.95)):
        zero, unit = to_units.get(place, (0.0, 1.0))
        ends = np.array([low, high])
        if place == TIME:
            ends = 10e-9 * np.exp(0.7 * ends)
        assert zero + unit * means[place] == pytest.approx(mean, abs=0.1 * spread)
        assert unit * spreads[place] == pytest.approx(spread, rel=0.1)
        length = np.log(ends[1] / ends[0]) if place == TIME else ends[1] - ends[0]
        got = np.log(intervals[place] / ends) if place == TIME else intervals[place] - ends
        np.testing.assert_allclose(got / length, 0, atol=0.07)


def test_values_are_those_of_the_coordinates():
    point = np.array([0.7, -1.1, 0.4])
    np.testing.assert_allclose(values_at(point), COORDINATES.values(point), rtol=1e-12)


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say_where_amplitudes_are_drawn_about_zero():
    random, inside = np.random.default_rng(11), []
    for seed in range(300):
        truth = values_at(random.standard_normal(3) * [0.4, 1.0, 1.0])
        _, found = Toy(truth, 1000 + seed).known(start=(0.3, random.standard_normal(), 0.0))
        ends = found.intervals(0.95)
        inside.append((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
    low, high = binom.ppf([1e-3, 1 - 1e-3], len(inside), 0.95)
    counts = np.sum(inside, axis=0)
    # priors wider than what is drawn make intervals of the amplitude hold it more often
    assert np.all(counts >= low), counts
    assert counts[TIME] <= high, counts


@pytest.mark.parametrize("most", [30_000, 1], ids=["all", "drawn"])
def test_places_of_two_amplitudes_are_weighed_together(most, monkeypatch):
    monkeypatch.setattr("qrexplore.learn.places._MOST", most)
    # two settlings in one curve, the second through parameters that are there anyway
    names = ("q0.flux_offset", "q0.t1")
    rows = ParameterTable([
        *ROWS,
        replace(TWIN.parameters[names[0]], prior=Normal(0.0, 0.02), bounds=(-0.5, 0.5)),
        replace(TWIN.parameters[names[1]], prior=LogNormal(40e-6, 0.5), scaled_by=names[0]),
    ])  # fmt: skip
    coordinates, random = Coordinates(rows), np.random.default_rng(3)
    noise = random.standard_normal(len(TIMES))

    def residuals(point):
        amplitude, time, gain, second, other = np.asarray(coordinates.values(point))
        curve = gain + amplitude * settling(time) + second * settling(other / 1000)
        return (curve - 0.4 - 0.004 * settling(20e-9)) / NOISE - noise

    without = np.zeros(5)
    step = 1e-5 * np.eye(5)
    slopes = np.array([(residuals(without + one) - residuals(without - one)) / 2e-5 for one in step]).T
    known = posterior(rows, without, slopes)
    faint = faint_amplitudes(known)
    assert faint == [Faint(0, 0.0, (1,)), Faint(3, 0.0, (4,))]
    found = mixture(known, known, faint, residuals)
    # all pairs of places, each integrated over the other three by linear algebra of its own
    axis = np.linspace(-2.4, 2.4, 13)
    logs, means, variances = [], [], []
    for first in axis:
        for last in axis:
            point = np.array([0.0, first, 0.0, 0.0, last])
            columns = np.array(
                [(residuals(point + h) - residuals(point)) / 1e-4 for h in 1e-4 * np.eye(5)[[0, 2, 3]]]
            ).T
            rest, precision = residuals(point), columns.T @ columns + np.eye(3)
            center = -np.linalg.solve(precision, columns.T @ rest)
            loss = (rest @ rest + (columns.T @ rest) @ center + first**2 + last**2) / 2
            logs.append(-loss - np.linalg.slogdet(precision)[1] / 2)
            means.append([center[0], first, center[1], center[2], last])
            inverse = np.diag(np.linalg.inv(precision))
            room = (axis[1] - axis[0]) ** 2 / 12
            variances.append([inverse[0], room, inverse[1], inverse[2], room])
    weights = np.exp(np.array(logs) - np.max(logs))
    weights /= weights.sum()
    mean = weights @ np.array(means)
    spread = np.sqrt(weights @ (np.array(variances) + (np.array(means) - mean) ** 2))
    got = found.weights @ found.centers
    np.testing.assert_allclose((got - mean) / spread, 0, atol=0.1)
    np.testing.assert_allclose(
        np.sqrt(found.weights @ (found.sigmas**2 + (found.centers - got) ** 2)) / spread, 1, atol=0.1
    )


def test_of_amplitudes_that_do_the_same_only_the_fainter_may_be_zero():
    rows = ParameterTable([
        *ROWS,
        replace(TWIN.parameters["q0.flux_offset"], prior=Normal(0.0, 0.02), bounds=(-0.5, 0.5)),
        replace(TWIN.parameters["q0.t1"], prior=LogNormal(40e-6, 0.5), scaled_by="q0.flux_offset"),
    ])  # fmt: skip
    # their sum is known to a hundredth, and each only through it
    together = np.array(
        [[100.0, 0, 0, 100.0, 0], [0.5, 0, 0, -0.5, 0], [0, 1, 0, 0, 0], [0, 0, 10, 0, 0], [0, 0, 0, 0, 1]]
    )
    both = Faint(0, 0.0, (1,)), Faint(3, 0.0, (4,))
    assert faint_amplitudes(posterior(rows, np.array([0.3, 0.0, 0.0, 0.7, 0.0]), together)) == [both[0]]
    assert faint_amplitudes(posterior(rows, np.array([0.7, 0.0, 0.0, -0.7, 0.0]), together)) == list(both)


CRYOSCOPE = experiments.cryoscope_amplitudes([0.2, 0.3], np.arange(1, 60, 3) * 1e-9, drive_frequency=5e9, shots=4000)
FREE = {
    "flux_q0.distortion.amplitude": Normal(0.0, 0.03),
    "flux_q0.distortion.time_constant": LogNormal(10e-9, 0.6),
    "flux_q0.transfer.gain": LogNormal(0.4, 0.1),
}


def cryoscope(amplitude, seed):
    truth = library.transmon(dissipative=False).replace(
        {"flux_q0.distortion.amplitude": amplitude, "flux_q0.distortion.time_constant": 14e-9}
    )
    data = simulate(truth, CRYOSCOPE, shots=4000, seed=seed)
    problem = LearnProblem(truth, data, free=list(FREE), priors=FREE, likelihood="counts")
    kernel = Kernel(problem)
    return problem, kernel, learn(problem, kernel=kernel)


def test_a_time_constant_is_learned_with_its_amplitude_and_not_without():
    _, kernel, result = cryoscope(0.0, 4)
    none = examine(result, kernel)
    low, high = none["flux_q0.distortion.amplitude"].interval
    assert low <= 0 <= high
    assert none["flux_q0.distortion.time_constant"].verdict == "not learned"
    _, kernel, result = cryoscope(0.03, 4)
    found = examine(result, kernel)
    assert found["flux_q0.distortion.time_constant"].verdict == "learned"
    assert found.better is None


def test_a_fit_on_the_wrong_side_of_zero_is_told_where_the_data_are_explained_better():
    problem, kernel, result = cryoscope(0.004, 5)
    # as if a search had ended there
    aside = {"flux_q0.distortion.amplitude": -0.0005, "flux_q0.distortion.time_constant": 3e-9}
    wrong = problem.moved({row.path: aside.get(row.path, row.value) for row in result.parameters})
    stuck = replace(
        result, twin=wrong, parameters=wrong.parameters.select(result.parameters.paths), coordinates=None
    )  # fmt: skip
    found = examine(stuck, kernel)
    assert "learn again from `better`" in repr(found)
    assert found.to_dict()["better"]["flux_q0.distortion.amplitude"] > 0
    low, high = found["flux_q0.distortion.amplitude"].interval
    assert low <= 0.004 <= high
    again = learn(replace(problem, twin=found.better), kernel=kernel)
    assert again.history[-1].loss == pytest.approx(result.history[-1].loss, abs=1e-3)
    assert examine(again, kernel).better is None


def test_an_amplitude_can_be_all_that_is_free_beside_what_it_scales():
    problem, _, result = cryoscope(0.0, 7)
    few = [path for path in FREE if "distortion" in path]
    alone = learn(replace(problem, twin=result.twin, free=few, priors={path: FREE[path] for path in few}))
    found = examine(alone)
    assert found["flux_q0.distortion.time_constant"].verdict == "not learned"
    low, high = found["flux_q0.distortion.amplitude"].interval
    assert low <= 0 <= high


def test_a_gaussian_wholly_outside_the_bounds_says_what_is_at_the_nearer_one():
    table = TWIN.parameters.select(["q0.t1"])
    known, coordinates = posterior(table, np.zeros(1), np.ones((20, 1))), Coordinates(table)
    low, high = table[0].bounds
    for center, bound in ((1.6, high), (-0.6, low)):
        found = Mixture(known, np.array([0.5, 0.5]), np.array([[0.5], [center]]), np.array([[0.01], [0.02]]), None)
        ends = found.intervals(0.95)[0]
        # half of all is at the bound, the other half about the middle
        near = ends[0] if center < 0 else ends[1]
        far = ends[1] if center < 0 else ends[0]
        assert near == pytest.approx(bound, rel=1e-6)
        # a tail of 2.5 % of all is one of 5 % of that half
        place = 0.5 + np.sign(0.5 - center) * 1.6449 * 0.01
        assert far == pytest.approx(float(coordinates.values(np.log(place / (1 - place)) * np.ones(1))[0]), rel=1e-3)
