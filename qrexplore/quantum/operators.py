"""Operators of a register of anharmonic modes, as constant matrices.

Order of the product basis: ``|q0, q1, ...>`` with the last mode running fastest (``kron(q0, q1)``).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Complex, Float, Int


@dataclass(frozen=True)
class Register:
    """A product of truncated modes.

    Parameters
    ----------
    levels
        Number of levels kept of each mode, at least 2 each.
    """

    levels: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse an empty register and modes of fewer than two levels."""
        if not self.levels or min(self.levels) < 2:
            msg = f"`levels` must hold at least one mode of 2 or more levels, got {self.levels!r}. Use for example (3, 3)."
            raise ValueError(msg)

    @property
    def dimension(self) -> int:
        """Dimension of the product space."""
        return int(np.prod(self.levels))

    @cached_property
    def labels(self) -> Int[np.ndarray, "dimension modes"]:
        """Excitation numbers of each product state."""
        return np.stack(np.unravel_index(np.arange(self.dimension), self.levels), axis=1)

    def index(self, excitations: tuple[int, ...]) -> int:
        """Give the position of a product state."""
        return int(np.ravel_multi_index(excitations, self.levels))

    def lowering(self, mode: int) -> Float[np.ndarray, "dimension dimension"]:
        """Give the lowering operator of one mode, ``a|n> = sqrt(n)|n-1>``."""
        return self._embed(mode, np.diag(np.sqrt(np.arange(1.0, self.levels[mode])), k=1))

    def number(self, mode: int) -> Float[np.ndarray, "dimension dimension"]:
        """Give the number operator of one mode."""
        return self._embed(mode, np.diag(np.arange(float(self.levels[mode]))))

    def rotation_generator(self, mode: int, phase: float) -> Complex[np.ndarray, "dimension dimension"]:
        """Give half the Pauli operator on levels 0 and 1 about an axis at `phase` (rad) from x in the xy plane."""
        small = np.zeros((self.levels[mode],) * 2, dtype=complex)
        small[0, 1], small[1, 0] = np.exp(-1j * phase) / 2, np.exp(1j * phase) / 2
        return self._embed(mode, small)

    def projector(self, mode: int, level: int) -> Float[np.ndarray, "dimension dimension"]:
        """Give the projector on one level of one mode."""
        small = np.zeros((self.levels[mode],) * 2)
        small[level, level] = 1.0
        return self._embed(mode, small)

    def _embed(self, mode: int, matrix: np.ndarray) -> np.ndarray:
        full = np.ones((1, 1))
        for position, count in enumerate(self.levels):
            full = np.kron(full, matrix if position == mode else np.eye(count))
        return full
