"""What a number came from: versions, machine and settings that can change its last bits."""

import contextlib
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import jax

import qrexplore

_PACKAGES = (
    "jax",
    "jaxlib",
    "equinox",
    "optax",
    "optimistix",
    "lineax",
    "numpy",
    "scipy",
    "xarray",
    "h5netcdf",
    "h5py",
)
_SETTINGS = ("jax_enable_x64", "jax_default_matmul_precision", "jax_numpy_dtype_promotion", "jax_default_prng_impl")


def environment() -> dict[str, Any]:
    """Give the record that belongs to every result which somebody may want to have again.

    Returns
    -------
    dict
        Plain values: version and commit of qrexplore, versions of the packages it computes with, Python, system, processor,
        devices, settings of JAX and XLA.
    """
    return {
        "qrexplore": qrexplore.__version__,
        **_commit(),
        "packages": _versions(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "devices": [f"{device.platform} {device.device_kind}" for device in jax.devices()],
        "jax": {name: getattr(jax.config, name, None) for name in _SETTINGS},
        "clock": time.get_clock_info("time").implementation,
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
    }


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Say in words what differs between two records, for example ``packages.jax: 0.9.0, now 0.10.2``."""
    found = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found += [f"{name}.{words}" for words in changes(old, new)]
        elif old != new:
            found.append(f"{name}: {old}, now {new}")
    return found


@cache
def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


@cache
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), sys.platform)


@cache
def _commit() -> dict[str, Any]:
    """Give commit and whether files were changed since, in a checkout; nothing for an installed package."""
    checkout = Path(qrexplore.__file__).parents[1]
    if not (checkout / ".git").exists():
        return {}

    def git(*words: str) -> str:
        return subprocess.run(  # noqa: S603 (fixed words, no shell)
            ["git", "-C", str(checkout), *words],  # noqa: S607 (the git of whoever has the checkout)
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "changed": bool(git("status", "--porcelain", "--", "qrexplore"))}
    except (OSError, subprocess.SubprocessError):
        return {}
