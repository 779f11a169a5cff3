"""Many case studies in one table: how often the truth lay where it was said to, and which criteria were met."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# of a mean over devices, in units of what chance makes of it: of 83 parameters, one in five studies is farther off
_LEANS = 3.0


@dataclass(frozen=True)
class Tally:
    """One criterion over all devices it applies to.

    Attributes
    ----------
    met, devices
        On how many of how many devices.
    values
        The numbers, smallest first, without those that are none.
    """

    met: int
    devices: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class Summary:
    """What became of several case studies of one flaw.

    Attributes
    ----------
    flaw, seeds
        Which devices.
    coverage
        Learned parameters, the shares of them whose truth lies within a standard deviation and within the 95 % interval, and
        the root mean square of how many standard deviations they are off: of all, and of each part of the twin.
    criteria
        By name.
    named
        How often each cause was named; what was named together counts as one, nothing as ``none``.
    leaning
        Parameters that are off to one side: by how many standard deviations on average over the devices that told them, where
        that is more than three times what chance makes of it.
    unlearned
        How often each parameter was not learned, or weakly; those that always were are left out.
    seconds
        Median and largest wall time of each stage.
    """

    flaw: str
    seeds: tuple[int, ...]
    coverage: dict[str, dict[str, float]]
    criteria: dict[str, Tally]
    named: dict[str, int]
    leaning: dict[str, float]
    unlearned: dict[str, int]
    seconds: dict[str, tuple[float, float]]

    def __repr__(self) -> str:
        """Print the tables."""
        devices = "1 device" if len(self.seeds) == 1 else f"{len(self.seeds)} devices"
        lines = [f"{devices} with the flaw {self.flaw!r}, seeds {', '.join(map(str, self.seeds))}"]
        lines.append(f"{'part':18s} learned  within sigma  within 95 % interval  off by, rms in sigma")
        for part, shares in self.coverage.items():
            near, held = (f"{100 * shares[share]:.1f} %" for share in ("within_sigma", "within_interval"))
            lines.append(f"{part:18s} {shares['parameters']:7.0f} {near:>13s} {held:>21s} {shares['rms']:>21.2f}")
        lines.append("criteria, met on how many devices (median, worst):")
        for name, tally in self.criteria.items():
            ends = f" ({np.median(tally.values):.3g}, {max(tally.values):.3g})" if tally.values else ""
            lines.append(f"  {tally.met} of {tally.devices}  {name}{ends}")
        lines.append("causes named: " + "; ".join(f"{name} ({count})" for name, count in self.named.items()))
        if self.leaning:
            lines.append("off to one side, in sigma: " + ", ".join(f"{p} ({x:+.1f})" for p, x in self.leaning.items()))
        if self.unlearned:
            lines.append("not learned, or weakly: " + ", ".join(f"{p} ({n})" for p, n in self.unlearned.items()))
        times = ", ".join(f"{stage} {median:.0f} ({most:.0f})" for stage, (median, most) in self.seconds.items())
        return "\n".join([*lines, f"seconds, median (most): {times}"])


def summarized(results: Sequence[Mapping[str, Any]]) -> Summary:
    """Give the summary of several results, as ``result.json`` holds them.

    Parameters
    ----------
    results
        Of devices with the same flaw.

    Raises
    ------
    ValueError
        If there is none, or the flaws differ.
    """
    flaws = {result["flaw"] for result in results}
    if len(flaws) != 1:
        msg = f"`results` must be of devices with one flaw, got {', '.join(sorted(flaws)) or 'none'}. Sort them first."
        raise ValueError(msg)
    pulls: dict[str, list[tuple[bool, bool, float]]] = {"all": []}
    sides: dict[str, list[float]] = defaultdict(list)
    unlearned: Counter[str] = Counter()
    tallies: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    for result in results:
        for one in result["parameters"]:
            if one["verdict"] != "learned":
                unlearned[one["path"]] += 1
                continue
            low, high = one["interval"]
            off = (one["value"] - one["truth"]) / one["sigma"]
            sides[one["path"]].append(off)
            pull = (abs(off) <= 1, low <= one["truth"] <= high, off**2)
            for part in ("all", one["path"].partition(".")[0]):
                pulls.setdefault(part, []).append(pull)
        for one in result["criteria"]:
            tallies[one["name"]].append(one)
        for stage, value in result["seconds"].items():
            seconds[stage].append(value)
        seconds["in all"].append(sum(result["seconds"].values()))
    named = Counter(" and ".join(result["diagnosis"]["named"]) or "none" for result in results)
    return Summary(
        flaw=flaws.pop(),
        seeds=tuple(result["seed"] for result in results),
        coverage={part: _shares(found) for part, found in pulls.items()},
        criteria={name: _tally(found) for name, found in tallies.items()},
        named=dict(named.most_common()),
        leaning={
            path: float(np.mean(offs))
            for path, offs in sides.items()
            if abs(np.sum(offs)) > _LEANS * np.sqrt(len(offs))
        },
        unlearned=dict(unlearned.most_common()),
        seconds={stage: (float(np.median(values)), max(values)) for stage, values in seconds.items()},
    )


def _shares(found: Sequence[tuple[bool, bool, float]]) -> dict[str, float]:
    near, held, square = np.mean(found, axis=0) if found else (np.nan, np.nan, np.nan)
    shares = {"within_sigma": near, "within_interval": held, "rms": np.sqrt(square)}
    return {"parameters": len(found), **{name: float(share) for name, share in shares.items()}}


def _tally(found: Sequence[Mapping[str, Any]]) -> Tally:
    values = sorted(one["value"] for one in found if one["value"] is not None)
    return Tally(sum(one["met"] for one in found), len(found), tuple(values))
