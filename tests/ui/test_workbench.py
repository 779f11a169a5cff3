import numpy as np
import pytest
import xarray as xr

import qrexplore as qx
from qrexplore.core import LogNormal, Normal
from qrexplore.data import DatasetError
from qrexplore.optimize import Adam
from qrexplore.ui.widgets.shell import STATIC, bundle

SECONDS = 120


@pytest.fixture
def bench(twin, data):
    bench = qx.explore(twin, data)
    yield bench
    assert bench.wait(SECONDS)


def test_the_workbench_frees_what_the_experiment_can_tell(bench):
    assert bench.session.free == {
        "q0.frequency",
        "q0.t_phi",
        "drive_q0.transfer.lag",
        "readout_q0.false_one",
        "readout_q0.false_zero",
    }


def test_free_parameters_can_be_given(twin, data):
    bench = qx.explore(twin, data, free=["q0.t*"])
    assert "q0.t1" in bench.session.free
    assert "q0.frequency" not in bench.session.free
    with pytest.raises(ValueError, match="no parameter matches"):
        qx.explore(twin, data, free=["q9.*"])
    assert bench.wait(SECONDS)


def test_widgets_hold_what_their_presenters_show(bench):
    assert bench.wait(SECONDS)
    assert bench.view.frame["kind"] == "curve"
    assert bench.view.state == "idle"
    assert [row["path"] for row in bench.panel.rows] == list(bench.twin.parameters.paths)
    assert bench.monitor.state == "idle"


def test_a_message_of_the_browser_reaches_the_session_and_the_rows_follow(bench):
    assert bench.wait(SECONDS)
    # what ipywidgets calls with a custom message of the browser
    bench.panel._handle_custom_msg({"kind": "set", "path": "q0.t1", "value": 30e-6, "final": True, "request": 4}, [])
    assert bench.twin.parameters["q0.t1"].value == 30e-6
    assert {row["path"]: row["value"] for row in bench.panel.rows if row["changed"]} == {"q0.t1": 30e-6}


def test_learning_from_python_gives_the_result_after_waiting(bench):
    assert bench.result is None
    bench.learn()
    assert bench.wait(SECONDS)
    assert bench.monitor.state == "done"
    assert bench.twin is bench.result.twin
    assert len(bench.monitor.table) == 5


def test_the_method_that_the_front_end_chose_is_taken(bench):
    bench.monitor.method = "adam"
    bench.learn()
    bench.runner.stop()
    assert bench.wait(SECONDS)
    assert bench.monitor.state == "done"


def test_the_backend_is_named_in_the_summary(twin, data):
    backend = qx.hardware.SimulatedBackend(twin, seed=1)
    bench = qx.explore(twin, data, backend)
    assert bench.view.summary == "backend simulated (SimulatedBackend)"
    assert bench.wait(SECONDS)


def test_waiting_ends_with_the_time_limit(bench, monkeypatch):
    monkeypatch.setattr(Adam, "done", lambda *_: None)  # a run that does not end by itself
    bench.monitor.method = "adam"
    bench.learn()
    assert not bench.wait(0.01)
    bench.runner.stop()
    assert bench.wait(SECONDS)


@pytest.fixture
def relaxing(truth):
    experiment = qx.experiments.t1(np.linspace(0, 100e-6, 21), shots=4000)
    return qx.simulate(truth.replace({"q0.t1": 30e-6}), experiment, shots=4000, seed=3)


def test_several_experiments_are_learned_jointly_and_shown_one_at_a_time(twin, data, relaxing):
    bench = qx.explore(twin, {"ramsey": data, "relaxation": relaxing})
    assert bench.wait(SECONDS)
    assert (bench.view.names, bench.view.shown) == (["ramsey", "relaxation"], "ramsey")
    title = bench.view.frame["title"]
    bench.show("relaxation")
    assert bench.wait(SECONDS)
    assert bench.view.shown == "relaxation"
    assert bench.view.frame["title"] != title
    # what either of them tells is free
    assert {"q0.frequency", "q0.t1"} <= bench.session.free
    bench.learn()
    assert bench.wait(SECONDS)
    assert bench.monitor.state == "done"
    assert set(bench.result.problem.datasets) == {"ramsey", "relaxation"}
    assert [one["name"] for one in bench.monitor.traces["datasets"]] == ["ramsey", "relaxation"]
    assert abs(bench.twin.parameters["q0.t1"].value - 30e-6) < 4 * bench.result.stderr["q0.t1"]
    assert abs(bench.twin.parameters["q0.frequency"].value - 5.00002e9) < 4 * bench.result.stderr["q0.frequency"]
    with pytest.raises(ValueError, match="`name` must be one of 'ramsey', 'relaxation', got 'echo'"):
        bench.show("echo")


def test_priors_and_likelihood_are_those_of_the_problem(twin, relaxing):
    prior = LogNormal(20e-6, 0.02)
    bench = qx.explore(twin, relaxing, priors={"q*.t1": prior}, likelihood="counts")
    bench.learn()
    assert bench.wait(SECONDS)
    problem = bench.result.problem
    assert problem.likelihood == "counts"
    assert problem.table["q0.t1"].prior == prior
    # narrow and wrong, it holds back what the data say
    assert bench.twin.parameters["q0.t1"].value < 27e-6
    with pytest.raises(ValueError, match="`likelihood` must be one of"):
        qx.explore(twin, relaxing, likelihood="counting")


def test_experiments_with_priors_on_all_that_is_free_are_learned_in_stages(twin, data, relaxing):
    priors = {
        "q0.frequency": Normal(5.0001e9, 0.1e6),
        "q0.t[1_]*": LogNormal(50e-6, 0.7),
        "readout_q0.*": Normal(0.02, 0.02),
    }
    begin = twin.replace({"q0.frequency": 5.0001e9, "q0.t1": 50e-6, "q0.t_phi": 50e-6})
    bench = qx.explore(begin, {"ramsey": data, "relaxation": relaxing}, free=list(priors), priors=priors)
    bench.learn()
    assert bench.wait(SECONDS)
    assert bench.monitor.state == "done", bench.monitor.status
    assert {step.stage for step in bench.result.history} >= {"landmarks", "all data"}
    assert abs(bench.twin.parameters["q0.frequency"].value - 5.00002e9) < 4 * bench.result.stderr["q0.frequency"]


def test_the_experiments_of_a_tree_go_by_their_paths(twin, data, relaxing):
    bench = qx.explore(twin, xr.DataTree.from_dict({"monday/ramsey": data, "monday/t1": relaxing}))
    assert bench.view.names == ["monday/ramsey", "monday/t1"]
    assert bench.wait(SECONDS)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros(3), "got ndarray"),
        ({}, "`data` holds no dataset"),
        ({"t1": 3}, r"`data\['t1'\]` must be the xarray\.Dataset"),
    ],
)
def test_what_is_no_experiment_is_refused(twin, data, words):
    with pytest.raises(DatasetError, match=words):
        qx.explore(twin, data)


def test_a_missing_bundle_says_how_to_build_it(tmp_path):
    assert bundle("data_view.js").parent == STATIC
    with pytest.raises(FileNotFoundError, match="npm run build"):
        bundle("data_view.js", folder=tmp_path)
