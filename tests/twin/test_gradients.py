"""Derivatives of every parameter of a twin in every experiment, against finite differences."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import Named
from qrexplore.twin import DriveGain, LowPass, SignalChain, library, populations, predict, read
from qrexplore.twin.electronics import IQMixer
from qrexplore.twin.noise import FluxNoise, FrequencyNoise, OneOverF, Share, SlowNoise

# away from the points where a derivative vanishes or an edge lies on the clock
PAIR = {
    "q0.thermal_population": 0.02, "q1.thermal_population": 0.02,
    "q0.flux_offset": -0.01, "q1.flux_offset": 0.015,
    "flux_q1.delay.time": 0.31e-9, "flux_q1.distortion.amplitude": -0.04, "flux_q1.distortion.time_constant": 7e-9,
    "flux_q1.low_pass.cutoff": 350e6, "q0.t1": 2e-6, "q1.t1": 1e-6, "q0.t_phi": 1.5e-6, "q1.t_phi": 0.8e-6,
}  # fmt: skip
SINGLE = {
    "q0.frequency": 5.0003e9, "q0.thermal_population": 0.02, "q0.flux_offset": 0.015, "q0.t1": 20e-6,
    "flux_q0.delay.time": 0.31e-9, "flux_q0.distortion.amplitude": -0.04, "flux_q0.distortion.time_constant": 7e-9,
}  # fmt: skip
DELAYS = np.array([1.2e-6, 7.3e-6, 21e-6])
DURATIONS = np.array([3e-9, 8e-9, 8.4e-9])
GATE = {"drive_amplitude": 0.8, "pulse_duration": 12e-9}
EXPERIMENTS = {
    "chevron": experiments.chevron(np.array([0.46, 0.49]), np.array([6e-9, 11e-9, 11.4e-9])),
    "rabi": experiments.rabi(np.array([0.05, 0.2, 0.4])),
    "t1": experiments.t1(DELAYS),
    "ramsey": experiments.ramsey(DELAYS, artificial_detuning=0.1e6),
    "echo": experiments.echo(DELAYS),
    "cryoscope": experiments.cryoscope(DURATIONS, flux_amplitude=0.2),
    "conditional_oscillation": experiments.conditional_oscillation(
        np.array([0.47]), np.array([0.4, 2.1]), flux_duration=9e-9
    ),
    "zz_ramsey": experiments.zz_ramsey(np.array([0.3e-6, 0.9e-6]), artificial_detuning=1e6),
    "cross_resonance": experiments.cross_resonance(np.array([7e-9, 12e-9]), drive_amplitude=0.4),
    "ramsey_phases": experiments.ramsey_phases(DELAYS[:2]),
    "ramsey_flux": experiments.ramsey_flux(
        np.array([0.1, 0.25]), DELAYS[:2] / 10, drive_frequency=np.array([4.98e9, 4.88e9])
    ),
    "echo_flux": experiments.echo_flux(np.array([0.1, 0.25]), DELAYS[:2], drive_frequency=4.9e9),
    "cpmg": experiments.cpmg(np.array([1, 3]), DELAYS[:2]),
    "ef_spectroscopy": experiments.ef_spectroscopy(
        np.array([4.775e9, 4.782e9]), pulse_duration=60e-9, drive_amplitude=0.1
    ),
    "two_photon_spectroscopy": experiments.two_photon_spectroscopy(
        np.array([4.88e9, 4.892e9]), pulse_duration=60e-9, drive_amplitude=0.4
    ),
    "rabi_chevron": experiments.rabi_chevron(np.array([-13e6, 5e6]), np.array([10e-9, 33.3e-9]), drive_amplitude=0.3),
    "drag_scan": experiments.drag_scan(np.array([0.1e-9, 0.6e-9]), np.array([1, 2]), **GATE),
    "allxy": experiments.allxy(np.array([3, 7, 14]), **GATE),
    "fine_amplitude": experiments.fine_amplitude(np.array([1, 4]), **GATE),
    "clifford_sequences": experiments.clifford_sequences(np.array([1, 2]), np.array([1]), **GATE),
    "drive_flux_delay": experiments.drive_flux_delay(np.array([-7.3e-9, 5e-9]), flux_amplitude=0.15, **GATE),
    "cryoscope_amplitudes": experiments.cryoscope_amplitudes(np.array([0.1, 0.2]), DURATIONS[:1]),
    "flux_step": experiments.flux_step(
        np.array([0.05e-6, 0.3e-6]), np.array([4.93e9]), flux_amplitude=0.2, drive_amplitude=0.3, pulse_duration=20e-9
    ),
    "flux_arc": experiments.flux_arc(np.array([0.05, 0.2]), np.linspace(4.8e9, 5.0e9, 3), drive_amplitude=0.1),
}
MIXER = {f"drive_q0.mixer.{name}" for name in ("imbalance", "skew", "offset_i", "offset_q")}
WIRED_DRIVE = {
    f"drive_q0.{name}" for name in ("mixer.skew", "bandwidth.cutoff", "amplifier.ceiling", "attenuator.loss")
}
WIRED_FLUX = {
    *(f"flux_q1.{name}" for name in ("reconstruction.cutoff", "bias_tee.time_constant", "settling.amplitude")),
    *(f"flux_q1.{name}" for name in ("drift.time_constant", "cable.loss", "echo.time", "transfer.gain")),
}
# what each experiment must be sensitive to; every other derivative may be zero but must be right
SEEN = {
    "chevron": {"q0_q1.coupling", "q1.frequency", "q1.asymmetry", "flux_q1.delay.time", "flux_q1.distortion.amplitude",
                "flux_q1.low_pass.cutoff", "q0.t1", "q1.t_phi", "readout_q1.second_as_one", "q0.thermal_population"},
    "closed chevron": {"q0_q1.coupling", "q1.frequency", "flux_q1.delay.time", "flux_q1.distortion.time_constant"},
    "conditional_oscillation": {"q0_q1.coupling", "q1.frequency", "flux_q1.distortion.amplitude", "q0.t1", "q1.t_phi"},
    "wired conditional_oscillation": {"q0_q1.coupling", "q1.t_phi", "readout_q1.second_as_one", *WIRED_FLUX},
    "noisy wired conditional_oscillation": {"noise.flux_q1.amplitude", "noise.flux_q1.process.lowest",
                                            "noise.defect.amplitude", "noise.defect.q0.share", *WIRED_FLUX},
    "wired cross_resonance": {"q0_q1.coupling", "q0.anharmonicity", "q1.t1", *WIRED_DRIVE},
    "closed cross_resonance": {"q0_q1.coupling", "drive_q0.transfer.gain", "q1.frequency", "q0.anharmonicity"},
    "rabi": {"drive_q0.transfer.gain", "q0.anharmonicity", "q0.t1"},
    "t1": {"q0.t1", "q0.thermal_population", "readout_q0.false_zero"},
    "ramsey": {"q0.frequency", "q0.t_phi"},
    "echo": {"q0.t_phi"},
    "cryoscope": {"flux_q0.transfer.gain", "flux_q0.distortion.amplitude", "flux_q0.delay.time", "q0.asymmetry"},
    "ramsey_phases": {"q0.frequency", "q0.t_phi", "drive_q0.transfer.lag"},
    "ramsey_flux": {"q0.frequency", "q0.t_phi", "bias_q0.gain", "q0.flux_offset", "q0.asymmetry"},
    "echo_flux": {"q0.t_phi"},
    "cpmg": {"q0.t_phi", "q0.t1"},
    "ef_spectroscopy": {"q0.anharmonicity", "q0.frequency"},
    "two_photon_spectroscopy": {"q0.anharmonicity", "q0.frequency"},
    "rabi_chevron": {"drive_q0.transfer.gain", "q0.frequency", "drive_q0.low_pass.cutoff", *MIXER},
    "drag_scan": {"q0.anharmonicity", "drive_q0.transfer.gain", "drive_q0.low_pass.cutoff"},
    "allxy": {"drive_q0.transfer.gain", "q0.frequency", "q0.anharmonicity", *MIXER},
    "fine_amplitude": {"drive_q0.transfer.gain"},
    "clifford_sequences": {"drive_q0.transfer.gain", "q0.anharmonicity"},
    "drive_flux_delay": {"flux_q0.delay.time"},
    "cryoscope_amplitudes": {"flux_q0.transfer.gain", "flux_q0.distortion.amplitude", "flux_q0.distortion.time_constant"},
    "flux_step": {"flux_q0.transfer.gain", "flux_q0.distortion.amplitude", "flux_q0.distortion.time_constant"},
    "flux_arc": {"bias_q0.gain", "q0.flux_offset", "drive_q0.transfer.gain", "q0.t1"},
}  # fmt: skip


# paths of 1/f noise, what stands still during a repetition, and a source that two qubits share
NOISE = SlowNoise(
    Named({
        "flux_q1": FluxNoise("q1", 40e-6, OneOverF(lowest=10.0)),
        "defect": FrequencyNoise("q1", 80e3, also=Named({"q0": Share(0.3)})),
    }),
    trajectories=2,
)  # fmt: skip

# experiments that do to the twin what others do, too, or take long, wait for the slow run
SLOW = (
    *("echo_flux", "ramsey_phases", "two_photon_spectroscopy", "drag_scan", "fine_amplitude"),
    *("cryoscope_amplitudes", "drive_flux_delay", "flux_step", "conditional_oscillation", "chevron"),
    *("ramsey_flux", "closed cross_resonance", "wired conditional_oscillation", "wired cross_resonance"),
    *("noisy wired conditional_oscillation", "ef_spectroscopy", "rabi_chevron", "echo", "allxy", "cpmg"),
    "clifford_sequences",
)
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in SEEN]


def single():
    """A transmon whose drive line has a mixer with faults and a bandwidth."""
    twin = library.transmon().replace(SINGLE)
    line = SignalChain(1e9, Named({
        "mixer": IQMixer(1.03, 0.05, 2e-3, -3e-3), "low_pass": LowPass(250e6), "transfer": DriveGain(100e6, 4e-9),
    }))  # fmt: skip
    return type(twin)(twin.chip, Named({**dict(twin.lines.items()), "drive_q0": line}), twin.readout, twin.biases)


def prediction(twin, experiment):
    """Give the prediction as a function of all parameters, with steps fine enough for all of them."""
    points = {name: jnp.asarray(values) for name, values in experiment.points().items()}

    paths = twin.parameters.paths

    def function(values):
        moved = twin.replace(dict(zip(paths, values, strict=True)))
        found, _ = populations(moved, experiment, points, substeps=8)
        return read(moved, experiment, found).reshape(-1)

    return jax.jit(function)


def differences(function, values, column, step):
    """Give the fourth-order central difference along one parameter."""
    at = [np.asarray(function(values.at[column].add(shift * step))) for shift in (-2, -1, 1, 2)]
    return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step)


def relative_error(function, values, column, slope, span):
    """Give the best agreement over step sizes, relative to the largest entry of the column."""
    value, largest = abs(float(values[column])), np.max(np.abs(slope))
    if largest * value < 1e-5:
        # hardly more influence than rounding (a detuning in an echo, or what a bath leaves of it): as little in both
        return float(np.max(np.abs(differences(function, values, column, 1e-6 * span) - slope))) * (value or span)
    # far enough for the rounding of the prediction, not so far that a fifth derivative shows
    reach = min(1 / largest, value)
    steps = [share * reach for share in (3e-2, 1e-2, 3e-3, 1e-3, 1e-4)]
    return min(float(np.max(np.abs(differences(function, values, column, h) - slope))) / largest for h in steps)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_agree_with_finite_differences(name):
    experiment = EXPERIMENTS[name.split()[-1]]
    if "wired" in name:
        twin = library.wired_transmons(bits=None).replace(
            {**PAIR, "flux_q0.echo.time": 5.8e-9, "flux_q1.echo.time": 5.8e-9}
        )
        twin = replace(twin, noise=NOISE) if name.startswith("noisy") else twin
    elif len(experiment.qubits) == 2:
        twin = library.two_transmons(dissipative=not name.startswith("closed")).replace(PAIR)
    else:
        twin = single()
    function, values = prediction(twin, experiment), jnp.asarray(twin.parameters.values)
    slopes = np.asarray(jax.jit(jax.jacfwd(function))(values))
    assert np.all(np.isfinite(slopes))
    # nothing is lost between the parameters of this test and the public function
    public = np.asarray(predict(twin, experiment, substeps=8)).reshape(-1)
    np.testing.assert_allclose(function(values), public, atol=1e-12)

    table = twin.parameters
    errors = {
        row.path: relative_error(function, values, column, slopes[:, column], row.bounds[1] - row.bounds[0])
        for column, row in enumerate(table)
    }
    assert {path: error for path, error in errors.items() if error > 1e-6} == {}
    seen = {path for column, path in enumerate(table.paths) if np.any(slopes[:, column] != 0)}
    assert SEEN[name] <= seen


@pytest.mark.parametrize(
    "name",
    ["rabi", "cpmg",
     *[pytest.param(n, marks=pytest.mark.slow)
       for n in ("zz_ramsey", "chevron", "rabi_chevron", "flux_step", "conditional_oscillation")]],
)  # fmt: skip
def test_reverse_mode_equals_forward_mode(name):
    experiment = EXPERIMENTS[name]
    pair = len(experiment.qubits) == 2
    twin = library.two_transmons(dissipative=False).replace(PAIR) if pair else library.transmon().replace(SINGLE)
    function, values = prediction(twin, experiment), jnp.asarray(twin.parameters.values)
    rng = np.random.default_rng(3)
    weights, scale = rng.normal(size=np.shape(jax.eval_shape(function, values))), np.abs(np.asarray(values)) + 1e-3
    direction = jnp.asarray(scale * rng.normal(size=len(values)))
    forward = jax.jit(lambda x: jax.jvp(function, (x,), (direction,))[1])(values)
    reverse = jax.jit(jax.grad(lambda x: weights @ function(x)))(values)
    # forwards, the derivative of a series that stops at order n is as good as one of order n - 1: 1e-11^(3/4) a step
    assert float(reverse @ direction) == pytest.approx(float(weights @ forward), rel=1e-7)
