"""Learning as a run: a folder with everything it takes to come to the same answer, whatever happens in between.

`begin_run` makes the folder, `resume_run` carries it out from wherever it stands, `result_of` gives what it came to; `run_of` is
for programs that are begun again and find their run there. Also the first process reads the problem from the folder, so that
one that resumes has the same bits before it.
"""

import json
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from qrexplore.core import Status, Step, Task, changes, environment, require_choice, write_whole
from qrexplore.data import npz, open_data, read_npz, runs, save, settings
from qrexplore.learn.archive import digest, pack_result, unpack_result
from qrexplore.learn.fit import LearnResult, task
from qrexplore.learn.guided import guided
from qrexplore.learn.options import from_options, options_of
from qrexplore.learn.problem import LearnProblem
from qrexplore.learn.residuals import Kernel
from qrexplore.learn.staged import staged
from qrexplore.twin import difference, open_twin, save_twin

KIND, TWIN, BITS, REPORT = "learn", "twin.json", "result.npz", "result.json"
# how it is looked for, and what makes a task of a problem and, if there is one already, its kernel
WAYS: Mapping[str, Callable[..., Task]] = {
    "fit": task,
    "guided": guided,
    "unseeded": partial(guided, seeded=False),
    "study": partial(guided, by_ideal=True),
    "staged": staged,
}


def way_of(problem: LearnProblem) -> str:
    """Give the way that suits a problem: in stages where several experiments are to tell what priors tell widely, else guided."""
    known = all(row.prior is not None for row in problem.table)
    return "staged" if known and len(problem.datasets) > 1 else "guided"


def begin_run(problem: LearnProblem, folder: str | Path, *, way: str = "fit") -> runs.Run:
    """Make the folder of a run that learns.

    Parameters
    ----------
    problem
        The question.
    folder
        Where to; made if missing.
    way
        ``fit`` (from where the twin stands, see `task`), ``guided`` (see `guided`), ``unseeded`` (guided, but without a look
        at the data), ``study`` (guided by the ideal device, see `study`), or ``staged`` (from wide priors, see `staged`).

    Raises
    ------
    ValueError
        If the problem has an option that cannot be kept.
    RunError
        If there is a run already, or the folder cannot be written to.
    """
    require_choice(way, "way", tuple(WAYS))
    files: dict[str, Callable[[Path], None]] = {TWIN: partial(save_twin, problem.twin)}
    datasets = []
    for k, (name, data) in enumerate(problem.whole.items()):
        files[f"data-{k}.nc"] = partial(save, data)
        datasets.append({"name": name, "file": f"data-{k}.nc"})
    seeds = {"noise": problem.twin.noise.seed}
    specification = {"way": way, "options": options_of(problem), "datasets": datasets, "seeds": seeds}
    return runs.create(folder, KIND, specification, files)


def run_of(problem: LearnProblem, folder: str | Path, *, way: str = "fit") -> runs.Run:
    """Give the run of a question in a folder: the one that is there, or a new one.

    Parameters
    ----------
    problem, folder, way
        As `begin_run` takes them.

    Raises
    ------
    ValueError
        If the problem has an option that cannot be kept.
    RunError
        If the run that is there has another question (what differs first is named), is damaged, or cannot be written to.
    """
    if not runs.is_run(folder):
        return begin_run(problem, folder, way=way)
    run = runs.open_run(folder)
    kept = problem_of(run)
    found = changes({"way": run.specification.get("way"), **options_of(kept)}, {"way": way, **options_of(problem)})
    found += [f"twin: {change.path}" for change in difference(kept.twin, problem.twin).changes]
    names = {**kept.whole, **problem.whole}
    found += [f"dataset {name!r}" for name in names if not _equal(kept.whole.get(name), problem.whole.get(name))]
    if found:
        msg = (
            f"run {str(run.folder)!r} must be of the question that is asked, got one that differs from it ({found[0]}). "
            "Name another folder, or delete that of the run."
        )
        raise runs.RunError(msg)
    return run


def _equal(first: xr.Dataset | None, second: xr.Dataset | None) -> bool:
    if first is None or second is None:
        return False
    # numbers alone do not say what was done
    done = [(data.attrs.get("experiment"), settings(data)) for data in (first, second)]
    return done[0] == done[1] and first.equals(second)


def problem_of(run: runs.Run) -> LearnProblem:
    """Give the question of a run as its folder has it.

    Raises
    ------
    ValueError
        If it is no run that learns, or one of its files is damaged; the message names it.
    """
    if run.head["kind"] != KIND:
        msg = f"run {str(run.folder)!r} is of kind {run.head['kind']!r}, not {KIND!r}. Give one that learns."
        raise runs.RunError(msg)
    datasets: dict[str, xr.Dataset] = {}
    try:
        for entry in run.specification["datasets"]:
            data = open_data(run.folder / entry["file"])
            if not isinstance(data, xr.Dataset):
                (data,) = (node.to_dataset() for node in data.subtree if node.data_vars)
            datasets[entry["name"]] = data
        options = from_options(run.specification["options"])
    except (KeyError, TypeError) as error:
        msg = f"run {str(run.folder)!r}: {error} in run.json is damaged. Bring it back from a backup."
        raise runs.RunError(msg) from error
    return LearnProblem(open_twin(run.folder / TWIN), datasets, **options)


def resume_run(
    folder: str | Path,
    *,
    on_step: Callable[[Step], None] | None = None,
    every: float = 1.0,
    kernel: Kernel | None = None,
) -> LearnResult:
    """Carry out a run that learns, from wherever it stands, and write its result.

    Parameters
    ----------
    folder
        Of the run.
    on_step
        Called with each new `Step`, when it is written down.
    every
        Time between checkpoints, s.
    kernel
        Of the question as the folder has it (`problem_of`), for whoever goes on with it; made anew if left out.

    Returns
    -------
    LearnResult
        The same, bit for bit on the same machine with the same versions, however often the run was cut short; that of a run
        that is done is read. If its status is `Status.STOPPED`, the run was asked to stop and can be resumed.

    Raises
    ------
    RunError
        If another process runs it (its number is named), its files were changed, it was made by a newer version, or it cannot
        be written to.
    """
    run = runs.open_run(folder)
    if run.standing().state == "done" and not run.changed():
        return result_of(run)
    with runs.Owner(run) as owner:
        problem = problem_of(run)
        require_choice(run.specification.get("way"), "way", tuple(WAYS))
        result, status = runs.drive(
            WAYS[run.specification["way"]](problem, kernel), owner, on_step=on_step, every=every
        )
        if status is not Status.STOPPED:
            _write(result, owner)
            failed = status is Status.NONFINITE
            owner.stand("failed" if failed else "done", status.name.lower())
    return result


def result_of(run: runs.Run) -> LearnResult:
    """Give the result that a run has come to.

    Raises
    ------
    RunError
        If it has none yet, or it was changed since.
    """
    path, known = run.folder / BITS, run.note("result")
    if known is None or not path.is_file():
        standing = run.standing()
        msg = (
            f"run {str(run.folder)!r} has no result yet: it is {standing.state}. "
            f"Go on with it by `qrexplore runs resume {run.folder}`."
        )
        raise runs.RunError(msg)
    if runs.hash_of(path) != known:
        msg = f"run {str(run.folder)!r}: {BITS} is not what was written. Bring it back from a backup."
        raise runs.RunError(msg)
    return unpack_result(problem_of(run), read_npz(path))


def report(result: LearnResult) -> dict[str, Any]:
    """Give a result as plain numbers for people and scripts; what is not determined has the standard error null."""

    def finite(value: float) -> float | None:
        return value if math.isfinite(value) else None

    return {
        "parameters": {
            row.path: {
                "value": row.value,
                "stderr": finite(result.stderr[row.path]),
                "unit": row.unit,
                "label": row.label,
            }
            for row in result.parameters
        },
        "misfit": finite(result.misfit),
        "chi2_per_dof": finite(result.chi2_per_dof),
        "status": result.status.name.lower(),
        "steps": len(result.history),
        "missing_points": result.problem.missing_points,
        "seconds": result.seconds,
    }


def record(run: runs.Run, result: LearnResult) -> dict[str, Any]:
    """Give what it takes to come to a result again: hashes of what went in and of what came out, versions, machine, times."""
    return {
        "run": run.head["id"],
        "specification": run.sha256,
        "files": dict(run.head["files"]),
        "seeds": run.specification.get("seeds", {}),
        "made_by": run.head["made_by"],
        "finished_by": environment(),
        "began": run.head["created"],
        "ended": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        "digest": digest(result),
    }


def _write(result: LearnResult, owner: runs.Owner) -> None:
    folder = owner.run.folder
    text = json.dumps({**report(result), "record": record(owner.run, result)}, indent=2, allow_nan=False)
    with runs.storing(folder, "Make room, and resume the run."):
        write_whole(folder / BITS, npz(pack_result(result)))
        write_whole(folder / REPORT, f"{text}\n".encode())
    owner.note("result", runs.hash_of(folder / BITS))
