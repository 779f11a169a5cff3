"""The core against dynamiqs: ratios of time at matched accuracy, in one run, calls alternated.

``pytest tests/speed/test_solvers.py -s`` prints them and writes ``artifacts/speed.json``. Nothing is asserted about time,
which depends on the machine; accuracy is. Both sides find their resolution by themselves at run time: ours by doubling its
steps, without looking at the reference; the peer gets the loosest tolerance that the reference finds accurate enough.
"""

import json
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore.core import jit
from tests.speed import tasks
from tests.speed.ours import Entry, Mesh, finer
from tests.speed.reference import reference, second_opinion

pytest.importorskip("dynamiqs", reason="the peer is missing; install qrexplore[speed]")

from tests.speed import peer_dynamiqs as peer

REPORT = Path(__file__).parents[2] / "artifacts" / "speed.json"
ACCURACY = 1e-6
GRADIENT_ACCURACY = 1e-4
# tolerances offered to the peer, loosest first
LADDER = [float(f"{digit}e-{power}") for power in range(4, 12) for digit in (3, 1)]
ROUNDS = 21

PEER_SETTINGS = {
    "T1": peer.Settings("Tsit5"),
    "T2 Schroedinger": peer.Settings(),
    "T2 Lindblad": peer.Settings(),
}
CASES = {
    "T1": (tasks.driven_transmon(), True),
    "T2 Schroedinger": (tasks.chevron(dissipative=False), True),
    "T2 Schroedinger, unpruned": (tasks.chevron(dissipative=False), False),
    "T2 Lindblad": (tasks.chevron(dissipative=True), True),
}
FITS = {
    "T3 Schroedinger": tasks.chevron(dissipative=False),
    "T3 Lindblad": tasks.chevron(dissipative=True, heated=True),
}


@pytest.fixture(scope="session", autouse=True)
def _without_kept_compilations():
    """The time of a first call is that of compiling, not of reading a file."""
    jax.config.update("jax_enable_compilation_cache", val=False)


@pytest.fixture(scope="session")
def report():
    """Records of all cases; written out at the end, whatever failed."""
    records: list[dict[str, Any]] = []
    yield records
    about = {
        "machine": platform.processor() or platform.machine(),
        "versions": {name: version(name) for name in ("jax", "jaxlib", "dynamiqs", "qrexplore")},
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps({**about, "records": records}, indent=1) + "\n", encoding="utf-8")


def seconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    jax.block_until_ready(call())
    return time.perf_counter() - began


def paired(ours: Callable[[], Any], other: Callable[[], Any]) -> dict[str, Any]:
    """Time two calls in turn; each round gives one ratio, so that a change of load strikes both."""
    times = np.array([[seconds(ours), seconds(other)] for _ in range(ROUNDS)])
    ratios = times[:, 1] / times[:, 0]
    low, middle, high = np.percentile(ratios, [25, 50, 75])
    return {
        "rounds": ROUNDS,
        "ratio": middle,
        "ratio_quartiles": [low, high],
        "ours_s": {"median": float(np.median(times[:, 0])), "min": float(times[:, 0].min())},
        "peer_s": {"median": float(np.median(times[:, 1])), "min": float(times[:, 1].min())},
    }


def settled(call: Callable[[float], Any], accurate: Callable[[Any], float]) -> tuple[float, float, float]:
    """Give the loosest tolerance of the peer that is accurate enough, its error, and the time of the first call."""
    first = 0.0
    for tolerance in LADDER:
        began = time.perf_counter()
        found = jax.block_until_ready(call(tolerance))
        first = first or time.perf_counter() - began
        error = accurate(found)
        if error <= ACCURACY:
            return tolerance, error, first
    msg = f"dynamiqs does not reach {ACCURACY} with any tolerance down to {LADDER[-1]}."
    raise AssertionError(msg)


def show(record: dict[str, Any]) -> None:
    low, high = record["ratio_quartiles"]
    print(  # noqa: T201 (a measurement to read, not to assert)
        f"\n{record['task']}: {record['ratio']:.1f}x [{low:.1f}, {high:.1f}] of {record['peer']}; "
        f"ours {record['ours_s']['median'] * 1e3:.2f} ms, peer {record['peer_s']['median'] * 1e3:.1f} ms; "
        f"errors {record['error']['ours']:.1e}, {record['error']['peer']:.1e}; first call "
        f"{record['first_call_s']['ours']:.2f} s, {record['first_call_s']['peer']:.1f} s; "
        f"steps {sum(record['settings']['ours']['steps'])} of order {record['settings']['ours']['order']} found in "
        f"{record['search_s']:.1f} s; tolerance {record['settings']['peer']['tolerance']:.0e}"
    )


def settings_of(mesh: Mesh, entry: Entry, chosen: peer.Settings, tolerance: float) -> dict[str, Any]:
    return {
        "ours": {"steps": mesh.steps, "order": mesh.order, "coordinates": len(entry.kept)},
        "peer": {**chosen._asdict(), "tolerance": tolerance},
    }


@pytest.fixture(scope="session")
def truths():
    """References of the tasks, each computed once and vouched for by scipy at both ends and in the middle."""
    known: dict[tuple[str, bool], np.ndarray] = {}

    def truth(task: tasks.Task) -> np.ndarray:
        key = (task.name, bool(task.parameters.get("thermal")))
        if key not in known:
            known[key] = reference(task)
            for k in (0, len(task.sweep) // 2, -1):
                np.testing.assert_allclose(known[key][k], second_opinion(task, task.sweep[k]), atol=1e-11)
        return known[key]

    return truth


@pytest.mark.parametrize("name", CASES)
def test_populations(name, report, truths):
    task, prune = CASES[name]
    exact, sweep, p = truths(task), jnp.asarray(task.sweep), dict(task.parameters)
    entry = Entry(task, prune=prune)
    mesh = entry.mesh()

    @jit
    def ours(p, sweep):
        return entry.populations(p, sweep, mesh)

    first = seconds(lambda: ours(p, sweep))
    found = np.asarray(ours(p, sweep))
    error = np.max(np.abs(found - exact))
    doubled = np.asarray(jit(lambda p, sweep: entry.populations(p, sweep, finer(mesh, 2)))(p, sweep))
    assert error <= ACCURACY
    assert np.max(np.abs(found - doubled)) <= ACCURACY

    chosen = PEER_SETTINGS[task.name]
    theirs = jax.jit(lambda p, sweep, tolerance: peer.populations(task, p, sweep, tolerance, chosen))
    tolerance, peer_error, peer_first = settled(
        lambda tolerance: theirs(p, sweep, tolerance), lambda found: np.max(np.abs(np.asarray(found) - exact))
    )
    record = {
        "task": name,
        "peer": "dynamiqs",
        "settings": settings_of(mesh, entry, chosen, tolerance),
        "error": {"ours": error, "peer": peer_error},
        "first_call_s": {"ours": first, "peer": peer_first},
        "search_s": mesh.seconds,
        **paired(lambda: ours(p, sweep), lambda: theirs(p, sweep, tolerance)),
    }
    report.append(record)
    show(record)


@pytest.mark.parametrize("name", FITS)
def test_value_and_gradient(name, report, truths):
    task = FITS[name]
    exact, sweep, point = truths(task), jnp.asarray(task.sweep), jnp.asarray(tasks.fit_point())
    data = jnp.asarray(tasks.fit_data(exact))
    entry = Entry(task)
    mesh = entry.mesh()
    chosen = PEER_SETTINGS[task.name]

    def misfit(populations):
        def loss(point, sweep, data, *settings):
            p = tasks.moved(task, point)
            return tasks.misfit(p, populations(p, sweep, *settings), data)

        return loss

    ours = jit(jax.value_and_grad(misfit(lambda p, sweep: entry.populations(p, sweep, mesh, "backward"))))
    theirs = jax.jit(jax.value_and_grad(misfit(lambda p, sweep, tol: peer.populations(task, p, sweep, tol, chosen))))
    # the tolerance is that of the populations
    forward = jax.jit(lambda p, sweep, tolerance: peer.populations(task, p, sweep, tolerance, chosen))
    tolerance, peer_error, _ = settled(
        lambda tolerance: forward(dict(task.parameters), sweep, tolerance),
        lambda found: np.max(np.abs(np.asarray(found) - exact)),
    )
    error = np.max(np.abs(np.asarray(entry.populations(dict(task.parameters), sweep, mesh)) - exact))
    assert error <= ACCURACY

    first = seconds(lambda: ours(point, sweep, data))
    peer_first = seconds(lambda: theirs(point, sweep, data, tolerance))
    (value, gradient), (peer_value, peer_gradient) = ours(point, sweep, data), theirs(point, sweep, data, tolerance)
    disagreement = float(jnp.max(jnp.abs(gradient - peer_gradient)) / jnp.max(jnp.abs(peer_gradient)))
    assert float(value) == pytest.approx(float(peer_value), abs=ACCURACY)
    assert disagreement <= GRADIENT_ACCURACY
    record = {
        "task": name,
        "peer": "dynamiqs",
        "settings": settings_of(mesh, entry, chosen, tolerance),
        "error": {"ours": error, "peer": peer_error},
        "gradient_disagreement": disagreement,
        "first_call_s": {"ours": first, "peer": peer_first},
        "search_s": mesh.seconds,
        **paired(lambda: ours(point, sweep, data), lambda: theirs(point, sweep, data, tolerance)),
    }
    report.append(record)
    show(record)
