"""A chevron of five amplitudes and six durations, from the wire of the data view to the figure of a study."""

import json

import anywidget
import numpy as np
import pytest
from bokeh.embed import json_item
from bokeh.models import Column, Image, Plot

import qrexplore as qx
from qrexplore.core import Status
from qrexplore.learn import LearnResult, Study
from qrexplore.ui import Session, study_figure
from qrexplore.ui.presenters import ViewPresenter
from qrexplore.ui.widgets import DataView
from qrexplore.views import comparison

SECONDS = 120
AMPLITUDES, DURATIONS = np.linspace(0.44, 0.54, 5), np.linspace(4e-9, 44e-9, 6)


def measured(twin, experiment):
    return qx.hardware.SimulatedBackend(twin, seed=1).run(experiment).result()


@pytest.fixture(scope="module")
def chevron():
    experiment = qx.experiments.chevron(AMPLITUDES, DURATIONS)
    return experiment, measured(qx.library.two_transmons(), experiment)


def plots(layout):
    return list(layout.select({"type": Plot}))


def images(layout):
    return [
        np.asarray(renderer.data_source.data["image"][0])
        for plot in plots(layout)
        for renderer in plot.renderers
        if isinstance(renderer.glyph, Image)
    ]


def test_a_heat_map_goes_out_by_series_then_amplitude_then_duration(chevron, monkeypatch):
    experiment, data = chevron
    sent = []
    monkeypatch.setattr(
        anywidget.AnyWidget,
        "send",
        lambda _, content, buffers=None: sent.append((content, [bytes(part) for part in buffers or ()])),
    )
    session = Session(qx.library.two_transmons(), free=[])
    presenter = ViewPresenter(session, {"chevron": comparison(experiment, data)})
    view = DataView(presenter)
    assert presenter.wait(SECONDS)
    sent.clear()
    view._handle_custom_msg({"kind": "ready", "request": 1}, [])
    (values, model) = [parts[0] for content, parts in sent if content["kind"] in {"data", "model"}]
    expected = data.population.transpose("qubit", "flux_amplitude", "duration").values.astype(np.float32)
    assert values == expected.tobytes()
    assert model == np.asarray(qx.twin.predict(session.twin, experiment)).astype(np.float32).tobytes()
    assert len(model) == 4 * 2 * 5 * 6
    assert view.frame["series"] == ["q0", "q1"]
    assert (len(view.frame["y_values"]), len(view.frame["x_values"])) == (5, 6)


def test_the_frame_of_a_widget_is_plain_enough_for_json(chevron):
    frame = comparison(*chevron).frame
    assert json.loads(json.dumps(frame, allow_nan=False)) == frame


def test_a_missing_point_of_a_map_spoils_neither_bytes_nor_summary(chevron):
    experiment, data = chevron
    holed = data.copy(deep=True)
    holed.population[{"qubit": 1, "flux_amplitude": 2, "duration": 3}] = np.nan
    found = comparison(experiment, holed)
    assert np.argwhere(np.isnan(found.data)).tolist() == [[1, 2, 3]]
    prediction = np.full(data.population.shape, 0.5)
    assert np.isfinite(found.misfit(prediction))
    assert "nan" not in found.summary(prediction)


def result(twin, free, prediction):
    """Make up what a run found, since fitting a chevron takes longer than all other tests here."""
    table = twin.parameters.select(free)
    errors = dict.fromkeys(table.paths, 1e-3)
    covariance = 1e-6 * np.eye(len(table))
    return LearnResult(None, twin, table, errors, covariance, 1.0, 0.1, (prediction,), Status.CONVERGED, (), 0.0, 0.0)


@pytest.fixture(scope="module")
def chevron_figure(chevron):
    experiment, data = chevron
    twin, values = qx.library.two_transmons(), data.population.values
    ideal = result(twin, ["q1.frequency"], values - 0.2)
    learned = result(twin, ["q1.frequency", "flux_q1.distortion.amplitude"], values - np.linspace(0, 0.1, 6))
    return study_figure(Study(data, experiment, ideal, learned, (), 0.0))


def test_the_figure_of_a_chevron_has_four_maps_a_qubit_and_the_step_response(chevron_figure):
    assert isinstance(chevron_figure, Column)
    titles = [plot.title.text for plot in plots(chevron_figure)]
    assert len(titles) == 2 * 4 + 1
    assert sum(title.startswith("learned step response of flux_q1") for title in titles) == 1
    assert json_item(chevron_figure)["doc"]


def test_the_maps_of_a_figure_are_data_ideal_learned_and_what_is_left(chevron, chevron_figure):
    values = chevron[1].population.values
    factor = comparison(*chevron).z.factor
    slope = np.broadcast_to(np.linspace(0, 0.1, 6), (5, 6))
    found = images(chevron_figure)
    assert [image.shape for image in found] == [(5, 6)] * 8
    for qubit in (0, 1):
        for part in (values[qubit], values[qubit] - 0.2, values[qubit] - slope, slope):
            assert any(np.allclose(image * factor, part, atol=1e-6) for image in found)


def test_the_figure_of_a_ramsey_is_one_plot_of_curves():
    experiment = qx.experiments.ramsey(np.linspace(0, 10e-6, 31), artificial_detuning=2e5)
    found = qx.study(measured(qx.library.transmon(), experiment), qx.library.transmon())
    layout = study_figure(found)
    assert isinstance(layout, Column)
    (plot,) = plots(layout)
    assert plot.title.text == "q0"
    # no ideal pulse beside the learned one: a Ramsey has no distortion to learn
    assert [item.label.value for item in plot.legend[0].items] == ["data", "learned"]
    assert json_item(layout)["doc"]
