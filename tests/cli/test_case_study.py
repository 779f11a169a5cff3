"""``qrexplore case-study``: what it refuses before anything is computed; the whole of it is a slow test."""

import json
from types import SimpleNamespace

import pytest

import qrexplore as qx
from qrexplore import loop
from qrexplore.cli import main
from qrexplore.cli.case_study import seeds_of
from qrexplore.data import runs
from tests.faults import read_only


@pytest.mark.parametrize(
    ("words", "why"),
    [(["--seed", "-1"], "`--seed` must be whole numbers from 0"), (["--flaw", "gremlins"], "`flaw` must be one of")],
)
def test_what_makes_no_case_is_refused_and_nothing_is_written(words, why, tmp_path, capsys):
    assert main(["case-study", *words, "--out", str(tmp_path / "run")]) == 1
    assert why in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_seeds_may_be_one_several_or_a_range():
    assert seeds_of("3") == [3]
    assert seeds_of("0-3") == [0, 1, 2, 3]
    assert seeds_of("0,5, 7-8") == [0, 5, 7, 8]
    for nothing in ("0-", "5-3", "", "0,,1"):
        with pytest.raises(ValueError, match="`--seed` must be whole numbers"):
            seeds_of(nothing)


@pytest.fixture
def nothing_is_done(monkeypatch):
    def refused(*_, **__):
        pytest.fail("a case study is carried out")

    for name in ("measured", "solve_case"):
        monkeypatch.setattr(loop, name, refused)


def finished(folder, seed, flaw="distortion"):
    """Write the result of a case study as earlier versions did, which is all that is read of it."""
    folder.mkdir(parents=True)
    kept = {"seed": seed, "flaw": flaw, "parameters": [], "criteria": [], "diagnosis": {"named": []}, "seconds": {}}
    (folder / "result.json").write_text(json.dumps(kept))


@pytest.mark.usefixtures("nothing_is_done")
def test_finished_seeds_are_summed_up_and_not_done_again(tmp_path, capsys):
    for seed in (0, 1):
        finished(tmp_path / f"seed-{seed}", seed)
    assert main(["case-study", "--seed", "0-1", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert "2 devices with the flaw 'distortion', seeds 0, 1" in told.out
    assert f"seed 1 is finished, {tmp_path / 'seed-1' / 'result.json'}" in told.err


@pytest.mark.usefixtures("nothing_is_done")
def test_one_seed_that_is_finished_is_not_done_again_either(tmp_path, capsys):
    finished(tmp_path / "run", 3)
    before = (tmp_path / "run" / "result.json").read_bytes()
    assert main(["case-study", "--seed", "3", "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr()
    assert "seed 3 is finished" in told.err
    assert "1 device with the flaw 'distortion', seeds 3" in told.out
    assert (tmp_path / "run" / "result.json").read_bytes() == before


@pytest.mark.usefixtures("nothing_is_done")
@pytest.mark.parametrize("seeds", ["1", "0-1"])
def test_results_of_another_flaw_are_refused_before_anything_is_done(seeds, tmp_path, capsys):
    place = tmp_path / "seed-1" if seeds == "0-1" else tmp_path / "run"
    finished(place, 1)
    out = tmp_path if seeds == "0-1" else place
    assert main(["case-study", "--seed", seeds, "--flaw", "none", "--out", str(out)]) == 1
    told = capsys.readouterr()
    assert "must be new or hold the case study of seed 1 with the flaw 'none'" in told.err
    assert f"got {str(place)!r}, which holds the case study of seed 1 with the flaw 'distortion'" in told.err
    assert "Name another folder, or delete this one." in told.err
    assert told.out == ""
    assert [path.name for path in tmp_path.iterdir()] == [place.name]


@pytest.mark.usefixtures("nothing_is_done")
def test_the_folder_of_another_seed_is_refused(tmp_path, capsys):
    finished(tmp_path / "run", 1)
    assert main(["case-study", "--seed", "2", "--out", str(tmp_path / "run")]) == 1
    assert "which holds the case study of seed 1 with the flaw 'distortion'" in capsys.readouterr().err


def test_one_that_is_interrupted_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def stopped(*_, **__):
        msg = "interrupted and saved; begun again with the same folder, it goes on"
        raise KeyboardInterrupt(msg)

    monkeypatch.setattr(loop, "solve_case", stopped)
    assert main(["case-study", "--seed", "0", "--out", str(tmp_path / "run")]) == 130
    assert "interrupted and saved; begun again with the same folder, it goes on" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_named(public_folder, monkeypatch, capsys):
    monkeypatch.setattr(qx.library, "case_study", lambda seed, flaw: SimpleNamespace(seed=seed, flaw=flaw))
    with read_only(public_folder):
        assert main(["case-study", "--seed", "0", "--out", str(public_folder / "case")]) == 1
    assert f"qrexplore case-study: [Errno 13] Permission denied: '{public_folder}/case'" in capsys.readouterr().err
    assert list(public_folder.iterdir()) == []


@pytest.mark.slow
def test_the_hidden_device_is_learned_its_flaw_named_and_undone(tmp_path):
    assert main(["case-study", "--seed", "0", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "result.json").read_text())
    assert len(found["parameters"]) == 83
    assert all({"truth", "value", "interval", "verdict"} <= set(one) for one in found["parameters"])
    stages = [step["stage"] for step in found["history"]]
    assert list(dict.fromkeys(stages)) == ["landmarks", "one qubit at a time", "all data"]
    assert found["history"][-1]["loss"] == min(step["loss"] for step in found["history"] if step["stage"] == "all data")
    assert found["diagnosis"]["named"][0] == "distortion of flux line q1"
    assert 0.9 < found["chi2_per_dof"] < 1.1
    assert found["step_response_error"] < 2e-3
    assert found["cz_error"]["compensated"] < 2e-3
    assert found["cz_error"]["before"] > 0.1
    assert found["rms"]["c-b"] < 1.1 * found["rms"]["shot noise"]
    for name in ("naive", "device", "learned", "mended"):
        assert (tmp_path / f"panel-{name}.nc").exists()
    assert runs.open_run(tmp_path / "fit").standing().state == "done"
