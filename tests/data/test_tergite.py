"""tergite-autocalibration files, netCDF-3 as netCDF-4: a dataset a qubit, and one signal out of two quadratures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.io import netcdf_file

import qrexplore.data as qd
from qrexplore.data.gate_netcdf3 import read_netcdf3

BOTH = pytest.mark.parametrize("engine", ["scipy", "h5netcdf"])


@BOTH
def test_each_qubit_is_a_dataset_of_its_own(tergite_file: Callable[..., Path], engine: str) -> None:
    found = qd.open_data(tergite_file(engine=engine))
    assert list(found.children) == ["q16", "q17"]
    for name, node in found.children.items():
        data = node.to_dataset()
        assert data["qubit"].values.tolist() == [name]
        assert data["signal"].dims == ("qubit", "delay")
        assert data.attrs["experiment"] == "t1"
        assert data.attrs["created"] == "2024-08-26T16:47:21.601000"
        assert qd.settings(data)["repetition"] == 0


@BOTH
def test_the_signal_is_the_population_up_to_offset_and_scale(tergite_file: Callable[..., Path], engine: str) -> None:
    data = qd.open_data(tergite_file(angle=0.3, engine=engine), qubit="q16")
    expected = 0.01 * np.exp(-data["delay"].values / 20e-6)
    np.testing.assert_allclose(np.diff(data["signal"][0]), np.diff(expected), rtol=1e-9)
    assert qd.settings(data)["iq_angle"] == pytest.approx(0.3, abs=1e-9)
    assert data["signal"].attrs["units"] == "V"
    assert "states no unit" in data["signal"].attrs["comment"]


@pytest.mark.parametrize(
    ("title", "sweep", "experiment", "dim"),
    [
        ("T1", "delays", "t1", "delay"),
        ("T2", "delays", "ramsey", "delay"),
        ("T2_echo", "delays", "echo", "delay"),
        ("rabi_oscillations", "mw_amplitudes", "rabi", "drive_amplitude"),
    ],
)
def test_the_name_of_the_measurement_tells_the_experiment(
    tergite_file: Callable[..., Path], title: str, sweep: str, experiment: str, dim: str
) -> None:
    path = tergite_file(title, ("q16",), {sweep: np.linspace(0, 1, 9)}, np.linspace(0, 1, 9))
    data = qd.open_data(path)
    assert data.attrs["experiment"] == experiment
    assert data["signal"].dims == ("qubit", dim)
    assert qd.settings(data).get("artificial_detuning") == (0.0 if experiment == "ramsey" else None)


def test_other_measurements_keep_both_quadratures(tergite_file: Callable[..., Path]) -> None:
    sweeps = {"ramsey_delays": np.linspace(0, 1e-6, 5), "artificial_detunings": np.array([-1e6, 1e6])}
    signal = np.arange(10.0).reshape(5, 2)
    data = qd.open_data(tergite_file("ramsey_correction", ("q16",), sweeps, signal))
    assert data.attrs["experiment"] == "other"
    assert data["iq"].dims == ("qubit", "ramsey_delays", "artificial_detunings", "component")
    assert [data[name].attrs["units"] for name in sweeps] == ["s", "Hz"]
    np.testing.assert_allclose(np.hypot(*np.diff(data["iq"][0, :, 0], axis=0).T), 0.02)


def test_repetitions_in_one_file_are_kept_apart(tergite_file: Callable[..., Path]) -> None:
    sweeps = {"delays": np.linspace(0, 1e-5, 9), "repeat": np.array([4, 5], "i4")}
    signal = np.stack([np.linspace(1, 0, 9), np.linspace(1, 0.5, 9)], axis=1)
    tree = qd.open_data(tergite_file("T1", ("q16",), sweeps, signal), qubit="q16")
    assert isinstance(tree, xr.DataTree)
    for number, span in ((4, 0.01), (5, 0.005)):
        (data,) = [one.to_dataset() for one in tree.leaves if qd.settings(one)["repetition"] == number]  # type: ignore[arg-type]
        assert np.ptp(data["signal"].values) == pytest.approx(span)


def test_a_qubit_that_is_not_there_is_answered_by_those_that_are(tergite_file: Callable[..., Path]) -> None:
    with pytest.raises(qd.DatasetError, match=r"nothing of the qubit 'q5', but of q16, q17"):
        qd.open_data(tergite_file(), qubit="q5")


def test_one_quadrature_is_refused(tergite_file: Callable[..., Path]) -> None:
    path = tergite_file()
    with netcdf_file(path, mmap=False) as file:
        kept = {name: variable[:].copy() for name, variable in file.variables.items()}
    qubit = {"yq16": (("delaysq16", "repeatq16", "ReIm"), kept["yq16"][..., :1])}
    xr.Dataset(qubit, attrs={"name": "T1"}).to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")
    with pytest.raises(qd.DatasetError, match=r"yq16.*two quadratures"):
        qd.open_data(path)


def test_too_many_repetitions_or_qubits_are_refused(tergite_file: Callable[..., Path]) -> None:
    sweeps = {"delays": np.arange(2.0), "repeat": np.arange(300)}
    with pytest.raises(qd.DatasetError, match="250 repetitions at most"):
        qd.open_data(tergite_file("T1", ("q1", "q2"), sweeps, np.ones((2, 300))))
    names = tuple(f"q{number}" for number in range(501))
    with pytest.raises(qd.DatasetError, match="501 qubits, more than the 500 allowed"):
        qd.open_data(tergite_file("T1", names, {"delays": np.arange(2.0)}, np.ones(2)))


def test_nothing_is_read_over_by_another_of_its_name(tergite_file: Callable[..., Path]) -> None:
    sweeps = {"delays": np.arange(2.0), "repeat": np.array([3, 3])}
    with pytest.raises(qd.DatasetError, match="number each repetition once, got 3 again"):
        qd.open_data(tergite_file("T1", ("q1",), sweeps, np.ones((2, 2))))
    path = tergite_file()
    same = xr.load_dataset(path, engine="scipy")
    same["yq17"].attrs["qubit"] = "q16"
    same.to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")
    with pytest.raises(qd.DatasetError, match="holds the qubit 'q16' twice"):
        qd.open_data(path)


def test_a_sweep_without_its_values_is_refused(tergite_file: Callable[..., Path]) -> None:
    path = tergite_file(qubits=("q16",))
    bare = xr.load_dataset(path, engine="scipy").drop_vars("delaysq16")
    bare.to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")
    with pytest.raises(qd.DatasetError, match=r"'yq16' cannot be read .*delaysq16"):
        qd.open_data(path)


@pytest.mark.parametrize("layout", ["NETCDF3_CLASSIC", "NETCDF3_64BIT"])
def test_netcdf3_is_read_as_another_reader_does(tmp_path: Path, layout: str) -> None:
    random = np.random.default_rng(3)
    expected = xr.Dataset(
        {
            "double": (("a", "b"), random.normal(size=(3, 5))),
            "single": ("b", random.normal(size=5).astype("f4")),
            "short": ("a", np.array([-3, 2, 30_000], "i2")),
            "byte": ("odd", np.arange(-3, 4, dtype="i1")),
        },
        {"a": ("a", np.array([5, -7, 11], "i4"))},
        {"words": "an odd length", "number": 3.5, "several": [1, 2, 3]},
    )
    expected["double"].attrs["units"] = "mV"
    expected.to_netcdf(tmp_path / "a.nc", engine="scipy", format=layout)
    attributes, found = read_netcdf3(tmp_path / "a.nc")
    assert attributes == expected.attrs
    assert found["double"].attrs["units"] == "mV"
    for name, variable in expected.variables.items():
        assert found[str(name)].dims == variable.dims
        np.testing.assert_array_equal(found[str(name)].values, variable.values)


def test_measurements_of_one_readout_come_on_one_axis() -> None:
    random = np.random.default_rng(5)
    population = random.uniform(size=(2, 400))
    line = (0.01 * population + 0.02) * np.exp(1j * 0.7) + 2e-4 * (random.normal(size=(2, 400, 2)) @ [1, 1j])

    def one(values: np.ndarray) -> xr.Dataset:
        parts = {part: qd.labelled(("qubit", "delay"), getattr(values[None], kind), "V", part)
                 for part, kind in (("i", "real"), ("q", "imag"))}  # fmt: skip
        axes = {"delay": qd.axis("delay", np.arange(400.0), "s")}
        return qd.dataset({"signal": parts["i"], **parts}, axes, qubits=["q0"], experiment="t1")

    both = [one(values) for values in line]
    angle = qd.principal_angle(*both)
    # three times the noise over the scatter along the line and the root of the number of points
    assert angle == pytest.approx(0.7, abs=3 * 2e-4 / (0.01 * 12**-0.5) / 800**0.5)
    for data, expected in zip(both, population, strict=True):
        turned = qd.along(data, angle)
        assert qd.settings(turned)["iq_angle"] == angle
        assert np.std(turned["signal"][0].values - 0.01 * expected) == pytest.approx(2e-4, rel=0.1)


def test_a_signal_without_quadratures_cannot_be_turned(tergite_file: Callable[..., Path]) -> None:
    data = qd.open_data(tergite_file(), qubit="q16").drop_vars("q")
    with pytest.raises(qd.DatasetError, match="must have the variables i and q"):
        qd.along(data, 0.0)
    with pytest.raises(qd.DatasetError, match="two finite points"):
        qd.principal_angle()
