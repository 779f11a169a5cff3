"""The learned step response of a flux line, with its uncertainty."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from qrexplore.core import jit
from qrexplore.learn import LearnResult
from qrexplore.twin import Twin


@dataclass(frozen=True, eq=False)
class StepResponse:
    """Response to a unit step at t = 0, in units of its final value.

    Attributes
    ----------
    times
        s.
    response, stderr
        Value and standard error at each time; the error is that of the learned parameters, to first order.
    """

    times: Float[np.ndarray, " times"]
    response: Float[np.ndarray, " times"]
    stderr: Float[np.ndarray, " times"]


def learned_step_response(result: LearnResult, line: str, *, span: float = 60e-9, substeps: int = 8) -> StepResponse:
    """Give the step response of a line as learned.

    Parameters
    ----------
    result
        What was learned.
    line
        Name of the line, such as ``flux_q1``.
    span
        Length of the response, s.
    substeps
        Points in each sample of the line's generator.
    """
    chain = result.twin.lines[line]
    samples = jnp.ones(int(np.ceil(span * chain.sample_rate)))
    paths = [path for path in result.parameters.paths if path.startswith(f"{line}.") and not path.endswith(".gain")]
    places = [result.parameters.paths.index(path) for path in paths]

    def response(twin: Twin) -> jax.Array:
        stages = twin.lines[line]
        return stages.forward(samples, substeps).mean(axis=-1) / result.twin.parameters[f"{line}.transfer.gain"].value

    at = jnp.asarray([result.parameters[path].value for path in paths])

    def moved(values: jax.Array) -> jax.Array:
        return response(result.twin.replace(dict(zip(paths, values, strict=True))))

    slopes = np.asarray(jit(jax.jacfwd(moved))(at)) if paths else np.zeros((len(samples) * substeps, 0))
    covariance = result.covariance[np.ix_(places, places)]
    variance = np.einsum("ti,ij,tj->t", slopes, covariance, slopes)
    times = (np.arange(len(samples) * substeps) + 0.5) / (chain.sample_rate * substeps)
    return StepResponse(times, np.asarray(moved(at)), np.sqrt(np.clip(variance, 0.0, None)))
