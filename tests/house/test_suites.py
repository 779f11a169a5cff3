"""Suites that the default run leaves out can be collected: they must not rot unseen."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def test_suites_left_out_of_the_default_run_can_be_collected():
    pytest.importorskip("playwright")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q",
         "-m", "slow or not slow", "tests/speed", "tests/reference"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
