"""Single shots in the IQ plane: bins against the mixture's integral, fits against the unbinned likelihood and the truth."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

from qrexplore import experiments
from qrexplore.data import DatasetError, binned
from qrexplore.learn import Kernel, LearnProblem, examine, learn, measured
from qrexplore.twin import IQReadout, library, read_bins, simulate
from qrexplore.twin.levels import level_populations

# clouds of levels 0 and 1 that overlap: 1.8 widths apart
TRUE = IQReadout(i_0=-0.5e-3, q_0=0.3e-3, i_1=1.2e-3, q_1=-0.2e-3, i_2=3e-3, q_2=2e-3, width=1e-3)
CLOUDS = ["readout_q0.i_0", "readout_q0.q_0", "readout_q0.i_1", "readout_q0.q_1", "readout_q0.width"]
T1 = 33e-6


def read_by(readout, **values):
    twin = library.transmon()
    return library.assemble(dict(twin.chip.qubits.items()), readout={"q0": readout}).replace(values)


def relaxation(points=12):
    made = experiments.t1(np.linspace(0, 120e-6, points))
    return experiments.Experiment(made.protocol, made.qubits, made.coordinates, made.settings, "iq", "V", 400)


def shots(experiment, seed=0, **values):
    return simulate(read_by(TRUE, **{"q0.t1": T1, **values}), experiment, shots=400, seed=seed, single_shots=True)


def test_shares_of_bins_are_the_integral_of_the_clouds_and_sum_to_1():
    edges = np.stack([np.linspace(-2e-3, 4e-3, 9), np.linspace(-3e-3, 3e-3, 9)])
    found = np.asarray(TRUE.bin_shares(3, jnp.asarray(edges))).reshape(3, 10, 10)
    assert found.sum(axis=(1, 2)) == pytest.approx(np.ones(3))
    columns = np.diff(norm.cdf(np.r_[-np.inf, edges[0], np.inf], 1.2e-3, 1e-3))
    rows = np.diff(norm.cdf(np.r_[-np.inf, edges[1], np.inf], -0.2e-3, 1e-3))
    assert found[1] == pytest.approx(np.outer(columns, rows))


def test_counted_shots_are_all_there_and_scatter_as_the_mixture_says():
    experiment = relaxation()
    data = binned(shots(experiment))
    part = measured(data, "iq mixture")
    assert (part.shots, part.likelihood) == (400, "multinomial")
    assert part.values.sum(axis=-1) == pytest.approx(np.ones((1, 12)))
    twin = read_by(TRUE, **{"q0.t1": T1})
    levels = np.asarray(level_populations(twin, experiment))
    model = np.asarray(read_bins(twin, experiment, levels, part.edges))
    pulls = (part.values - model) / np.sqrt(model / 400)
    often = model * 400 > 5
    assert np.mean(pulls[often] ** 2) == pytest.approx(1, abs=0.15)
    residual = np.asarray(part.residuals(jnp.asarray(model))).reshape(model.shape)
    assert np.mean(residual[often] ** 2) == pytest.approx(1, abs=0.15)


def curvature(function, center, step):
    """Second derivatives by central differences."""
    moves = step * np.eye(len(center))
    return np.array([
        [sum(a * b * function(center + a * one + b * other) for a in (1, -1) for b in (1, -1)) / (4 * step**2) for other in moves]
        for one in moves
    ])  # fmt: skip


def test_a_fit_of_bins_agrees_with_the_unbinned_likelihood():
    data = shots(relaxation(), seed=3)
    start = read_by(TRUE)
    result = learn(LearnProblem(start, data, free=["q0.t1", *CLOUDS], likelihood="iq mixture"))
    points = data["iq_shots"].values[0]
    delays = data["delay"].values

    def loss(theta):
        # decay into the ground state, by itself; parameters in their sizes
        t1, (zero, one), width = theta[0] * 1e-5, theta[1:5].reshape(2, 2) * 1e-3, theta[5] * 1e-3
        p = peak * np.exp(-delays / t1)
        squares = [np.sum((points - c[None, :, None]) ** 2, axis=1) / (2 * width**2) for c in (zero, one)]
        mixed = (1 - p)[:, None] * np.exp(-squares[0]) + p[:, None] * np.exp(-squares[1])
        return -np.sum(np.log(mixed)) + 2 * mixed.size * np.log(width)

    # what the twin's half turn leaves of level 1
    peak = float(np.asarray(level_populations(read_by(TRUE, **{"q0.t1": T1}), relaxation()))[0, 1, 0])
    names = ["q0.t1", *CLOUDS]
    sizes = np.array([1e-5, *[1e-3] * 5])
    begin = np.array([T1, -0.5e-3, 0.3e-3, 1.2e-3, -0.2e-3, 1e-3]) / sizes
    # a quasi-Newton search may end early where the last bits of a sum over thousands of shots are noise
    options = {"xatol": 1e-5, "fatol": 1e-7, "maxfev": 20000, "adaptive": True}
    exact = minimize(loss, minimize(loss, begin, method="BFGS").x, method="Nelder-Mead", options=options)
    error = np.sqrt(np.diag(np.linalg.inv(curvature(loss, exact.x, 0.01))))
    found = np.array([result.parameters[name].value for name in names]) / sizes
    stated = np.array([result.stderr[name] for name in names]) / sizes
    assert np.abs(found - exact.x) / error == pytest.approx(np.zeros(6), abs=0.6)
    assert stated / error == pytest.approx(np.ones(6), rel=0.15)


def test_errors_of_a_mixture_cover_the_truth():
    pulls = []
    twin = read_by(TRUE, **{"q0.t1": T1})
    for seed in range(12):
        data = binned(shots(relaxation(), seed=50 + seed))
        # the same edges for all, so that nothing compiles anew
        problem = LearnProblem(read_by(TRUE), data, free=["q0.t1", *CLOUDS], likelihood="counts")
        result = learn(problem)
        pulls += [(row.value - twin.parameters[row.path].value) / result.stderr[row.path] for row in result.parameters]
    assert np.sqrt(np.mean(np.square(pulls))) == pytest.approx(1, abs=0.3)
    assert np.abs(np.mean(pulls)) < 0.5


def test_single_shots_tell_populations_and_clouds_that_means_cannot_tell_apart():
    data = shots(relaxation(), seed=1)
    free = ["q0.t1", *CLOUDS]
    by_shots = learn(LearnProblem(read_by(TRUE), data, free=free, likelihood="counts"))
    means = learn(LearnProblem(read_by(TRUE), data, free=free[:-1], likelihood="gaussian"))
    assert all(np.isfinite(error) for error in by_shots.stderr.values())
    assert by_shots.stderr["readout_q0.i_1"] < means.stderr["readout_q0.i_1"]


def test_an_examination_of_a_mixture_points_at_a_cloud_that_is_missing():
    data = shots(relaxation(), seed=2)
    problem = LearnProblem(read_by(TRUE), data, free=["q0.t1", *CLOUDS], likelihood="iq mixture")
    kernel = Kernel(problem)
    found = examine(learn(problem, kernel=kernel), kernel)
    assert found.explained
    assert found.goodness[0].chi2 / found.goodness[0].dof == pytest.approx(1, abs=0.12)
    # a fifth cloud of shots at a few delays, which the twin has no level for
    data["iq_shots"].values[0, 3:6, :, :60] += 6e-3
    problem = LearnProblem(read_by(TRUE), data, free=["q0.t1", *CLOUDS], likelihood="iq mixture")
    assert not examine(learn(problem)).explained


def test_what_is_no_histogram_of_shots_is_refused():
    made = relaxation()
    means = simulate(read_by(TRUE), made, shots=400, seed=0)
    with pytest.raises(ValueError, match=r"'iq mixture' needs single shots in the IQ plane.*Use 'gaussian', or keep"):
        measured(means, "iq mixture")
    assert measured(means, "counts").likelihood == "gaussian"
    with pytest.raises(DatasetError, match=r"`data` must hold single shots \('iq_shots'\).*single_shots=True"):
        binned(means)
    kept = shots(made)
    with pytest.raises(DatasetError, match="`bins` must be at least 4, got 2"):
        binned(kept, bins=2)
    uneven = binned(kept)
    uneven["iq_counts"].values[0, 0, 3, 3] += 1
    with pytest.raises(ValueError, match="all points of 'iq_counts' must have the same number of shots, got 400, 401"):
        measured(uneven, "iq mixture")


def test_clouds_without_a_whole_point_are_refused_by_name():
    data = shots(relaxation())
    data["iq_shots"].values[..., 7] = np.nan
    with pytest.raises(DatasetError, match="dataset 'clouds': `iq_shots` must have a point whose shots are all finite"):
        LearnProblem(read_by(TRUE), {"clouds": data}, free=["q0.t1"], likelihood="counts")


def test_a_point_with_a_missing_shot_is_left_out():
    data = shots(relaxation())
    data["iq_shots"].values[0, 4, 0, 7] = np.nan
    part = measured(data, "iq mixture")
    assert not part.present[0, 4].any()
    assert part.present[0, 5].all()
    assert part.independent == 11 * (14**2 - 1)
