"""Files made to do harm: each is refused in a moment, nothing else is opened, no code runs, no secret comes out."""

import io
import os
import pickle
import socket
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

import qrexplore.data as qd
from qrexplore.data.gate_text import read_json, read_yaml

SECRET = b"the secret of another user of this machine"


@pytest.fixture(autouse=True)
def _soon() -> Iterator[None]:
    start = time.perf_counter()
    yield
    assert time.perf_counter() - start < 5


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "secret.txt"
    path.parent.mkdir()
    path.write_bytes(SECRET)
    return path


def refused(path: Path) -> str:
    """Give the message with which a path is refused."""
    with pytest.raises(qd.DatasetError) as error:
        qd.open_data(path)
    message = str(error.value)
    assert len(message) <= 500
    assert "secret of another" not in message
    return message


def swap(path: Path, name: str, make: Callable[[h5py.File, h5py.Dataset], None]) -> None:
    """Replace a member of a valid file by something hostile with the same attributes."""
    with h5py.File(path, "a") as file:
        old = file[name]
        attributes = {key: old.attrs[key] for key in old.attrs if key in ("name", "long_name", "units")}
        copy = io.BytesIO()
        with h5py.File(copy, "w") as keep:
            file.copy(name, keep, "old")
            del file[name]
            make(file, keep["old"])
        if name in file and file.get(name, getlink=True).__class__ is h5py.HardLink:
            file[name].attrs.update(attributes)


def test_external_storage_reads_no_other_file(quantify_file: Callable[..., Path], secret: Path) -> None:
    path = quantify_file()
    where = [(str(secret), 0, 31)]
    swap(path, "y0", lambda file, old: file.create_dataset("y0", old.shape, dtype="u1", external=where))
    assert "external storage" in refused(path)


def test_an_external_link_is_not_followed(pycqed_file: Callable[..., Path], tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["Data"] = np.zeros((5, 2))
    path = pycqed_file()
    swap(path, "Experimental Data/Data", lambda file, _: file.__setitem__(
        "Experimental Data/Data", h5py.ExternalLink(str(other), "/Data")
    ))  # fmt: skip
    assert "external link" in refused(path)


def test_a_cycle_of_soft_links_is_refused(quantify_file: Callable[..., Path]) -> None:
    path = quantify_file()
    with h5py.File(path, "a") as file:
        file["a"], file["b"] = h5py.SoftLink("/b"), h5py.SoftLink("/a")
    assert "soft link" in refused(path)


def test_a_cycle_of_hard_links_ends(quantify_file: Callable[..., Path]) -> None:
    path = quantify_file()
    with h5py.File(path, "a") as file:
        inner = file.create_group("inner")
        inner["again"] = file["/"]
    assert qd.open_data(path).attrs["experiment"] == "t1"


def test_a_virtual_dataset_is_refused(quantify_file: Callable[..., Path], tmp_path: Path) -> None:
    layout = h5py.VirtualLayout((31,), "f8")
    layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "x", (31,))
    path = quantify_file()
    swap(path, "y0", lambda file, _: file.create_virtual_dataset("y0", layout))
    assert "virtual dataset" in refused(path)


@pytest.mark.parametrize("size", [10**6, 10**9, 2**60])
def test_a_dataset_that_declares_far_more_than_it_holds_is_refused(
    quantify_file: Callable[..., Path], size: int
) -> None:
    path = quantify_file()
    swap(path, "y0", lambda file, _: file.create_dataset("y0", (size,), "f8", chunks=(1000,)))
    assert "declare" in refused(path)


def test_a_compressed_bomb_is_refused(quantify_file: Callable[..., Path]) -> None:
    path = quantify_file()
    swap(path, "y0", lambda file, _: file.create_dataset("y0", data=np.zeros(2**21), compression=9))
    assert "ratio above 200" in refused(path)


def test_many_texts_on_the_same_bytes_are_refused(quantify_file: Callable[..., Path]) -> None:
    path = quantify_file()
    with h5py.File(path, "a") as file:
        file.create_dataset("long", data=np.zeros(2**21, dtype="u1"))
        file.create_dataset("texts", (2**14,), h5py.string_dtype())
    assert "texts of any length" in refused(path)


def test_a_filter_that_would_load_code_is_refused(quantify_file: Callable[..., Path]) -> None:
    path = quantify_file()

    def filtered(file: h5py.File, _: h5py.Dataset) -> None:
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_chunk((31,))
        creation.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((31,))
        h5py.h5d.create(file.id, b"y0", h5py.h5t.IEEE_F64LE, space, creation)

    swap(path, "y0", filtered)
    assert "filter 32015" in refused(path)


def test_a_tree_too_deep_or_too_wide_is_refused(quantify_file: Callable[..., Path]) -> None:
    deep, wide = quantify_file(name="deep.h5"), quantify_file(name="wide.h5")
    with h5py.File(deep, "a") as file:
        file.create_group("/".join("a" * 40))
    with h5py.File(wide, "a", libver="latest") as file:
        group = file.create_group("many")
        for number in range(20_001):
            group.create_group(str(number))
    assert "nested deeper than 32" in refused(deep)
    assert "20000 objects" in refused(wide)


NAME = b"\0\0\0\4ReIm"


def netcdf3(dims: bytes = b"", variables: bytes = b"", *, tail: bytes = b"", version: int = 2) -> bytes:
    """Write a netCDF-3 file: lists of dimensions and variables with their marks, no attributes."""
    return b"CDF" + bytes([version]) + bytes(4) + (dims or bytes(8)) + bytes(8) + (variables or bytes(8)) + tail


def variable(name: str, dims: tuple[int, ...], begin: int, kind: int = 6) -> bytes:
    numbers = struct.pack(">I", len(dims)) + b"".join(struct.pack(">I", dim) for dim in dims)
    return struct.pack(">I4s", 4, name.encode()) + numbers + bytes(8) + struct.pack(">IIQ", kind, 0, begin)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (netcdf3(version=9), "version 9"),
        (netcdf3(struct.pack(">II", 10, 2**31)), "more than the 20000 objects"),
        (netcdf3(struct.pack(">II", 12, 1)), "marked 12, not 10"),
        (netcdf3(struct.pack(">III", 10, 1, 2**31)), "ends within its header"),
        (netcdf3(b"", struct.pack(">II", 11, 1) + variable("yq16", (0,), 0)), "does not list"),
        (netcdf3(b"", struct.pack(">II", 11, 1) + variable("yq16", (), 0, 99)), "unknown type 99"),
        (netcdf3(b"", struct.pack(">II", 11, 1) + variable("yq16", (), 2**40)), "beyond the end"),
        (netcdf3(b"", struct.pack(">II4sI", 11, 1, b"\0\0\0\4", 0) + struct.pack(">I", 33)), "33 dimensions"),
        (
            netcdf3(struct.pack(">II", 10, 1) + NAME + struct.pack(">I", 2**31 - 1),
                    struct.pack(">II", 11, 1) + variable("yq16", (0,), 8)),
            "beyond the end",
        ),
        (
            netcdf3(struct.pack(">II", 10, 1) + NAME + bytes(4),
                    struct.pack(">II", 11, 1) + variable("yq16", (0,), 8)),
            "unlimited dimension",
        ),
        (
            netcdf3(struct.pack(">II", 10, 1) + NAME + struct.pack(">I", 100),
                    struct.pack(">II", 11, 2) + variable("yq16", (0,), 8) + variable("yq17", (0,), 8), tail=bytes(900)),
            "declare more than it holds",
        ),
        (
            netcdf3(struct.pack(">II", 10, 1) + NAME + struct.pack(">I", 2),
                    struct.pack(">II", 11, 2) + variable("yq16", (0,), 8) * 2, tail=bytes(900)),
            "twice",
        ),
    ],
)  # fmt: skip
def test_a_hostile_netcdf3_header_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "dataset.hdf5"
    path.write_bytes(content)
    assert words in refused(path)


def test_a_netcdf3_file_of_another_program_is_named(tmp_path: Path) -> None:
    path = tmp_path / "weather.nc"
    path.write_bytes(netcdf3())
    assert "netCDF-3 (64-bit offset) file of another program" in refused(path)


def test_values_of_a_hostile_type_are_refused(quantify_file: Callable[..., Path]) -> None:
    path = quantify_file()
    swap(path, "y0", lambda file, _: file.create_dataset("y0", (31,), h5py.vlen_dtype(np.float64)))
    assert "y0" in refused(path)


def test_the_own_format_passes_the_same_gate(native_file: Callable[..., Path], secret: Path) -> None:
    path = native_file()
    with h5py.File(path, "a") as file:
        file.create_dataset("leak", (len(SECRET),), "u1", external=[(str(secret), 0, len(SECRET))])
    assert "external storage" in refused(path)


class _Attack:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, (str(self.mark),)


def npy(array: np.ndarray, *, allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


def test_a_pickled_array_runs_nothing(zip_of: Callable[..., Path], tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    objects = np.empty(1, dtype=object)
    objects[0] = _Attack(mark)
    message = refused(zip_of({'"D1".npy': npy(objects, allow_pickle=True)}))
    assert "Python objects" in message
    assert not mark.exists()


def test_a_bare_pickle_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    (tmp_path / "data.npz").write_bytes(pickle.dumps(_Attack(mark)))
    assert "a Python pickle" in refused(tmp_path / "data.npz")
    assert not mark.exists()


def test_a_zip_bomb_is_refused(zip_of: Callable[..., Path]) -> None:
    bomb = npy(np.zeros(2**23))
    assert "grows more than 200-fold" in refused(zip_of({'"D1".npy': bomb}, zipfile.ZIP_DEFLATED))


def test_a_zip_that_lies_about_its_size_is_refused(zip_of: Callable[..., Path]) -> None:
    folder = zip_of({'"D1".npy': npy(np.zeros(2**20))}, zipfile.ZIP_DEFLATED)
    path = folder / "data.npz"
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 1000)
    path.write_bytes(content)
    refused(folder)


@pytest.mark.parametrize("name", ["../x.npy", "/etc/x.npy", "a/../../x.npy", "..\\x.npy", "C:x.npy"])
def test_a_member_that_leads_out_is_refused(zip_of: Callable[..., Path], name: str) -> None:
    assert "leads out of the archive" in refused(zip_of({name: npy(np.zeros(3))}))


def test_a_header_that_declares_more_than_there_is_is_refused(zip_of: Callable[..., Path]) -> None:
    content = npy(np.zeros(3)).replace(b"(3,)", b"(9999999999999,)")
    length = struct.unpack("<H", content[8:10])[0]
    content = content[:10] + content[10 : 10 + length + 13].rstrip(b"\n").rstrip() + content[10 + length + 13 :]
    refused(zip_of({'"D1".npy': content}))


def test_a_header_is_never_evaluated(zip_of: Callable[..., Path], tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': (__import__('os').mkdir({str(mark)!r}),), }}\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + bytes(8)
    refused(zip_of({'"D1".npy': content}))
    assert not mark.exists()


def test_a_member_listed_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr('"D1".npy', npy(np.zeros(3)))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr('"D1".npy', npy(np.ones(3)))
    assert "twice" in refused(tmp_path / "data.npz")


def test_a_zip_of_something_else_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "letters.docx", "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert "a zip archive" in refused(tmp_path / "letters.docx")


YAML_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]" for n in range(12)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (YAML_BOMB, "Anchor"),
        ("operation: !!python/object/apply:os.system ['touch it_ran']", "Tag"),
        ("a: " + "[" * 5000, "nested deeper than 64"),
        ("\n".join(" " * n + "a:" for n in range(300)), "nested deeper than 64"),
        ("x" * 70_000, "MiB"),
        ("a: [1, 2", "YAML text"),
        ("\x00\x01", "YAML text"),
        ("- t1", "no table"),
    ],
)
def test_a_hostile_action_is_refused(qibocal_t1: Callable[..., Path], text: str, words: str) -> None:
    folder = qibocal_t1()
    (folder / "action.yml").write_text(text)
    message = refused(folder)
    assert words in message
    assert "action.yml" in message


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, "9" * 5_000, '{"a"', "[1, 2]", '{"\\"a\\"": ' + "[" * 65 + "]" * 65 + "}"],
)
def test_a_hostile_json_is_refused(qibocal_t1: Callable[..., Path], text: str) -> None:
    folder = qibocal_t1()
    (folder / "data.json").write_text(text)
    assert "data.json" in refused(folder)


def test_text_beyond_its_cap_is_not_read(tmp_path: Path) -> None:
    for read in (read_json, read_yaml):
        with (tmp_path / "large").open("wb") as file:
            file.truncate(5 * 2**20)
        with pytest.raises(qd.DatasetError, match="MiB allowed"):
            read(tmp_path / "large")


def test_brackets_inside_a_text_are_no_depth(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": "' + "[" * 200 + '\\"[[["}')
    assert read_json(tmp_path / "a.json")["a"].startswith("[[[")


def test_a_file_beyond_the_cap_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.h5"
    with path.open("wb") as file:
        file.write(b"\x89HDF\r\n\x1a\n")
        file.truncate(300 * 2**20)
    assert "300 MiB, more than the 256 MiB allowed" in refused(path)


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
    (tmp_path / "run").mkdir()
    os.mkfifo(tmp_path / "run" / "data.npz")
    assert "a named pipe" in refused(tmp_path / "pipe")
    assert "cannot be reached" in refused(tmp_path / "loop")
    assert "cannot be reached" in refused(tmp_path / "gone")
    assert "a socket" in refused(tmp_path / "socket")
    assert "a device" in refused(Path("/dev/zero"))
    assert "no data" in refused(tmp_path / "run")
    assert "cannot be reached" in refused(tmp_path / "null\0byte")
    assert "cannot be reached" in refused(tmp_path / ("x" * 5000))


def test_a_pipe_in_place_of_the_action_does_not_hang(qibocal_t1: Callable[..., Path]) -> None:
    folder = qibocal_t1()
    (folder / "action.yml").unlink()
    os.mkfifo(folder / "action.yml")
    assert "action.yml" in refused(folder)


def test_a_folder_that_links_to_itself_ends(tmp_path: Path, qibocal_t1: Callable[..., Path]) -> None:
    qibocal_t1("inner/t1-0")
    (tmp_path / "inner" / "up").symlink_to(tmp_path)
    assert qd.open_data(tmp_path).attrs["experiment"] == "t1"


def test_control_characters_and_floods_stay_out_of_messages(quantify_file: Callable[..., Path]) -> None:
    units = "\x1b[31m" + "x" * 10_000
    path = quantify_file("T1", [("t", "t", units, np.arange(9.0))], [("m", "m", "V", np.arange(9.0))])
    message = refused(path)
    assert "\x1b" not in message


def test_compressed_garbage_inside_a_member_is_refused(zip_of: Callable[..., Path]) -> None:
    folder = zip_of({'"D1".npy': npy(np.random.default_rng(0).normal(size=500))}, zipfile.ZIP_DEFLATED)
    content = bytearray((folder / "data.npz").read_bytes())
    content[200:260] = zlib.compress(b"nonsense" * 20)[:30] * 2
    (folder / "data.npz").write_bytes(content)
    refused(folder)
