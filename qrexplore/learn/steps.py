"""Steps as arrays by name, and back."""

from collections.abc import Mapping, Sequence

import numpy as np

from qrexplore.core import Step

_CHI2 = "chi2/"


def pack_steps(steps: Sequence[Step]) -> dict[str, np.ndarray]:
    """Give steps as arrays by name; those with the same parameters, or the same datasets, share a table."""
    packed = {
        "iteration": np.array([step.iteration for step in steps], dtype=np.int64),
        "stage": np.array([step.stage for step in steps], dtype=np.str_),
    }
    for name in ("loss", "gradient_norm", "seconds"):
        packed[name] = np.array([getattr(step, name) for step in steps], dtype=np.float64)
    tables = prefixed(_CHI2, _pack_tables([step.chi2 for step in steps]))
    return {**packed, **_pack_tables([step.parameters for step in steps]), **tables}


def unpack_steps(arrays: Mapping[str, np.ndarray]) -> tuple[Step, ...]:
    """Give the steps that `pack_steps` took apart."""
    numbers = zip(
        *(arrays[name].tolist() for name in ("iteration", "loss", "gradient_norm", "seconds", "stage")), strict=True
    )
    parameters = _unpack_tables(arrays)
    # there is none in what an earlier version has written
    chi2 = _unpack_tables(found) if (found := below(_CHI2, arrays)) else [{} for _ in parameters]
    return tuple(
        Step(iteration, loss, norm, values, seconds, stage, shares)
        for (iteration, loss, norm, seconds, stage), values, shares in zip(numbers, parameters, chi2, strict=True)
    )


def _pack_tables(rows: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
    """Give numbers by name as one table for each set of names."""
    layouts = list(dict.fromkeys(map(tuple, rows)))
    at = [layouts.index(tuple(row)) for row in rows]
    packed: dict[str, np.ndarray] = {"layout": np.array(at, dtype=np.int64)}
    for k, names in enumerate(layouts):
        values = [list(row.values()) for row, layout in zip(rows, at, strict=True) if layout == k]
        packed[f"names/{k}"] = np.array(names, dtype=np.str_)
        packed[f"values/{k}"] = np.array(values, dtype=np.float64)
    return packed


def _unpack_tables(arrays: Mapping[str, np.ndarray]) -> list[dict[str, float]]:
    """Give the numbers by name that `_pack_tables` took apart."""
    layout = arrays["layout"].tolist()
    rows = {k: iter(arrays[f"values/{k}"].tolist()) for k in set(layout)}
    names = {k: arrays[f"names/{k}"].tolist() for k in rows}
    return [dict(zip(names[k], next(rows[k]), strict=True)) for k in layout]


def prefixed(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give arrays with a prefix before their names."""
    return {f"{prefix}{name}": array for name, array in arrays.items()}


def below(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give the arrays whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
