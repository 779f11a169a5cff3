"""Our own netCDF files."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import qrexplore.data as qd


def test_what_is_saved_opens_identical(chevron: xr.Dataset, tmp_path: Path) -> None:
    qd.save(chevron, tmp_path / "a.nc")
    again = qd.open_data(tmp_path / "a.nc")
    xr.testing.assert_identical(again, chevron)
    assert again.attrs == chevron.attrs
    assert again.attrs["missing_points"] == 1
    assert again["qubit"].dtype.kind == "U"


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    delays=st.lists(st.floats(0, 1e-3), min_size=1, max_size=5),
    values=st.floats(-0.4, 1.4),
    title=st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    shots=st.integers(1, 10**9),
)
def test_any_decay_survives_the_file(
    tmp_path: Path, delays: list[float], values: float, title: str, shots: int
) -> None:
    data = qd.dataset(
        {"population": qd.labelled(("qubit", "delay"), np.full((1, len(delays)), values), "1", "population")},
        {"delay": qd.axis("delay", delays, "s")},
        qubits=["q0"],
        experiment="t1",
        settings={"shots": shots},
        title=title,
    )
    qd.save(data, tmp_path / "h.nc")
    xr.testing.assert_identical(qd.open_data(tmp_path / "h.nc"), data)


def test_a_tree_keeps_its_nodes(chevron: xr.Dataset, tmp_path: Path) -> None:
    tree = xr.DataTree.from_dict({"first": chevron, "second": chevron.isel(duration=slice(3))})
    qd.save(tree, tmp_path / "tree.nc")
    again = qd.open_data(tmp_path / "tree.nc")
    assert list(again.children) == ["first", "second"]
    xr.testing.assert_identical(again["second"].to_dataset(), qd.open_data(tmp_path / "tree.nc")["second"].to_dataset())
    xr.testing.assert_identical(again["first"].to_dataset(), chevron)


def test_an_imported_file_survives_the_own_format(pycqed_file: Callable[..., Path], tmp_path: Path) -> None:
    data = qd.open_data(pycqed_file())
    qd.save(data, tmp_path / "copy.nc")
    xr.testing.assert_identical(qd.open_data(tmp_path / "copy.nc"), data)


def test_known_units_are_converted_on_opening(chevron: xr.Dataset, tmp_path: Path) -> None:
    chevron.to_netcdf(tmp_path / "ns.nc", engine="h5netcdf")
    with h5py.File(tmp_path / "ns.nc", "a") as file:
        file["duration"][...] = file["duration"][...] * 1e9
        file["duration"].attrs["units"] = "ns"
    again = qd.open_data(tmp_path / "ns.nc")
    np.testing.assert_allclose(again["duration"], chevron["duration"])
    assert again["duration"].attrs["units"] == "s"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["duration"].attrs.update(units="furlong"), r"units of `duration` .* got 'furlong'"),
        (lambda d: d["duration"].attrs.update(units="V"), "`duration` must hold finite numbers in s"),
        (lambda d: d["duration"].attrs.pop("units"), "`duration` must have the text attributes"),
        (lambda d: d.update({"population": d["population"] * np.nan}), "at least one finite number"),
        (lambda d: d.update({"population": d["population"].transpose()}), "must have dimensions"),
        (lambda d: d.update({"population": d["population"].isel(qubit=0, drop=True)}), "must have dimensions"),
        (lambda d: d.attrs.update(experiment="tea"), "attribute `experiment` must be one of"),
        (lambda d: d.attrs.update(settings="[1"), "`settings` must be a JSON object"),
        (lambda d: d["population"].values.__setitem__((0, 0, 0), np.inf), r"1 infinite value"),
        (lambda d: d["duration"].attrs.update(units=3), "`duration` must have the text attributes"),
    ],
)
def test_a_file_that_breaks_the_schema_is_refused(
    chevron: xr.Dataset, tmp_path: Path, change: Callable[[Any], Any], words: str
) -> None:
    change(chevron)
    chevron["population"].attrs.update({"units": "1", "long_name": "population"})
    path = tmp_path / "broken.nc"
    chevron.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(qd.DatasetError, match=words) as error:
        qd.open_data(path)
    assert "broken.nc" in str(error.value)
    with pytest.raises(qd.DatasetError, match=words):
        qd.save(chevron, tmp_path / "never.nc")
    assert not (tmp_path / "never.nc").exists()


def test_words_in_place_of_numbers_are_refused(chevron: xr.Dataset, tmp_path: Path) -> None:
    words = xr.full_like(chevron["population"], 0).astype(str)
    words.attrs = {"units": "1", "long_name": "population"}
    chevron.assign(population=words).to_netcdf(tmp_path / "words.nc", engine="h5netcdf")
    with pytest.raises(qd.DatasetError, match=r"words.nc.*`population` must hold at least one finite number"):
        qd.open_data(tmp_path / "words.nc")


def test_a_file_of_a_newer_schema_is_refused(native_file: Callable[..., Path]) -> None:
    path = native_file()
    with h5py.File(path, "a") as file:
        file.attrs["qrexplore_schema"] = 99
    with pytest.raises(qd.DatasetError, match=r"version 1, got 99"):
        qd.open_data(path)


def test_a_save_that_fails_leaves_the_old_file_and_no_rest(
    chevron: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.nc"
    qd.save(chevron, path)
    before = path.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(qd.DatasetError, match=r"a.nc.*No space left on device"):
        qd.save(chevron.assign_attrs(title="new"), path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.nc"]


def test_the_file_is_flushed_before_it_takes_its_name(
    chevron: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    replace, fsync = Path.replace, os.fsync
    monkeypatch.setattr(Path, "replace", lambda a, b: (calls.append("replace"), replace(a, b))[1])
    monkeypatch.setattr(os, "fsync", lambda handle: (calls.append("fsync"), fsync(handle))[1])
    qd.save(chevron, tmp_path / "a.nc")
    assert calls == ["fsync", "replace", "fsync"]


def test_saving_into_a_missing_folder_says_so(chevron: xr.Dataset, tmp_path: Path) -> None:
    with pytest.raises(qd.DatasetError, match=r"a.nc.*cannot be written \('No such file"):
        qd.save(chevron, tmp_path / "nowhere" / "a.nc")
