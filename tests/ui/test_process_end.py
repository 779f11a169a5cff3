"""A process that ends while the workbench compiles: it ends in good order, not with an abort."""

import os
import subprocess
import sys

PROGRAM = """
import time
import numpy as np
import qrexplore as qx
twin = qx.library.transmon()
ramsey = qx.experiments.ramsey(np.linspace(0, 2e-6, 21), artificial_detuning=1e6)
bench = qx.explore(twin, qx.simulate(twin, ramsey, shots=500, seed=1))
assert not bench.wait(0)
time.sleep(0.3)
"""


def test_a_script_that_ends_within_a_compilation_is_not_aborted():
    environment = {**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "false"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
