"""The contract of every experiment; a protocol joins by a line in MADE."""

import json
from typing import get_args

import jax
import numpy as np
import pytest
import xarray as xr

from qrexplore import experiments
from qrexplore.data import DatasetError, observable, validate
from qrexplore.twin import Resonator, Transmon, library, simulate
from qrexplore.views.comparison import comparison

DELAYS = np.array([0.0, 2e-6, 5e-6])
VOLTS, DURATIONS = np.array([0.45, 0.5, 0.55]), np.array([4e-9, 6e-9])
PHASES = np.linspace(0, 5, 4)
MADE = {
    "rabi": experiments.rabi(np.array([0.0, 0.1, 0.2]), shots=100),
    "t1": experiments.t1(DELAYS),
    "ramsey": experiments.ramsey(DELAYS, artificial_detuning=1e5),
    "echo": experiments.echo(DELAYS),
    "flux_arc": experiments.flux_arc(np.array([-0.1, 0.1]), np.linspace(4.9e9, 5e9, 4)),
    "cryoscope": experiments.cryoscope(np.array([3e-9, 5e-9]), flux_amplitude=0.2),
    "chevron": experiments.chevron(VOLTS, DURATIONS),
    "swap_chevron": experiments.swap_chevron(VOLTS, DURATIONS),
    "conditional_oscillation": experiments.conditional_oscillation(VOLTS, PHASES, flux_duration=9e-9),
    "conditional_oscillation_duration": experiments.conditional_oscillation_duration(
        DURATIONS, PHASES, flux_amplitude=0.49
    ),
    "cz_train": experiments.cz_train(np.arange(3), DURATIONS, flux_amplitude=0.49, flux_duration=9e-9),
    "zz_ramsey": experiments.zz_ramsey(DELAYS, artificial_detuning=1e5),
    "jazz": experiments.jazz(DELAYS, artificial_detuning=1e5),
    "drive_crosstalk": experiments.drive_crosstalk(VOLTS, pulse_duration=20e-9),
    "drive_cancellation": experiments.drive_cancellation(VOLTS, PHASES, drive_amplitude=0.1, pulse_duration=20e-9),
    "flux_crosstalk": experiments.flux_crosstalk(VOLTS, DURATIONS),
    "cross_resonance": experiments.cross_resonance(DURATIONS, drive_amplitude=0.2),
    "cryoscope_amplitudes": experiments.cryoscope_amplitudes(np.array([0.1, 0.2]), np.array([3e-9, 5e-9])),
    "ramsey_phases": experiments.ramsey_phases(DELAYS),
    "ramsey_flux": experiments.ramsey_flux(np.array([0.0, 0.2]), DELAYS, drive_frequency=np.array([5e9, 4.9e9])),
    "echo_flux": experiments.echo_flux(np.array([0.0, 0.2]), DELAYS, drive_frequency=4.9e9),
    "cpmg": experiments.cpmg(np.array([1, 4]), DELAYS),
    "ef_spectroscopy": experiments.ef_spectroscopy(np.array([4.77e9, 4.78e9]), pulse_duration=50e-9),
    "two_photon_spectroscopy": experiments.two_photon_spectroscopy(np.array([4.88e9, 4.89e9]), pulse_duration=50e-9),
    "rabi_chevron": experiments.rabi_chevron(np.array([-5e6, 5e6]), np.array([5e-9, 8e-9])),
    "drag_scan": experiments.drag_scan(np.array([0.0, 0.5e-9]), np.array([0, 1, 2]), drive_amplitude=0.5),
    "allxy": experiments.allxy(drive_amplitude=0.5),
    "clifford_sequences": experiments.clifford_sequences(np.array([1, 3]), np.arange(2), drive_amplitude=0.5),
    "fine_amplitude": experiments.fine_amplitude(np.array([1, 3]), drive_amplitude=0.5),
    "drive_flux_delay": experiments.drive_flux_delay(np.array([-30e-9, 5e-9]), drive_amplitude=0.5, flux_amplitude=0.3),
    "flux_step": experiments.flux_step(
        np.array([0.2e-6, 1e-6]), np.array([4.82e9, 4.83e9]), flux_amplitude=0.3, drive_amplitude=0.1
    ),
    "resonator_spectroscopy": experiments.resonator_spectroscopy(
        np.array([0, 1, 2]), np.linspace(7.19e9, 7.21e9, 5), signal=False
    ),
    "readout_shots": experiments.readout_shots(report="population"),
    "thermal_population": experiments.thermal_population(np.array([0.0, 0.05, 0.1])),
}


# simulated as another one is, with other sweeps, or in many tests beside this one; they wait for the slow run
ALIKE = (
    *("swap_chevron", "conditional_oscillation_duration", "drive_cancellation", "flux_crosstalk", "jazz"),
    *("echo_flux", "two_photon_spectroscopy", "fine_amplitude", "cryoscope_amplitudes", "clifford_sequences"),
    *("chevron", "conditional_oscillation", "cz_train", "cross_resonance"),
)


@pytest.fixture(params=MADE)
def experiment(request):
    return MADE[request.param]


def numbers(experiment):
    shape = (len(experiment.qubits), *experiment.sweep_shape)
    return np.arange(np.prod(shape), dtype=float).reshape(shape) / np.prod(shape)


def test_every_protocol_is_held_to_this_contract():
    assert set(MADE) == set(experiments.PROTOCOLS)
    assert all(MADE[name].protocol is protocol for name, protocol in experiments.PROTOCOLS.items())


def test_dataset_fits_the_schema_and_leads_back_to_the_experiment(experiment):
    data = experiment.dataset(numbers(experiment))
    validate(data)
    again = experiments.from_dataset(data)
    assert again == experiment
    assert observable(data).dims == experiment.dims
    for name, coordinate in experiment.coordinates.items():
        assert data[name].attrs["units"] == coordinate.units
        assert data[name].attrs["long_name"]


def test_points_run_over_the_sweep_with_the_last_dimension_fastest(experiment):
    data = experiment.dataset(numbers(experiment))
    array = data[next(iter(data.data_vars))].isel(qubit=0)
    for name, flat in experiment.points().items():
        codes = experiment.protocol.codes.get(name)
        grid = data[name] if codes is None else xr.apply_ufunc(np.vectorize(codes.get), data[name])
        np.testing.assert_array_equal(flat, grid.broadcast_like(array).transpose(*array.dims).values.reshape(-1))


def test_experiments_are_equal_by_content(experiment):
    again = experiments.from_dataset(experiment.dataset(numbers(experiment)))
    other = experiments.from_dataset(
        again.dataset(numbers(again)).assign_attrs(settings=json.dumps({**again.settings, "note": 1}))
    )
    assert again == experiments.from_dataset(again.dataset(numbers(again)))
    assert hash(again) == hash(experiments.from_dataset(again.dataset(numbers(again))))
    assert other != again


def test_sequence_is_made_of_blocks_at_one_traced_point(experiment):
    points = {name: values[:1] for name, values in experiment.points().items()}
    blocks = jax.vmap(lambda point: experiment.protocol.sequence(experiment, point), axis_size=1)(points)
    assert blocks
    assert all(isinstance(block, get_args(experiments.Block)) for block in blocks)


@pytest.mark.parametrize(
    "experiment",
    [pytest.param(name, marks=pytest.mark.slow) if name in ALIKE else name for name in MADE],
    indirect=True,
)
def test_simulation_has_the_labels_of_the_measurement(experiment):
    probed = library.assemble({"q0": Transmon(frequency=5e9)}, resonators={"q0": Resonator(frequency=7.2e9)})
    twin = library.two_transmons(dissipative=False) if len(experiment.qubits) == 2 else probed
    data = simulate(twin, experiment, substeps=16)
    validate(data)
    assert observable(data).dims == experiment.dims
    assert np.all(np.isfinite(observable(data)))
    assert np.all((observable(data) >= 0) & (observable(data) <= 1))


def test_dataset_without_a_coordinate_is_refused_by_name(experiment):
    data = experiment.dataset(numbers(experiment))
    name = next(iter(experiment.coordinates))
    with pytest.raises(DatasetError, match=f"must have the coordinate '{name}'"):
        experiments.from_dataset(data.drop_vars(name))


def test_dataset_with_other_dimensions_is_refused(experiment):
    data = experiment.dataset(numbers(experiment)).expand_dims("repetition")
    with pytest.raises(DatasetError, match=f"a {experiment.name} dataset must have dimensions"):
        experiments.from_dataset(data)


def test_every_experiment_can_be_drawn(experiment):
    data = experiment.dataset(numbers(experiment))
    drawn = comparison(experiment, data)
    np.testing.assert_allclose(drawn.arranged(numbers(experiment)), drawn.data, atol=1e-7)
    assert len(drawn.series) == len(drawn.data) == len(set(drawn.series))
    sizes = (*((len(drawn.y_values),) if drawn.kind == "heatmap" else ()), len(drawn.x_values))
    assert drawn.data.shape[1:] == sizes
    array = observable(data)
    few = [dim for dim in experiment.protocol.dims if dim in {"quadrature", "axis", "control", "prepared_level"}]
    few += [dim for dim in ("prepared_state",) if dim in experiment.protocol.dims and len(experiment.protocol.dims) > 1]
    places = np.ndindex(*(array.sizes[dim] for dim in ("qubit", *few)))
    for series, found, place in zip(drawn.series, drawn.data, places, strict=True):
        part = array.isel(dict(zip(("qubit", *few), place, strict=True)))
        np.testing.assert_allclose(found, part, atol=1e-7)
        qubit, *words = series.split(" ")
        assert qubit == part["qubit"]
        for dim in few:
            assert str(part[dim].values) in words or f"{float(part[dim]):g}" in words
