"""A run in a real kernel that is interrupted and restarted: it is told how it stands, and goes on to the same bits."""

import signal
import time

import pytest

from qrexplore.core import run
from qrexplore.data import runs, save
from qrexplore.learn import WAYS, digest, problem_of, resume_run
from tests.ui.waiting import until

jupyter_client = pytest.importorskip("jupyter_client")

# steps of a twentieth of a second, so that a run does not end before it is disturbed
SLOW = """
import time, qrexplore as qx
from qrexplore.ui.presenters import learn_monitor

def slowly(resume):
    return lambda folder, on_step=lambda _: None: resume(folder, on_step=lambda step: (on_step(step), time.sleep(0.05)))

learn_monitor.resume_run = slowly(learn_monitor.resume_run)
learn_monitor._MAX_STEPS["adam"] = 200
"""
BENCH = """
bench = qx.explore(qx.library.transmon(), qx.open_data({data!r}), free=["q0.frequency", "q0.t_phi"], runs={folder!r})
bench._monitor.channel.traits["method"] = "adam"
bench.learn()
"""
# carries a run out where interrupts are caught: in the cell that waits for it, or in the main thread of a program
HERE = "slowly(qx.learn.resume_run)({folder!r})\n"
JOB = """
import subprocess, sys
job = subprocess.Popen([sys.executable, "-c", {program!r}], start_new_session={apart})
"""


class Kernel:
    """A Python kernel as JupyterLab starts one."""

    def __init__(self):
        self.manager = jupyter_client.KernelManager()
        self.manager.start_kernel()
        self._listen()

    def _listen(self):
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def do(self, code):
        """Carry out a cell to its end."""
        self.ended(self.begin(code))

    def begin(self, code):
        return self.client.execute(code)

    def ended(self, cell):
        """Wait for the end of a cell, which must be a good one."""
        while (answer := self.client.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != cell:
            pass
        assert answer["content"]["status"] == "ok", answer["content"]

    def restart(self):
        """Restart as the button does; give the seconds."""
        self.client.stop_channels()
        began = time.monotonic()
        self.manager.restart_kernel()
        seconds = time.monotonic() - began
        self._listen()
        return seconds

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    kernel = Kernel()
    yield kernel
    kernel.end()


@pytest.fixture
def begun(kernel, data, tmp_path):
    """A run that the workbench of a kernel has begun."""
    save(data, tmp_path / "ramsey.nc")
    folder = tmp_path / "runs"
    kernel.do(SLOW + BENCH.format(data=str(tmp_path / "ramsey.nc"), folder=str(folder)))
    until(lambda: list(runs.runs_in(folder)), "no run")
    (found,) = runs.runs_in(folder)
    goes_on(found, 15)
    return found


def goes_on(found, steps):
    """Wait until so many more steps are told."""
    told = len(found.history())
    until(lambda: len(found.history()) >= told + steps, found.standing())


def assert_comes_to_the_same(found):
    problem, told = problem_of(found), len(found.history())
    result = resume_run(found.folder)
    assert found.standing().state == "done"
    assert len(result.history) > told
    assert digest(result) == digest(run(WAYS[found.specification["way"]](problem)))


@pytest.mark.slow
def test_a_restarted_kernel_leaves_a_run_that_was_interrupted_and_comes_to_the_same_bits(kernel, begun):
    kernel.manager.interrupt_kernel()
    goes_on(begun, 5)  # what is interrupted is a cell, and not what goes on beside it
    assert begun.standing().state == "running"
    assert kernel.restart() < 5
    assert begun.standing().state == "interrupted"
    assert begun.standing().words == "the process that ran it ended while it was running"
    assert_comes_to_the_same(begun)


@pytest.mark.slow
def test_a_terminated_kernel_leaves_a_run_that_comes_to_the_same_bits(kernel, begun):
    kernel.manager.signal_kernel(signal.SIGTERM)
    until(lambda: begun.standing().state == "interrupted", begun.standing())
    assert_comes_to_the_same(begun)


@pytest.fixture
def stopped(kernel, begun):
    """A run that somebody else can go on with, in the kernel or beside it."""
    begun.request("stop")
    kernel.do("bench.wait()")
    assert begun.standing().state == "interrupted"
    return begun


@pytest.mark.slow
def test_an_interrupted_cell_saves_its_run(kernel, stopped):
    cell = kernel.begin(HERE.format(folder=str(stopped.folder)))
    goes_on(stopped, 5)
    kernel.manager.interrupt_kernel()
    kernel.ended(cell)
    assert stopped.standing().words == "stopped when asked, and saved"
    assert stopped.checkpoint()[0] == len(stopped.history())
    assert_comes_to_the_same(stopped)


@pytest.mark.slow
@pytest.mark.parametrize("apart", [True, False])
def test_a_job_outlives_its_kernel_in_a_session_of_its_own_and_is_saved_otherwise(kernel, stopped, apart):
    program = SLOW + HERE.format(folder=str(stopped.folder))
    kernel.do(JOB.format(program=program, apart=apart))
    goes_on(stopped, 5)
    owner = runs.holder(stopped.folder)
    kernel.restart()
    if apart:
        # whoever comes next finds it by its folder, and steers it
        assert runs.holder(stopped.folder) == owner
        goes_on(stopped, 5)
        kernel.do(f"from qrexplore.data import runs; runs.open_run({str(stopped.folder)!r}).request('stop')")
    until(lambda: not owner.alive, stopped.standing())
    assert stopped.standing().state == "interrupted"
    assert_comes_to_the_same(stopped)
