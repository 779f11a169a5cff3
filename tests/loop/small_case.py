"""A case study of one qubit in seconds, and a program that carries it out: ``python small_case.py FOLDER`` tells how far it is.

What comes after the fit is for two qubits; here, stand-ins take its place.
"""

import importlib
import json
import sys
import time
from types import SimpleNamespace

import numpy as np

from qrexplore import experiments
from qrexplore.core import LogNormal
from qrexplore.learn import digest, resume_run
from qrexplore.twin import library
from qrexplore.twin.case_study import CaseStudy

# the module, which shares its name with no attribute of its package
solver = importlib.import_module("qrexplore.loop.case_study")


def small_study(seed=0, flaw="none"):
    twin = library.transmon()
    device = twin.replace({"q0.t1": 33e-6, "q0.t_phi": 41e-6})
    delays = np.linspace(0, 100e-6, 21)
    return CaseStudy(
        seed=seed,
        flaw=flaw,
        twin=twin.replace({"q0.t1": 15e-6, "q0.t_phi": 15e-6}),
        priors={"q0.t1": LogNormal(15e-6, 1.0), "q0.t_phi": LogNormal(15e-6, 1.0)},
        calibration=SimpleNamespace(interaction=0.0),
        experiments={"chevron": experiments.t1(delays, shots=200), "echo": experiments.echo(delays, shots=200)},
        held_out={"later": experiments.t1(delays[1::2], shots=200)},
        device=device,
        truth={},
    )


def stand_in(put):
    """Put stand-ins in the place of all that is for two qubits; `put` takes module, name and value."""
    put(solver, "LINE", "drive_q0")
    put(solver, "CzPulse", lambda *_, **__: SimpleNamespace(window=80e-9))
    for name in ("corrections", "diagnosed", "_coupling", "_gate_errors", "_panels", "_settled"):
        put(solver, name, lambda *_, **__: 1.0)


def answer(report):
    """Give what must be the same, to the last bit, however often the process was killed."""
    told = report.examination.to_dict()
    return f"{digest(report.examination.result)} {json.dumps(told, sort_keys=True)}"


def tell(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    time.sleep(0.05)


def main():
    stand_in(setattr)
    measure = solver._answer

    def told(*arguments, **named):
        tell(f"measures {named['name']}")
        return measure(*arguments, **named)

    def kept(folder, *, on_step, kernel):
        def step(one):
            tell(f"step {one.iteration}")
            on_step(one)

        return resume_run(folder, on_step=step, every=0.0, kernel=kernel)

    solver._answer, solver.resume_run = told, kept
    tell("ready")
    report = solver.solve_case(small_study(), folder=sys.argv[1], on_stage=lambda stage, _: tell(f"over {stage}"))
    tell(f"answer {answer(report)}")


if __name__ == "__main__":
    main()
