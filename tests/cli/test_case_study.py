"""``qrexplore case-study``: what it refuses before anything is computed; the whole of it is a slow test."""

import json

import pytest

from qrexplore.cli import main
from qrexplore.cli.case_study import seeds_of


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


def test_finished_seeds_are_summed_up_and_not_done_again(tmp_path, capsys):
    for seed in (0, 1):
        (tmp_path / f"seed-{seed}").mkdir()
        kept = {
            "seed": seed, "flaw": "distortion", "parameters": [], "criteria": [], "diagnosis": {"named": []}, "seconds": {}
        }  # fmt: skip
        (tmp_path / f"seed-{seed}" / "result.json").write_text(json.dumps(kept))
    assert main(["case-study", "--seed", "0-1", "--out", str(tmp_path)]) == 0
    assert "2 devices with the flaw 'distortion', seeds 0, 1" in capsys.readouterr().out


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
