"""The contract of every optimiser; a method joins by being listed in METHODS."""

from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import least_squares

from qrexplore.core import Status, Step, Task, run
from qrexplore.optimize import METHODS, Adam, LeastSquares, LevenbergMarquardt, pack, search, unpack


@dataclass(frozen=True)
class Case:
    """How a method is tried: its options, how far from the optimum it may end, and what it does with a NaN on its way."""

    options: dict = field(default_factory=dict)
    far: float = 1e-9
    errors: float = 0.05  # and so many standard errors on top
    above: float = 0.0  # how far its loss may stay above the least: a step of fixed length jitters
    ends: tuple[Status, ...] = (Status.CONVERGED,)
    nonfinite: tuple[Status, ...] = tuple(Status)


_PATIENT = {"patience": 200, "tolerance": 1e-9}
_ROUGH: dict = {"far": 2e-2, "ends": (Status.CONVERGED, Status.MAX_STEPS), "nonfinite": (Status.NONFINITE,)}
CASES = {
    "levenberg-marquardt of what is dear": Case(),
    "levenberg-marquardt": Case(),
    "gauss-newton": Case(),
    "l-bfgs": Case(far=1e-6),
    "adam": Case({"learning_rate": 0.05, **_PATIENT}, **_ROUGH, above=1e-4),
    "nadam": Case({"learning_rate": 0.05, **_PATIENT}, **_ROUGH, above=1e-4),
    "rmsprop": Case({"learning_rate": 0.005, **_PATIENT}, **_ROUGH, above=4e-3),
    "sgd": Case({"learning_rate": 0.0008, **_PATIENT}, **_ROUGH, above=1e-4),
    "cma-es": Case(far=1e-4),
    "nelder-mead": Case(far=1e-4),
    "hybrid": Case({"generations": 5}),
    "multi-start": Case({"count": 3, "width": 0.5}),
}
TIMES = np.linspace(0.0, 3.0, 25)
NOISE = 0.02 * np.random.default_rng(5).normal(size=25)


def posed(residuals, start):
    residuals = jax.jit(residuals)
    jacobian, gradient = jax.jit(jax.jacfwd(residuals)), jax.jit(jax.grad(lambda x: jnp.sum(residuals(x) ** 2) / 2))
    return LeastSquares(
        linearize=lambda x: (np.asarray(residuals(x)), np.asarray(jacobian(x))),
        gradient=lambda x: (float(jnp.sum(residuals(x) ** 2) / 2), np.asarray(gradient(x))),
        start=np.asarray(start, dtype=float),
    )


def line(x):
    return x[0] + x[1] * TIMES - (0.3 - 0.8 * TIMES + NOISE)


def decay(x):
    return x[0] * jnp.exp(-TIMES * jnp.exp(x[1])) + x[2] - (np.exp(-1.3 * TIMES) + 0.2 + NOISE)


def valley(x):
    return jnp.stack([10 * (x[1] - x[0] ** 2), 1 - x[0], 0.1 * (x[1] - 1)])


PROBLEMS = {"line": (line, [0.0, 0.0]), "decay": (decay, [0.7, -0.5, 0.0]), "valley": (valley, [-1.2, 1.0])}


def driven(method, problem, max_steps=4000, watch=None):
    """Drive a method as a task and give its last progress and status."""

    def advance(progress):
        progress = method.advance(problem, progress)
        return progress, Step(progress.iteration, progress.loss, progress.gradient_norm)

    def done(progress):
        return method.done(progress) or (Status.MAX_STEPS if progress.iteration >= max_steps else None)

    task = Task(problem, lambda: method.init(problem), advance, done, lambda progress, status: (progress, status))
    return run(task, on_step=watch)


class Sparing:
    """Levenberg-Marquardt where the problem gives its residuals alone, so that it asks less often for their Jacobian."""

    def __init__(self):
        self.method = LevenbergMarquardt()
        self.done = self.method.done

    def init(self, problem):
        return self.method.init(self.posed(problem))

    def advance(self, problem, progress):
        return self.method.advance(self.posed(problem), progress)

    def posed(self, problem):
        return replace(problem, residual=lambda x: problem.linearize(x)[0])


TRIED = {**METHODS, "levenberg-marquardt of what is dear": Sparing}


@pytest.fixture(params=TRIED)
def case(request):
    return CASES[request.param]


@pytest.fixture
def method(request, case):
    return TRIED[request.node.callspec.params["case"]](**case.options)


@pytest.mark.parametrize("name", PROBLEMS)
def test_method_finds_the_optimum_that_scipy_finds(method, case, name):
    residuals, start = PROBLEMS[name]
    progress, status = driven(method, posed(residuals, start))
    known = least_squares(lambda x: np.asarray(residuals(jnp.asarray(x))), start, xtol=1e-14, ftol=1e-14, gtol=1e-14)
    assert status in case.ends
    # Levenberg-Marquardt stops when the rest of the way is a small part of a standard error
    spread = np.sqrt(np.diag(np.linalg.inv(known.jac.T @ known.jac)) * 2 * known.cost / (len(known.fun) - len(start)))
    assert np.all(np.abs(progress.coordinates - known.x) <= case.errors * spread + case.far)
    assert progress.loss <= known.cost * (1 + 1e-3) + case.above + 1e-12


def test_loss_never_rises_and_iterations_count(method):
    losses, iterations = [], []

    def watch(step):
        losses.append(step.loss)
        iterations.append(step.iteration)

    driven(method, posed(decay, [0.7, -0.5, 0.0]), max_steps=30, watch=watch)
    assert np.all(np.diff(losses) <= 0)
    assert losses[-1] < losses[0]
    assert iterations == list(range(1, len(losses) + 1))


def test_reported_loss_is_half_the_sum_of_squares_at_the_reported_point(method):
    progress, _ = driven(method, posed(decay, [0.7, -0.5, 0.0]), max_steps=7)
    residual = np.asarray(decay(jnp.asarray(progress.coordinates)))
    assert progress.loss == pytest.approx(residual @ residual / 2, rel=1e-12)


def test_method_keeps_no_state_of_its_own(method):
    problem = posed(decay, [0.7, -0.5, 0.0])
    once = method.advance(problem, method.init(problem))
    method.advance(problem, once)
    again = method.advance(problem, method.init(problem))
    np.testing.assert_array_equal(once.coordinates, again.coordinates)


@pytest.mark.parametrize("cut", [0, 1, 2, 5, 9, 14])
def test_search_that_was_stored_goes_on_bit_for_bit(method, cut, tmp_path):
    problem = posed(decay, [0.7, -0.5, 0.0])
    progress, whole = method.init(problem), []
    for _ in range(18):
        whole.append(pack(progress))
        progress = method.advance(problem, progress)
    np.savez(tmp_path / "search.npz", **whole[cut])
    with np.load(tmp_path / "search.npz", allow_pickle=False) as arrays:
        progress = unpack(method.init(problem), dict(arrays))
    for expected in whole[cut:]:
        found = pack(progress)
        assert found.keys() == expected.keys()
        assert all(found[name].tobytes() == expected[name].tobytes() for name in found)
        progress = method.advance(problem, progress)


def test_structure_of_a_search_is_the_same_from_the_first_step_on(method):
    problem = posed(decay, [0.7, -0.5, 0.0])
    progress = method.init(problem)
    first = jax.tree.structure(progress)
    for _ in range(12):
        progress = method.advance(problem, progress)
        assert jax.tree.structure(progress) == first


def counted(problem):
    """Give a problem that counts the calls of its functions."""
    calls = []

    def counting(function):
        return lambda point: calls.append(point) or function(point)

    functions = {"linearize": problem.linearize, "gradient": problem.gradient, "loss": problem.value}
    return replace(problem, **{name: counting(function) for name, function in functions.items()}), calls


def test_every_call_of_the_model_is_counted(method):
    problem, calls = counted(posed(decay, [0.7, -0.5, 0.0]))
    progress = method.init(problem)
    for _ in range(12):
        assert progress.evaluations == len(calls)
        progress = method.advance(problem, progress)


def test_scales_make_up_for_units(method):
    # powers of 2 change no bit of a path that knows them
    scale = np.array([2.0**-10, 1.0, 2.0**-6])
    known = posed(lambda x: decay(x / scale), np.array([0.7, -0.5, 0.0]) * scale)
    known, plain = replace(known, scale=scale), posed(decay, [0.7, -0.5, 0.0])
    one, other = method.init(known), method.init(plain)
    for _ in range(12):
        np.testing.assert_allclose(one.coordinates / scale, other.coordinates, rtol=1e-9)
        one, other = method.advance(known, one), method.advance(plain, other)


def test_start_that_is_not_finite_is_told(method):
    _, status = driven(method, posed(lambda x: jnp.log(x) * jnp.ones(3), [-1.0]), max_steps=50)
    assert status is Status.NONFINITE


def test_step_into_numbers_that_are_not_finite_leaves_the_best_point_where_it_was(method, case):
    # downhill leads over the edge of the domain
    progress, status = driven(method, posed(lambda x: jnp.sqrt(x - 0.2) * jnp.ones(3) + 1.0, [1.0]), max_steps=300)
    assert 0.2 <= float(progress.coordinates[0]) < 1.0
    assert status in case.nonfinite


def test_method_that_can_find_nothing_lower_says_that_it_is_stalled():
    # the Jacobian points uphill, as that of a wrong derivative would
    wrong = LeastSquares(
        linearize=lambda x: (np.append(x, 1.0), np.array([[-1.0], [0.0]])), gradient=None, start=np.array([1.0])
    )
    progress, status = driven(METHODS["levenberg-marquardt"](), wrong, max_steps=100)
    assert status is Status.STALLED
    np.testing.assert_array_equal(progress.coordinates, [1.0])


def test_a_jacobian_that_is_dear_is_asked_for_less_often():
    problem, calls = counted(posed(decay, [0.7, -0.5, 0.0]))
    end = search(problem, LevenbergMarquardt())
    plain = len({point.tobytes() for point in calls})
    calls.clear()
    dear = replace(problem, residual=lambda x: np.asarray(decay(jnp.asarray(x))))
    spared = search(dear, LevenbergMarquardt())
    assert len({point.tobytes() for point in calls}) < plain
    assert spared.loss == pytest.approx(end.loss, rel=1e-4)


def test_a_good_point_from_which_no_slope_leads_on_is_refused():
    def linearize(x):
        return x, np.array([[np.inf if x[0] < 0.6 else 1.0]])

    problem = LeastSquares(linearize, gradient=None, start=np.array([1.0]), residual=lambda x: x)
    end = search(problem, LevenbergMarquardt())
    assert end.status is Status.STALLED
    assert 0.6 <= end.coordinates[0] < 1.0
    assert end.loss == pytest.approx(end.coordinates[0] ** 2 / 2)


def test_run_that_may_not_go_on_says_so(method):
    assert driven(method, posed(valley, [-8.0, 9.0]), max_steps=1)[1] is Status.MAX_STEPS


def test_adam_that_never_gets_better_is_stalled_and_one_at_the_optimum_is_converged():
    problem = posed(line, PROBLEMS["line"][1])
    # a step this long goes far beyond the valley, and comes back too late
    progress, status = driven(Adam(learning_rate=1e3, patience=20), problem)
    assert status is Status.STALLED
    np.testing.assert_array_equal(progress.coordinates, problem.start)
    best = least_squares(line, problem.start).x
    _, status = driven(Adam(learning_rate=1e-4, patience=20), posed(line, best))
    assert status is Status.CONVERGED


def saturated(x):
    """A parameter that says next to nothing at its start (slope 1e-5) and all there is at its end."""
    return jnp.concatenate([decay(jnp.stack([x[0], x[1], x[2]])), 30 * (jax.nn.sigmoid(x[3:]) - 0.4)])


@pytest.mark.parametrize("start", [4.0, 8.0, 12.0])
def test_a_coordinate_that_starts_at_its_bound_is_not_flung_to_the_other(start):
    progress, status = driven(LevenbergMarquardt(), posed(saturated, [0.7, -0.5, 0.0, start]), max_steps=30)
    assert status is Status.CONVERGED
    assert progress.coordinates[3] == pytest.approx(np.log(0.4 / 0.6), abs=1e-3)


@pytest.mark.parametrize(("offset", "status"), [(0.5, Status.CONVERGED), (5.0, Status.STALLED)])
def test_a_search_that_creeps_is_converged_only_within_a_standard_error(offset, status):
    method = LevenbergMarquardt()
    progress = method.init(posed(line, PROBLEMS["line"][1]))
    creeping = replace(progress, memory=replace(progress.memory, offset=offset, quiet=2))
    assert method.done(creeping) is status
    assert method.done(replace(creeping, memory=replace(creeping.memory, quiet=1))) is None


def test_gauss_newton_takes_the_shortest_step_where_the_data_leave_a_direction_open():
    method = LevenbergMarquardt(damped=False)
    progress, status = driven(method, posed(lambda x: line(jnp.stack([x[0] + x[1], x[2]])), [0.0, 0.2, 0.0]))
    assert status is Status.CONVERGED
    intercept, _ = least_squares(line, [0.0, 0.0]).x
    # only the sum counts: both move by as much
    np.testing.assert_allclose(progress.coordinates[:2], [(intercept - 0.2) / 2, (intercept + 0.2) / 2], atol=1e-8)


def test_gauss_newton_halves_a_step_that_goes_too_far():
    # the whole steps of Newton for the root of atan run away from beyond 1.39
    progress, status = driven(
        LevenbergMarquardt(damped=False, offset=1e-9), posed(lambda x: jnp.arctan(x) * jnp.ones(2), [1.8])
    )
    assert status is Status.CONVERGED or status is Status.STALLED
    assert abs(float(progress.coordinates[0])) < 1e-6
