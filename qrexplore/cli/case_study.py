"""``qrexplore case-study``: debug the hidden processor of the white paper, without a screen."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the sub-command."""
    parser = commands.add_parser(
        "case-study",
        help="debug a hidden device whose flux line is distorted",
        description=(
            "Measure a hidden two-qubit device that a seed draws, learn its 83 parameters, name what is wrong with it, undo it, "
            "and write what was found beside the truth."
        ),
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the device and all that is drawn (0 is the paper's figure)"
    )
    parser.add_argument(
        "--flaw",
        default="distortion",
        help="what is wrong with the device: distortion, none, crosstalk, skew or compression",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for result.json, the data and the four panels")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Carry it out and write the result; give 0."""
    import qrexplore as qx  # loaded late: the other commands do not wait for it
    from qrexplore import loop
    from qrexplore.core import write_whole

    if chosen.seed < 0:
        msg = f"`--seed` must be a whole number from 0, got {chosen.seed}."
        raise ValueError(msg)
    study = qx.library.case_study(chosen.seed, flaw=chosen.flaw)
    folder: Path = chosen.out
    (folder / "data").mkdir(parents=True, exist_ok=True)
    told("measuring the hidden device")
    data = loop.measured(study)
    for name, one in data.items():
        qx.save(one, folder / "data" / f"{name}.nc")
    report = loop.solve_case(study, data, on_stage=lambda name, seconds: told(f"{name}: {seconds:.1f} s"))
    for name in ("naive", "device", "learned", "mended"):
        qx.save(getattr(report.panels, name), folder / f"panel-{name}.nc")
    held = json.dumps(report.to_dict(), indent=2, allow_nan=False) + "\n"
    write_whole(folder / "result.json", held.encode())
    sys.stdout.write(f"{report!r}\nwritten: {folder / 'result.json'}\n")
    return 0


def told(line: str) -> None:
    """Say how far it is."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
