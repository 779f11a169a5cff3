"""A search as named arrays, and back: what has to be kept to go on later as if nothing had happened."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qrexplore.optimize.objective import Progress

_ADVICE = "Make `template` with the init of the method, options and parameters that made the arrays."


def pack(progress: Progress) -> dict[str, np.ndarray]:
    """Give all that a search remembers as arrays by name.

    Parameters
    ----------
    progress
        Where it stands.

    Returns
    -------
    dict
        Arrays named by their place (``"memory/state/count"``), for ``np.savez``. No object is among them, so that
        ``np.load(..., allow_pickle=False)`` reads them.
    """
    leaves, _ = jax.tree_util.tree_flatten_with_path(progress)
    return {_name(path): np.asarray(leaf) for path, leaf in leaves}


def unpack(template: Progress, arrays: dict[str, np.ndarray]) -> Progress:
    """Give back the search that `pack` took apart.

    Parameters
    ----------
    template
        Progress of the same method on a problem with as many parameters, for example its first; only its structure is used.
    arrays
        What `pack` gave.

    Returns
    -------
    Progress
        Continues bit for bit as the packed one would have.

    Raises
    ------
    ValueError
        If names, shapes or types of the arrays are not those of the template.
    """
    leaves, structure = jax.tree_util.tree_flatten_with_path(template)
    names = [_name(path) for path, _ in leaves]
    missing, unknown = sorted(set(names) - set(arrays)), sorted(set(arrays) - set(names))
    if missing or unknown:
        lists = [f"{word} {names!r}" for word, names in (("missing", missing), ("unknown", unknown)) if names]
        msg = f"`arrays` must have the names of `template`, got {' and '.join(lists)}. {_ADVICE}"
        raise ValueError(msg)
    return jax.tree_util.tree_unflatten(
        structure, [_like(leaf, arrays[name], name) for name, (_, leaf) in zip(names, leaves, strict=True)]
    )


def _name(path: tuple) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")


def _like(leaf: Any, array: np.ndarray, name: str) -> Any:
    """Give an array as what stands at its place in the template: a JAX array, a NumPy array or a number."""
    wanted = np.asarray(leaf)
    array = np.asarray(array)
    if (array.shape, array.dtype) != (wanted.shape, wanted.dtype):
        msg = (
            f"`arrays` must have at {name!r} the shape {wanted.shape} and type {wanted.dtype} of `template`, got "
            f"{array.shape} and {array.dtype}. {_ADVICE}"
        )
        raise ValueError(msg)
    if isinstance(leaf, jax.Array):
        return jnp.asarray(array)
    return array.copy() if isinstance(leaf, np.ndarray) else type(leaf)(array.item())
