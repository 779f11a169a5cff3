"""The main job on measured data: what other people found with other codes must come out, within stated errors."""

import json

import pytest

import qrexplore as qx
from qrexplore.cli import main
from qrexplore.core import Status, run
from qrexplore.data import platform_of
from qrexplore.experiments import from_dataset

CHEVRON = "tii-qw21q-d1d2-chevron"

# file, entry of the folder's reference.json, path of the learned value, its size in the unit of the entry
QUOTED = [
    ("delft-2017-qr-suite/211203_Rabi-n1_QR.hdf5", "rabi", "QR.pi_amplitude", 0.5),
    ("delft-2017-qr-suite/160504_Rabi-n1_QR.hdf5", "rabi_160504", "QR.pi_amplitude", 0.5),
    ("delft-2017-qr-suite/210448_T1_QR.hdf5", "T1", "QR.t1", 1e-6),
    ("delft-2017-qr-suite/211144_Ramsey_QR.hdf5", "ramsey_T2star", "QR.t2_star", 1e-6),
    ("delft-2017-qr-suite/211144_Ramsey_QR.hdf5", "ramsey_f", "QR.fringe_frequency", 1e3),
    ("delft-2017-qr-suite/211611_echo_QR.hdf5", "T2echo", "QR.t2_echo", 1e-6),
    ("quantify-2021-2023/t1_20210322.hdf5", "T1", "q0.t1", 1e-6),
    ("quantify-2021-2023/echo_20210420.hdf5", "T2echo", "q0.t2_echo", 1e-6),
    ("quantify-2021-2023/ramsey_20210422.hdf5", "T2star", "q0.t2_star", 1e-6),
    ("quantify-2021-2023/ramsey_20210422.hdf5", "f_ramsey", "q0.fringe_frequency", 1e3),
    ("quantify-2021-2023/rabi_20210419.hdf5", "pi_amplitude", "q0.pi_amplitude", 1.0),
    ("tii-d3-coherence-readout-before/t1", "T1", "D3.t1", 1e-6),
    ("tii-d3-coherence-readout-before/ramsey", "T2star", "D3.t2_star", 1e-6),
    ("tii-d3-coherence-readout-before/ramsey", "f_ramsey", "D3.fringe_frequency", 1e3),
]
DISTORTED = [
    ("tii-cryoscope-b2-b4/b2_2025-03-24", "B2", "flux_B2.distortion"),
    ("tii-cryoscope-b2-b4/b4_2025-02-28", "B4", "flux_B4.distortion"),
]


@pytest.fixture(scope="module")
def studied(shared_data):
    """Give the study of a file, made once."""
    found = {}

    def study(name):
        if name not in found:
            data = qx.open_data(shared_data / name)
            found[name] = qx.study(data, qx.library.for_data(data, platform_of(shared_data / name)))
        return found[name]

    return study


def reference(shared_data, folder):
    content = json.loads((shared_data / folder / "reference.json").read_text())
    return {entry["id"]: entry for entry in content["entries"]}


@pytest.mark.parametrize(("name", "entry", "path", "size"), QUOTED)
def test_single_qubit_values_agree_within_one_quoted_standard_error(studied, shared_data, name, entry, path, size):
    quoted = reference(shared_data, name.split("/")[0])[entry]
    learned = studied(name)
    values = {row.path: row.value for row in (*learned.learned.parameters, *learned.derived)}
    assert abs(values[path] / size - quoted["value"]) <= quoted["stderr"]
    assert learned.learned.status.succeeded


@pytest.mark.parametrize(("name", "qubit", "stage"), DISTORTED)
def test_the_distortion_of_a_cryoscope_agrees_within_two_standard_errors(studied, shared_data, name, qubit, stage):
    quoted = reference(shared_data, name.split("/")[0])
    values = {row.path: row.value for row in studied(name).learned.parameters}
    for entry, path, size in ((f"{qubit}_c", "amplitude", 1.0), (f"{qubit}_tau", "time_constant", 1e-9)):
        deviation = values[f"{stage}.{path}"] / size - quoted[entry]["value"]
        assert abs(deviation) <= 2 * quoted[entry]["stderr"]


def test_the_measured_chevron_is_learned_and_reported_by_the_command_line(shared_data, tmp_path, capsys):
    assert main(["learn", str(shared_data / CHEVRON / "chevron"), "--out", str(tmp_path)]) == 0
    result = json.loads((tmp_path / "result.json").read_text())
    quoted = reference(shared_data, CHEVRON)
    (coupling,) = [value for path, value in result["parameters"].items() if path.endswith(".coupling")]
    assert result["misfit"] <= 0.132 < result["misfit_ideal"]
    assert abs(coupling["value"] / 1e6 - quoted["J"]["value"]) <= 0.03  # the systematic range stated there
    assert result["status"] == "converged"
    assert result["chi2_per_dof"] > 1.3
    assert "signal that this model does not have" in result["verdict"]
    assert "D1_D2.coupling" in capsys.readouterr().out


def test_the_measured_chevron_is_learned_from_a_start_wrong_by_a_tenth_without_distortion(shared_data):
    data = qx.open_data(shared_data / CHEVRON / "chevron")
    read = qx.learn.start(qx.library.for_data(data, platform_of(shared_data / CHEVRON / "chevron")), data)
    wrong = read.replace({"D1_D2.coupling": 1.1 * 7.423e6})
    assert wrong.parameters["flux_D2.distortion.amplitude"].value == 0.0
    found = qx.study(data, wrong, seeded=False)
    assert found.learned.misfit <= 0.132
    assert abs(found.learned.parameters["D1_D2.coupling"].value - 7.423e6) <= 0.03e6


@pytest.mark.parametrize(
    "calibrated",
    [pytest.param(True, marks=pytest.mark.slow), False],
    ids=["stored calibration", "no calibration"],
)
def test_the_button_that_learns_finds_the_measured_chevron(shared_data, calibrated):
    folder = shared_data / CHEVRON / "chevron"
    data = qx.open_data(folder)
    twin = qx.library.for_data(data, platform_of(folder) if calibrated else None)
    free = qx.learn.RECIPES["chevron"].paths(twin, from_dataset(data))
    result = run(qx.learn.guided(qx.LearnProblem(twin, data, free=free)))
    assert result.status is Status.CONVERGED
    assert result.misfit <= 0.132 < result.ideal.misfit
    assert abs(result.parameters["D1_D2.coupling"].value - 7.423e6) <= 0.03e6
