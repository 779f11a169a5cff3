"""qrexplore: a differentiable digital twin around a quantum device, to explore, learn and control it.

Importing the package switches JAX to 64-bit numbers, because phases reach thousands of radians; single precision would
lose them, and lets calls on the CPU begin at once instead of in a queue. The widgets are loaded when they are first used.
"""

import importlib
from typing import Any

import jax

jax.config.update("jax_enable_x64", True)  # noqa: FBT003 (the signature is JAX's)
# who calls a compiled function waits for it anyway
jax.config.update("jax_cpu_enable_async_dispatch", False)  # noqa: FBT003

__version__ = "0.1.0"

# public name to the module that has it; loaded when first used, so that importing the package stays fast
_HOMES = {
    "DatasetError": "qrexplore.data",
    "LearnProblem": "qrexplore.learn",
    "LearnResult": "qrexplore.learn",
    "Twin": "qrexplore.twin",
    "explore": "qrexplore.ui",
    "explore_graph": "qrexplore.ui",
    "explore_race": "qrexplore.ui",
    "library": "qrexplore.twin",
    "open_data": "qrexplore.data",
    "open_twin": "qrexplore.twin",
    "save": "qrexplore.data",
    "save_twin": "qrexplore.twin",
    "show_signal_path": "qrexplore.ui",
    "show_case": "qrexplore.ui",
    "show_examination": "qrexplore.ui",
    "show_study": "qrexplore.ui",
    "signal_path": "qrexplore.views",
    "simulate": "qrexplore.twin",
    "study": "qrexplore.learn",
}
_PACKAGES = (
    "core",
    "data",
    "experiments",
    "hardware",
    "learn",
    "loop",
    "optimize",
    "pulses",
    "quantum",
    "twin",
    "ui",
    "views",
)

__all__ = ["__version__", *_HOMES, *_PACKAGES]  # noqa: PLE0604 (all are strings)


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _PACKAGES:
        value = importlib.import_module(f"qrexplore.{name}")
    else:
        msg = f"qrexplore has no {name!r}. It has: {', '.join(__all__)}."
        raise AttributeError(msg)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
