"""``qrexplore learn``: learn a device from one measured dataset, and write what was found."""

import argparse
import json
import math
import os
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
    parser.add_argument("--out", type=Path, help="folder for result.json and the predicted data; made if missing")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Learn, print a table, write the result; give 0."""
    import qrexplore as qx  # loaded late: the other commands do not wait for it
    from qrexplore.data import platform_of

    data = qx.open_data(chosen.path)
    if not hasattr(data, "data_vars") or "experiment" not in data.attrs:
        names = ", ".join(node.path.strip("/") for node in data.subtree if node.data_vars)
        msg = f"`path` holds several experiments ({names}). Name the folder of one of them."
        raise ValueError(msg)
    twin = qx.library.for_data(data, platform_of(chosen.path))
    found = qx.study(data, twin, on_step=progress)
    sys.stderr.write("\n")
    sys.stdout.write(f"{found!r}\n")
    if chosen.out is not None:
        write(found, chosen.out)
        sys.stdout.write(f"written: {chosen.out / 'result.json'}\n")
    return 0


def progress(step: Step) -> None:
    """Rewrite one line with the state of the search."""
    line = f"{step.stage}: step {step.iteration}, loss {step.loss:.6g}, {step.seconds:.1f} s"
    sys.stderr.write(f"\r{line:<70}")
    sys.stderr.flush()


def report(found: Any) -> dict[str, Any]:
    """Give a study as plain numbers; what is not determined has the standard error null."""

    def finite(value: float) -> float | None:
        return value if math.isfinite(value) else None

    learned = found.learned
    parameters = {
        row.path: {"value": row.value, "stderr": finite(learned.stderr[row.path]), "unit": row.unit, "label": row.label}
        for row in learned.parameters
    }
    parameters |= {
        item.path: {"value": item.value, "stderr": finite(item.stderr), "unit": item.unit, "label": item.label}
        for item in found.derived
    }
    return {
        "experiment": found.experiment.name,
        "source": found.data.attrs.get("source", ""),
        "parameters": parameters,
        "derived": [item.path for item in found.derived],
        "misfit": learned.misfit,
        "misfit_ideal": found.ideal.misfit,
        "chi2_per_dof": learned.chi2_per_dof,
        "chi2_per_dof_ideal": found.ideal.chi2_per_dof,
        "status": learned.status.name.lower(),
        "verdict": found.verdict(),
        "missing_points": learned.problem.missing_points,
        "seconds": found.seconds,
    }


def write(found: Any, folder: Path) -> None:
    """Write ``result.json`` and ``predicted.nc`` into a folder, each whole or not at all."""
    import qrexplore as qx

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report(found), indent=2, allow_nan=False)
    temporary = folder / "result.json.tmp"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / "result.json")
    qx.save(found.experiment.dataset(found.learned.predictions[0]), folder / "predicted.nc")
