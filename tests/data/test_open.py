"""Choosing the reader by content, and saying what else a file is."""

from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

import qrexplore.data as qd
from qrexplore.data.gate import kind


@pytest.mark.parametrize("name", ["data.txt", "picture.png", "no_ending", "x.nc"])
def test_the_name_of_a_file_means_nothing(quantify_file: Callable[..., Path], name: str) -> None:
    assert qd.open_data(quantify_file(name=name)).attrs["source_format"] == "quantify"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"CDF\x01" + bytes(50), "netCDF-3 (classic)"),
        (b"CDF\x02" + bytes(50), "netCDF-3 (64-bit offset)"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "a PNG picture"),
        (b'{"a": 1}', "a JSON file"),
        ("Zeit in µs\n1 2\n".encode(), "a text file"),
        (bytes(range(256)), "a binary file of an unknown kind"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_can(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "mystery.hdf5"
    path.write_bytes(content)
    with pytest.raises(qd.DatasetError) as error:
        qd.open_data(path)
    assert "mystery.hdf5" in str(error.value)
    assert words in str(error.value)
    if words != "HDF5":
        for readable in ("Quantify", "PycQED", "qibocal", "netCDF-4 file of qrexplore"):
            assert readable in str(error.value)


def test_text_cut_inside_a_letter_is_still_text() -> None:
    assert kind("µ".encode() * 32 + b"\xc2") == "a text file"


def test_other_hdf5_files_are_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "log.hdf5", "w") as file:
        file.attrs["log_name"] = "x"
        file.create_group("Step list")
    with h5py.File(tmp_path / "plain.hdf5", "w") as file:
        file["apples"] = [1.0]
    for name, words in (("log", "a Labber log"), ("plain", "holding apples")):
        with pytest.raises(qd.DatasetError, match=words):
            qd.open_data(tmp_path / f"{name}.hdf5")


def test_a_folder_of_several_formats_opens_as_one_tree(
    quantify_file: Callable[..., Path],
    pycqed_file: Callable[..., Path],
    native_file: Callable[..., Path],
    qibocal_t1: Callable[..., Path],
    tmp_path: Path,
) -> None:
    quantify_file()
    pycqed_file()
    native_file()
    qibocal_t1()
    (tmp_path / "README.md").write_text("words")
    tree = qd.open_data(tmp_path)
    formats = {node.attrs["source_format"] for node in tree.children.values()}
    assert formats == {"quantify", "pycqed", "qibocal", "qrexplore"}


def test_a_damaged_file_in_a_folder_is_not_passed_over(qibocal_t1: Callable[..., Path], tmp_path: Path) -> None:
    qibocal_t1()
    (tmp_path / "broken.hdf5").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(qd.DatasetError, match=r"broken\.hdf5"):
        qd.open_data(tmp_path)


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(qd.DatasetError, match="holds no data that can be read"):
        qd.open_data(tmp_path)


def test_a_path_to_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(qd.DatasetError, match=r"'gone.nc'.*No such file"):
        qd.open_data(tmp_path / "gone.nc")
