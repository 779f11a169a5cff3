"""Datasets with the noise of a finite number of shots, as a laboratory would record them."""

import json

import numpy as np
import xarray as xr
from jaxtyping import Float

from qrexplore.twin.model import Twin
from qrexplore.twin.readout import AbstractCloudReadout, AssignmentReadout, ConfusionReadout
from qrexplore.twin.shots import assigned, averaged, averaged_clouds, clouds, counted, outcomes

Levels = Float[np.ndarray, "qubits levels *sweep"]


def sampled(
    data: xr.Dataset,
    twin: Twin,
    levels: Levels | None,
    *,
    observable: str,
    shots: int,
    signal_noise: float,
    generator: np.random.Generator,
    single_shots: bool = False,
) -> xr.Dataset:
    """Replace the means in a dataset by what a number of shots gives, and add the standard errors.

    Parameters
    ----------
    data
        Dataset with the means, qubit first.
    twin
        Whose readout tells how each qubit is read: outcomes are counted, clouds drawn from the levels, all others averaged.
    levels
        Populations before readout; only clouds in the IQ plane need them.
    observable
        Name of the variable.
    shots
        Repetitions a point.
    signal_noise
        Standard deviation of one shot of an averaged signal, in steps between the signals of levels 0 and 1, or of a
        transmission.
    generator
        Source of randomness.
    single_shots
        Keep each shot of clouds (``iq_shots``) and of three outcomes (``outcome_shots``), with the last dimension ``shot``.
    """
    means = data[observable]
    values, errors, kept = np.empty(means.shape), np.empty(means.shape), []
    for place, qubit in enumerate(data.coords["qubit"].values):
        here = np.asarray(means.values[place])
        if observable == "transmission":
            values[place], errors[place] = averaged(here, np.asarray(signal_noise), shots, generator)
            continue
        readout = twin.readout[f"readout_{qubit}"]
        if isinstance(readout, AbstractCloudReadout) and levels is not None:
            found = np.moveaxis(levels[place], 0, -1)
            centers, width = np.asarray(readout.responses(found.shape[-1])), float(readout.width)
            if single_shots:
                each = clouds(found, centers, width, shots, generator)
                values[place], errors[place] = each.mean(axis=-1), each.std(axis=-1) / np.sqrt(shots)
                kept.append(each)
            else:
                values[place], errors[place] = averaged_clouds(found, centers, width, shots, generator)
        elif isinstance(readout, AssignmentReadout):
            counts, errors[place] = assigned(here, shots, generator)
            values[place] = counts / shots
            kept += [outcomes(counts, generator)] if single_shots else []
        elif isinstance(readout, ConfusionReadout):
            values[place], errors[place] = counted(here, shots, generator)
        else:
            zero, one = np.asarray(readout.responses(2))
            noise = np.asarray(signal_noise * abs(one - zero))
            values[place], errors[place] = averaged(here, noise, shots, generator)
    units, words = means.attrs["units"], means.attrs["long_name"]
    stderr = {"units": units, "long_name": f"standard error of {words}"}
    found = {observable: (means.dims, values, means.attrs), f"{observable}_stderr": (means.dims, errors, stderr)}
    if kept:
        name, dims = ("iq_shots", means.dims) if observable == "iq" else ("outcome_shots", means.dims[:-1])
        found[name] = ((*dims, "shot"), np.stack(kept), {"units": units, "long_name": f"single shots of {words}"})
    return data.assign(found)


def with_provenance(data: xr.Dataset, *, shots: int, seed: int) -> xr.Dataset:
    """Give a dataset that says of how many shots it is and from which seed they were drawn."""
    settings = json.dumps({**json.loads(data.attrs["settings"]), "shots": shots})
    return data.assign_attrs(settings=settings, shots=shots, seed=seed)
