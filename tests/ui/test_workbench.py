import numpy as np
import pytest
import xarray as xr

import qrexplore as qx
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


def test_several_experiments_at_once_are_refused_with_the_way_to_one(twin, data):
    tree = xr.DataTree.from_dict({"monday/ramsey": data})
    with pytest.raises(DatasetError, match=r"data\['monday/ramsey'\]\.to_dataset\(\)"):
        qx.explore(twin, tree)
    with pytest.raises(DatasetError, match="got ndarray"):
        qx.explore(twin, np.zeros(3))


def test_a_missing_bundle_says_how_to_build_it(tmp_path):
    assert bundle("data_view.js").parent == STATIC
    with pytest.raises(FileNotFoundError, match="npm run build"):
        bundle("data_view.js", folder=tmp_path)
