"""``qrexplore learn`` on files that hold several experiments."""

import h5py
import numpy as np
import pytest

from qrexplore.cli import main


@pytest.fixture
def chip(tmp_path):
    """Give a file with the decays of two qubits."""
    path = tmp_path / "dataset.hdf5"
    delay = np.linspace(0, 60e-6, 31)
    with h5py.File(path, "w") as file:
        file.attrs.update({"name": "T1", "tuid": "20240826-164721-601"})
        file["ReIm"] = np.arange(2)
        for qubit in ("q16", "q17"):
            file[f"delays{qubit}"] = delay
            file[f"y{qubit}"] = np.stack([np.exp(-delay / 2e-5), 0 * delay], axis=1)
            for name in ("ReIm", f"delays{qubit}"):
                file[name].make_scale(name)
            for place, name in enumerate((f"delays{qubit}", "ReIm")):
                file[f"y{qubit}"].dims[place].attach_scale(file[name])
    return path


def test_several_qubits_ask_for_one_by_its_name(chip, capsys):
    assert main(["learn", str(chip)]) == 1
    assert "several experiments (q16, q17)" in capsys.readouterr().err
    assert main(["learn", str(chip), "--qubit", "q18"]) == 1
    assert "nothing of the qubit 'q18', but of q16, q17" in capsys.readouterr().err
