"""Steps as arrays by name, and back."""

from collections.abc import Mapping, Sequence

import numpy as np

from qrexplore.core import Step


def pack_steps(steps: Sequence[Step]) -> dict[str, np.ndarray]:
    """Give steps as arrays by name; those with the same parameters share a table."""
    layouts = list(dict.fromkeys(tuple(step.parameters) for step in steps))
    at = [layouts.index(tuple(step.parameters)) for step in steps]
    packed = {
        "iteration": np.array([step.iteration for step in steps], dtype=np.int64),
        "stage": np.array([step.stage for step in steps], dtype=np.str_),
        "layout": np.array(at, dtype=np.int64),
    }
    for name in ("loss", "gradient_norm", "seconds"):
        packed[name] = np.array([getattr(step, name) for step in steps], dtype=np.float64)
    for k, names in enumerate(layouts):
        rows = [list(step.parameters.values()) for step, layout in zip(steps, at, strict=True) if layout == k]
        packed[f"names/{k}"] = np.array(names, dtype=np.str_)
        packed[f"values/{k}"] = np.array(rows, dtype=np.float64)
    return packed


def unpack_steps(arrays: Mapping[str, np.ndarray]) -> tuple[Step, ...]:
    """Give the steps that `pack_steps` took apart."""
    numbers = zip(
        *(arrays[name].tolist() for name in ("iteration", "loss", "gradient_norm", "seconds", "stage", "layout")),
        strict=True,
    )
    rows = {k: iter(arrays[f"values/{k}"].tolist()) for k in set(arrays["layout"].tolist())}
    names = {k: arrays[f"names/{k}"].tolist() for k in rows}
    return tuple(
        Step(iteration, loss, norm, dict(zip(names[k], next(rows[k]), strict=True)), seconds, stage)
        for iteration, loss, norm, seconds, stage, k in numbers
    )


def prefixed(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give arrays with a prefix before their names."""
    return {f"{prefix}{name}": array for name, array in arrays.items()}


def below(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give the arrays whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
