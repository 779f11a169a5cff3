"""Cut and flipped files: each opens right or is refused with one sentence, never another exception, never a hang.

The same holds for the measured files, where they are at hand.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import qrexplore.data as qd

FLIPS = 40


def survives(path: Path) -> bool:
    """Open a damaged file; True if it was refused, as it should be when it cannot be read."""
    start = time.perf_counter()
    try:
        found = qd.open_data(path)
    except qd.DatasetError as error:
        assert len(str(error)) <= 500  # noqa: PT017 (most damaged files still open)
        refused = True
    else:
        for node in found.subtree if isinstance(found, xr.DataTree) else [found]:
            content = node.to_dataset() if isinstance(node, xr.DataTree) else node
            if content.variables:
                qd.validate(content)
        refused = False
    assert time.perf_counter() - start < 5
    return refused


@pytest.fixture(params=["quantify", "pycqed", "qibocal", "native", "tergite", "tergite netCDF-4"])
def sound(request: pytest.FixtureRequest) -> Path:
    """Give a sound file of each format, at the file that is damaged."""
    name = {"quantify": "quantify_file", "pycqed": "pycqed_file", "qibocal": "qibocal_t1", "native": "native_file"}
    if request.param.startswith("tergite"):
        engine = "h5netcdf" if "-4" in request.param else "scipy"
        return request.getfixturevalue("tergite_file")(engine=engine)
    path = request.getfixturevalue(name[request.param])()
    return path / "data.npz" if request.param == "qibocal" else path


@pytest.mark.parametrize("part", [0, 1, 4, 8, 30, 100, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, -1])
def test_a_cut_file_is_refused(sound: Path, part: float) -> None:
    content = sound.read_bytes()
    length = len(content) - 1 if part < 0 else part if isinstance(part, int) else int(part * len(content))
    sound.write_bytes(content[:length])
    assert survives(sound)


def test_flipped_bytes_never_raise_anything_else(sound: Path) -> None:
    content = sound.read_bytes()
    random = np.random.default_rng(20240919)
    refused = 0
    for _ in range(FLIPS):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), random.integers(1, 12)):
            damaged[place] ^= int(random.integers(1, 256))
        sound.write_bytes(damaged)
        refused += survives(sound)
    assert refused > 0


def test_flips_in_the_headers_never_raise_anything_else(sound: Path) -> None:
    content = sound.read_bytes()
    random = np.random.default_rng(7)
    for _ in range(FLIPS):
        damaged = bytearray(content)
        for place in random.integers(8, min(len(content), 2500), 3):
            damaged[place] = int(random.choice([0, 1, 0x7F, 0xFF]))
        sound.write_bytes(damaged)
        survives(sound)


@pytest.mark.parametrize("name", ["action.yml", "data.json"])
def test_damaged_companions_of_an_archive_are_refused(
    qibocal_folder: Callable[..., Path], records: Callable[..., np.ndarray], name: str
) -> None:
    folder = qibocal_folder({"D1": records(wait=[1, 2], prob=[0, 1])}, "ramsey", scalars={"detuning": 5})
    content = (folder / name).read_bytes()
    random = np.random.default_rng(3)
    for _ in range(FLIPS):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 3):
            damaged[place] = int(random.integers(0, 256))
        (folder / name).write_bytes(damaged)
        survives(folder)


MEASURED = (
    "quantify-2021-2023/t1_20210322.hdf5",
    "delft-2017-qr-suite/210448_T1_QR.hdf5",
    "tii-d3-coherence-readout-before/t1/data.npz",
    "chalmers-2024-q16-q25/T1_0.hdf5",
)


@pytest.mark.parametrize("name", MEASURED)
def test_damaged_measured_files_never_raise_anything_else(shared_data: Path, tmp_path: Path, name: str) -> None:
    content = (shared_data / name).read_bytes()
    path = tmp_path / Path(name).name
    random = np.random.default_rng(11)
    for part in (0.05, 0.5, 0.95):
        path.write_bytes(content[: int(part * len(content))])
        assert survives(path)
    for _ in range(FLIPS):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 20):
            damaged[place] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        survives(path)
