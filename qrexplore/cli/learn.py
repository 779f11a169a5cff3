"""``qrexplore learn``: learn a device from one measured dataset, and write what was found."""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from qrexplore.core import Step


def add(commands: Any) -> None:
    """Declare the sub-command."""
    parser = commands.add_parser(
        "learn",
        help="learn a device from measured data",
        description="Learn the parameters of a device from a measured dataset and print them with their errors.",
    )
    parser.add_argument("path", type=Path, help="a dataset: file or folder of any format that can be opened")
    parser.add_argument("--qubit", help="which one, where a file or folder holds several")
    parser.add_argument(
        "--out", type=Path, help="folder of the run: everything it takes to go on with it, result.json, predicted data"
    )
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Learn, print a table, write the result; give 0."""
    import qrexplore as qx  # loaded late: the other commands do not wait for it
    from qrexplore.data import platform_of

    data = qx.open_data(chosen.path, qubit=chosen.qubit)
    if not hasattr(data, "data_vars") or "experiment" not in data.attrs:
        names = ", ".join(node.path.strip("/") for node in data.subtree if node.data_vars)
        msg = f"`path` holds several experiments ({names}). Name the folder of one of them, or a qubit by --qubit."
        raise ValueError(msg)
    twin = qx.library.for_data(data, platform_of(chosen.path))
    if chosen.out is None:
        found = qx.study(data, twin, on_step=progress)
        sys.stderr.write("\n")
        examined(found)
        return 0
    begun = qx.learn.begin_run(qx.learn.question(data, twin), chosen.out, way="study")
    return carry_out(begun.folder)


def carry_out(folder: Path) -> int:
    """Carry out a run that learns, print and write what it found; give 0, or 130 if it was asked to stop."""
    import qrexplore as qx
    from qrexplore.core import Status
    from qrexplore.data import runs

    learned = qx.learn.resume_run(folder, on_step=progress)
    sys.stderr.write("\n")
    run_ = runs.open_run(folder)
    if run_.specification["way"] != "study":
        sys.stdout.write(f"{learned!r}\n")
    else:
        found = qx.learn.concluded(learned, seconds=learned.seconds)
        if learned.status is Status.STOPPED:
            sys.stdout.write(f"{found!r}\n")
        else:
            write(found, examined(found), run_)
    if learned.status is Status.STOPPED:
        sys.stdout.write(f"interrupted and saved; go on by: qrexplore runs resume {folder}\n")
        return 130
    sys.stdout.write(f"written: {folder / 'result.json'}\n")
    return 0


def examined(found: Any) -> Any:
    """Print a study and what it is worth; give the latter."""
    import qrexplore as qx

    worth = qx.learn.examine(found.learned)
    sys.stdout.write(f"{found!r}\n\n{worth!r}\n")
    return worth


def progress(step: Step) -> None:
    """Rewrite one line with the state of the search."""
    line = f"{step.stage}: step {step.iteration}, loss {step.loss:.6g}, {step.seconds:.1f} s"
    sys.stderr.write(f"\r{line:<70}")
    sys.stderr.flush()


def report(found: Any) -> dict[str, Any]:
    """Give a study as plain numbers; what is not determined has the standard error null."""
    import qrexplore as qx

    learned = qx.learn.report(found.learned)
    learned["parameters"] |= {
        item.path: {
            "value": item.value,
            "stderr": item.stderr if math.isfinite(item.stderr) else None,
            "unit": item.unit,
            "label": item.label,
        }
        for item in found.derived
    }
    return {
        "experiment": found.experiment.name,
        "source": found.data.attrs.get("source", ""),
        **learned,
        "derived": [item.path for item in found.derived],
        "misfit_ideal": found.ideal.misfit,
        "chi2_per_dof_ideal": found.ideal.chi2_per_dof,
        "verdict": found.verdict(),
        "seconds": found.seconds,
    }


def write(found: Any, worth: Any, run: Any) -> None:
    """Write ``result.json`` and ``predicted.nc`` into the folder of a run, each whole or not at all."""
    import qrexplore as qx
    from qrexplore.core import write_whole

    held = {**report(found), "examination": worth.to_dict(), "record": qx.learn.record(run, found.learned)}
    write_whole(run.folder / "result.json", (json.dumps(held, indent=2, allow_nan=False) + "\n").encode())
    qx.save(found.experiment.dataset(found.learned.predictions[0]), run.folder / "predicted.nc")
