"""``qrexplore case-study``: debug the hidden processor of the white paper, without a screen."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qrexplore.loop import CaseReport


def add(commands: Any) -> None:
    """Declare the sub-command."""
    parser = commands.add_parser(
        "case-study",
        help="debug a hidden device whose flux line is distorted",
        description=(
            "Measure a hidden two-qubit device that a seed draws, learn its 83 parameters, name what is wrong with it, undo it, "
            "and write what was found beside the truth. Begun again with the same folder, whatever ended it, it goes on."
        ),
    )
    parser.add_argument(
        "--seed",
        default="0",
        help="of the device and all that is drawn (0 is the paper's figure); several as 0-19 or 0,3,5",
    )
    parser.add_argument(
        "--flaw",
        default="distortion",
        help="what is wrong with the device: distortion, none, crosstalk, skew, compression or defect",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder for result.json, the data, the run of the fit and the four panels; of several seeds each has a folder in "
        "it, and one that is finished is not done again",
    )
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Carry out what is not finished yet and write the results; give 0."""
    from qrexplore import loop  # loaded late: the other commands do not wait for it

    seeds, folder = seeds_of(chosen.seed), chosen.out
    places = {seed: folder / f"seed-{seed}" for seed in seeds} if len(seeds) > 1 else {seeds[0]: folder}
    # all of them are looked at before hours go into the first
    changed = {seed: loop.require_case(place, seed=seed, flaw=chosen.flaw) for seed, place in places.items()}
    for seed, place in places.items():
        finished = (place / loop.RESULT).exists()
        since = f", begun before these changes: {'; '.join(changed[seed])}" if changed[seed] else ""
        told(f"seed {seed}{f' is finished, {place / loop.RESULT}' if finished else ''}{since}")
        if finished:
            continue
        report = carried_out(seed, chosen.flaw, place)
        if len(places) == 1:
            sys.stdout.write(f"{report!r}\nwritten: {place / loop.RESULT}\n")
            return 0
    results = [json.loads((place / loop.RESULT).read_text(encoding="utf-8")) for place in places.values()]
    sys.stdout.write(f"{loop.summarized(results)!r}\n")
    return 0


def seeds_of(text: str) -> list[int]:
    """Give the seeds that ``3``, ``0-19`` or ``0,3,5-7`` names; ValueError if it names none."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not (last.isdecimal() and int(first) <= int(last))):
            msg = f"`--seed` must be whole numbers from 0, as 3, 0-19 or 0,3,5, got {text!r}."
            raise ValueError(msg)
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def carried_out(seed: int, flaw: str, folder: Path) -> "CaseReport":
    """Carry out one case study, from wherever its folder stands; the result is written last: where it is, all is finished."""
    import qrexplore as qx
    from qrexplore import loop
    from qrexplore.core import write_whole

    study = qx.library.case_study(seed, flaw=flaw)
    report = loop.solve_case(study, folder=folder, on_stage=lambda name, seconds: told(f"{name}: {seconds:.1f} s"))
    for name in ("naive", "device", "learned", "mended"):
        qx.save(getattr(report.panels, name), folder / f"panel-{name}.nc")
    result = {**report.to_dict(), "criteria": [one.to_dict() for one in loop.criteria(report)]}
    write_whole(folder / loop.RESULT, (json.dumps(result, indent=2, allow_nan=False) + "\n").encode())
    return report


def told(line: str) -> None:
    """Say how far it is."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
