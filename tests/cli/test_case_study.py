"""``qrexplore case-study``: what it refuses before anything is computed; the whole of it is a slow test."""

import json

import pytest

from qrexplore.cli import main


@pytest.mark.parametrize(
    ("words", "why"),
    [(["--seed", "-1"], "`--seed` must be a whole number from 0"), (["--flaw", "gremlins"], "`flaw` must be one of")],
)
def test_what_makes_no_case_is_refused_and_nothing_is_written(words, why, tmp_path, capsys):
    assert main(["case-study", *words, "--out", str(tmp_path / "run")]) == 1
    assert why in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_hidden_device_is_learned_its_flaw_named_and_undone(tmp_path):
    assert main(["case-study", "--seed", "0", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "result.json").read_text())
    assert len(found["parameters"]) == 83
    assert all({"truth", "value", "interval", "verdict"} <= set(one) for one in found["parameters"])
    assert found["diagnosis"]["named"][0] == "distortion of flux line q1"
    assert 0.9 < found["chi2_per_dof"] < 1.1
    assert found["step_response_error"] < 2e-3
    assert found["cz_error"]["compensated"] < 2e-3
    assert found["cz_error"]["before"] > 0.1
    assert found["rms"]["c-b"] < 1.1 * found["rms"]["shot noise"]
    for name in ("naive", "device", "learned", "mended"):
        assert (tmp_path / f"panel-{name}.nc").exists()
