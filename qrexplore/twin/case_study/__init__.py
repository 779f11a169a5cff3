"""The case study of the white paper: a processor whose flux line is distorted, the model that is to find out, and its data.

`case_study` gives it all for a seed: the model with 83 free numbers and their priors, the experiments, the hidden device and
what is true of it.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from qrexplore.core import Prior, require_choice
from qrexplore.experiments import Experiment
from qrexplore.twin.case_study.campaign import Calibration, calibrated, campaign, held_out
from qrexplore.twin.case_study.device import DEMONSTRATION, FLAWS, SETTLED, device, priors, truth
from qrexplore.twin.case_study.model import model
from qrexplore.twin.model import Twin
from qrexplore.twin.prediction import simulate

__all__ = ["SETTLED", "Calibration", "CaseStudy", "case_study"]


@dataclass(frozen=True, eq=False)
class CaseStudy:
    """A device to be understood, and what there is to do it with.

    Attributes
    ----------
    seed
        Of everything that is drawn.
    flaw
        What is wrong with the device.
    twin
        The model, at the centers of its priors.
    priors
        Of the 83 numbers that are learned, by path.
    calibration
        What the lab knows of the device.
    experiments, held_out
        What is measured to be fitted, and to score the fit.
    device
        The hidden device, which is richer than the model.
    truth
        The 83 numbers of it, by path.
    """

    seed: int
    flaw: str
    twin: Twin
    priors: dict[str, Prior]
    calibration: Calibration
    experiments: dict[str, Experiment]
    held_out: dict[str, Experiment]
    device: Twin
    truth: dict[str, float]

    def measured(self, experiment: Experiment, *, seed: int | None = None) -> xr.Dataset:
        """Give what the hidden device answers to an experiment, with shot noise."""
        if experiment.shots is None:
            msg = f"`experiment` {experiment.name} must say how many shots it takes. Build it with shots=1000, say."
            raise ValueError(msg)
        return simulate(self.device, experiment, shots=experiment.shots, seed=self.seed if seed is None else seed)


def case_study(seed: int = 0, *, flaw: str = "distortion") -> CaseStudy:
    """Give the case study for a seed; that of seed 0 has the distortion of the white paper's figures.

    Parameters
    ----------
    seed
        Of the hidden device, of the lab's calibrations and of the shots.
    flaw
        What is wrong with the device: ``distortion`` of the flux line of q1 by more than 2 % from 5 to 200 ns after a step,
        ``none``, or on clean flux lines ``crosstalk`` of fast flux (3 %), ``skew`` (the flux line of q1 is late by 6 ns more
        than it should be), ``compression`` (drive of q1) or ``defect`` (a two-level defect, which the model has no part for, is
        coupled to q1 just where |11> meets |02>).

    Raises
    ------
    ValueError
        If the flaw is none of these.
    """
    require_choice(flaw, "flaw", tuple(FLAWS))
    generator = np.random.default_rng(seed)
    start = model()
    fixed = {**(DEMONSTRATION if seed == 0 else {}), **FLAWS[flaw]}
    true = truth(start, generator, fixed=fixed, distorted=flaw == "distortion")
    known = priors(start, true, generator)
    calibration = calibrated(start.replace(true), generator)
    return CaseStudy(
        seed=seed,
        flaw=flaw,
        twin=start.replace({path: prior.center for path, prior in known.items()}),
        priors=known,
        calibration=calibration,
        experiments=campaign(calibration),
        held_out=held_out(calibration),
        device=device(start, true, defective=flaw == "defect"),
        truth=true,
    )
