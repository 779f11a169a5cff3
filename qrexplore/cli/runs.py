"""``qrexplore runs``: list, show, compare, resume runs, and ask something of one that goes on."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

_WHERE = Path("runs")
# what can be asked of a run, without and with a value
_ALONE, _WITH = ("pause", "resume", "stop"), ("rate", "hold", "free")


def add(commands: Any) -> None:
    """Declare the sub-command and its own."""
    parser = commands.add_parser(
        "runs", help="list, show, compare and resume runs", description="Work with runs: folders of what takes long."
    )
    verbs = parser.add_subparsers(title="verbs", dest="verb", metavar="VERB", required=True)
    found = verbs.add_parser("list", help="list the runs in a folder")
    found.add_argument("folder", nargs="?", type=Path, default=_WHERE, help=f"where to look (default {_WHERE})")
    found.set_defaults(run=show_all)
    one = verbs.add_parser("show", help="show how a run stands and what it has found")
    one.add_argument("folder", type=Path, help="folder of the run")
    one.set_defaults(run=show)
    two = verbs.add_parser("compare", help="show in what two runs differ: settings, data, learned values")
    two.add_argument("first", type=Path, help="folder of a run")
    two.add_argument("second", type=Path, help="folder of another")
    two.set_defaults(run=compare)
    again = verbs.add_parser("resume", help="go on with a run from where it stands")
    again.add_argument("folder", type=Path, help="folder of the run")
    again.add_argument(
        "--fork", type=Path, metavar="NEW", help="go on in a new folder, with what now stands in the files of the run"
    )
    again.set_defaults(run=resume)
    asked = verbs.add_parser("ask", help="ask something of a run that goes on")
    asked.add_argument("folder", type=Path, help="folder of the run")
    asked.add_argument("what", choices=(*_ALONE, *_WITH), help="what it shall do after its next step")
    asked.add_argument(
        "value",
        nargs="?",
        help="the new learning rate; or the path (or pattern of paths) to hold where it is, or to free",
    )
    asked.set_defaults(run=ask)


def show_all(chosen: argparse.Namespace) -> int:
    """Print a line for each run; give 0."""
    from qrexplore.data import runs

    if not chosen.folder.is_dir():
        msg = (
            f"`folder` must be a folder, got {str(chosen.folder)!r}, which is none. Name the one that holds your runs."
        )
        raise FileNotFoundError(msg)
    lines = [("run", "kind", "state", "steps", "loss", "created")]
    for found in runs.runs_in(chosen.folder):
        if isinstance(found, runs.RunError):
            sys.stderr.write(f"{found}\n")
            continue
        try:
            history, standing = found.history(), found.standing()
        except runs.RunError as error:
            sys.stderr.write(f"{error}\n")
            continue
        loss = f"{history[-1].loss:.6g}" if history else ""
        created = found.head["created"][:19].replace("T", " ")
        lines.append((found.folder.name, found.head["kind"], standing.state, str(len(history)), loss, created))
    if len(lines) == 1:
        sys.stdout.write(f"no run in {chosen.folder}\n")
        return 0
    sys.stdout.write(aligned(lines))
    return 0


def show(chosen: argparse.Namespace) -> int:
    """Print how a run stands, what happened, and its result if it has one; give 0."""
    from qrexplore.data import runs

    run = runs.open_run(chosen.folder)
    standing, history = run.standing(), run.history()
    made = run.head["made_by"]
    said = f"{standing.state} ({standing.words})" if standing.words else standing.state
    lines = [
        ("run", f"{run.folder.name}, {run.head['kind']}, {run.head['id']}"),
        ("created", f"{run.head['created']} by qrexplore {made.get('qrexplore')} ({made.get('commit', 'installed')})"),
        ("state", said + (f", process {owner.pid}" if (owner := runs.holder(run.folder)) and owner.alive else "")),
    ]
    if history:
        last = history[-1]
        stage = f" of {last.stage}" if last.stage else ""
        lines.append(("steps", f"{len(history)}{stage}, loss {last.loss:.6g}, {last.seconds:.1f} s"))
    lines += [("changed since", name) for name in run.changed()]
    lines += [
        (f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(e.time))}", f"{e.kind}: {e.words}") for e in run.events()
    ]
    sys.stdout.write(aligned(lines))
    if run.note("result") is not None and run.head["kind"] == "learn":
        from qrexplore.learn import result_of

        sys.stdout.write(f"\n{result_of(run)!r}\n")
    elif history:
        sys.stdout.write("\n" + aligned([(path, f"{value:.9g}") for path, value in history[-1].parameters.items()]))
    return 0


def compare(chosen: argparse.Namespace) -> int:
    """Print in what two runs that learn differ; give 0."""
    import numpy as np

    from qrexplore.core import changes
    from qrexplore.data import runs
    from qrexplore.learn import problem_of, result_of
    from qrexplore.twin import difference

    pair = [runs.open_run(folder) for folder in (chosen.first, chosen.second)]
    for title, key in (("settings", "specification"), ("files", "files"), ("made by", "made_by")):
        said = changes(dict(pair[0].head[key]), dict(pair[1].head[key]))
        if said:
            sys.stdout.write("\n".join([f"{title}, first and now second:", *(f"  {words}" for words in said), ""]))
    first, second = (result_of(run) if run.note("result") is not None else None for run in pair)
    if first is None or second is None:
        sys.stdout.write("start (not both have a result):\n")
        sys.stdout.write(f"{difference(problem_of(pair[0]).twin, problem_of(pair[1]).twin)!r}\n")
        return 0
    for title in ("status", "chi2_per_dof", "misfit"):
        a, b = (getattr(result, title) for result in (first, second))
        a, b = (a.name.lower(), b.name.lower()) if title == "status" else (f"{a:.6g}", f"{b:.6g}")
        sys.stdout.write(f"{title}: {a}, {b}\n")
    # an error of either, or the root of the sum of squares where both have one
    paths = {*first.stderr, *second.stderr}
    stderr = {path: float(np.hypot(first.stderr.get(path, 0.0), second.stderr.get(path, 0.0))) for path in paths}
    sys.stdout.write(f"learned:\n{difference(first.twin, second.twin, stderr=stderr)!r}\n")
    return 0


def resume(chosen: argparse.Namespace) -> int:
    """Go on with a run; give 0, or 130 if it was asked to stop."""
    from qrexplore.cli.learn import carry_out
    from qrexplore.data import runs

    run = runs.open_run(chosen.folder)
    if chosen.fork is not None:
        run = runs.fork(run, chosen.fork)
    return carry_out(run.folder)


def ask(chosen: argparse.Namespace) -> int:
    """Write a request into a run; give 0."""
    from qrexplore.data import runs

    value = chosen.value
    if (chosen.what in _WITH) != (value is not None):
        named = " and ".join(map(repr, _WITH))
        msg = f"`value` must be given for {named}, and for nothing else, got {value!r} for {chosen.what!r}. Mend that."
        raise ValueError(msg)
    if chosen.what == "rate":
        try:
            value = float(value)
        except ValueError as error:
            msg = f"`value` must be a number for 'rate', got {value!r}. Give for example 0.01."
            raise ValueError(msg) from error
    run = runs.open_run(chosen.folder)
    state = run.standing().state
    if state not in {"running", "paused"}:
        msg = f"run {str(chosen.folder)!r} is {state}, so nobody would answer. Begin with `qrexplore runs resume`."
        raise runs.RunError(msg)
    run.request(chosen.what, value)
    return 0


def aligned(lines: list[tuple[str, ...]]) -> str:
    """Give rows as aligned columns."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines
    )
