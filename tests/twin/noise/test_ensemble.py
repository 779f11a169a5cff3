"""Predictions averaged over slow noise: closed forms, sums by hand, the second solver, derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss

from qrexplore import experiments
from qrexplore import twin as physics
from qrexplore.core import Named
from qrexplore.pulses import Pulse, Schedule, Square
from qrexplore.twin import (
    DriveNoise,
    FluxNoise,
    FrequencyNoise,
    OneOverF,
    Share,
    Telegraph,
    library,
    noise,
    predict,
    prediction,
    sampling_error,
    second_opinion,
    simulate,
)  # fmt: skip
from tests.twin.noise.noisy import noisy, one_qubit

TURN = 2 * np.pi
TILT = 0.12  # Φ0, well away from the sweet spot


def contrast(twin, experiment):
    """Coherence that a fringe at zero detuning shows."""
    return 2 * np.asarray(predict(twin, experiment)[0]) - 1


def tilted():
    """A transmon away from its sweet spot, its frequency there (Hz) and the slope of its frequency (rad/s per Φ0)."""
    twin = one_qubit(flux_offset=TILT)
    transmon = twin.chip.qubits["q0"]
    frequency, slope = jax.value_and_grad(lambda flux: transmon.at_flux(flux)[0])(0.0)
    return twin, float(frequency), TURN * float(slope)


def by_hand(twin, experiment, moved, nodes):
    """The mean over Gauss-Hermite nodes, one prediction after the other; `moved` gives new parameters for a node."""
    places, weights = hermegauss(nodes)
    parts = [w * predict(twin.replace(moved(z)), experiment, substeps=8) for z, w in zip(places, weights, strict=True)]
    return sum(parts) / weights.sum()


class TestQuasiStatic:
    """Gaussian offsets that stand still during a repetition."""

    def test_flux_noise_on_a_slope_decays_as_a_gaussian(self):
        twin, frequency, slope = tilted()
        times, deviation = np.linspace(0.0, 7e-6, 5), 1e-5
        found = contrast(
            noisy(twin, slow=FluxNoise("q0", deviation)), experiments.ramsey(times, drive_frequency=frequency)
        )
        np.testing.assert_allclose(found, np.exp(-((slope * deviation * times) ** 2) / 2), atol=2e-4)
        assert found[-1] < 0.5

    def test_flux_noise_at_the_sweet_spot_decays_as_a_power(self):
        twin, deviation = one_qubit(), 1e-3
        transmon = twin.chip.qubits["q0"]
        slope = jax.grad(lambda flux: transmon.at_flux(flux)[0])
        curvature = -TURN * float(jax.grad(slope)(0.0))
        times = np.linspace(0.0, 12e-6, 5)
        found = contrast(noisy(twin, slow=FluxNoise("q0", deviation), nodes=31), experiments.ramsey(times))
        expected = noise.sweet_spot_coherence(times, deviation, curvature)
        np.testing.assert_allclose(found, np.real(expected), atol=1e-3)
        assert found[-1] < 0.8

    def test_echo_takes_it_away(self):
        twin = noisy(one_qubit(), slow=FrequencyNoise("q0", 0.2e6))
        found = contrast(twin, experiments.echo(np.linspace(0.0, 20e-6, 3)))
        np.testing.assert_allclose(found, -1.0, atol=1e-5)

    def test_a_common_source_moves_two_qubits_together_in_pulses(self):
        # noise of flux seen by both, the second with the opposite sign; pulses far from any sweet spot
        twin = library.two_transmons(dissipative=False).replace({"q0.flux_offset": 0.03})
        experiment, size = experiments.chevron(np.array([0.47, 0.50]), np.array([9e-9, 23e-9])), 4e-3
        shared = FluxNoise("q1", size, also=Named({"q0": Share(-1.5)}))
        found = predict(noisy(twin, nodes=3, common=shared), experiment, substeps=8)
        expected = by_hand(
            twin, experiment, lambda z: {"q1.flux_offset": size * z, "q0.flux_offset": 0.03 - 1.5 * size * z}, 3
        )
        np.testing.assert_allclose(found, expected, atol=1e-9)
        assert np.max(np.abs(found - predict(twin, experiment, substeps=8))) > 0.05

    def test_drive_noise_scales_the_pulses(self):
        twin, size = one_qubit(), 0.05
        experiment = experiments.rabi(np.linspace(0.0, 1.0, 5))
        found = predict(noisy(twin, drive=DriveNoise("q0", size)), experiment, substeps=8)
        expected = by_hand(twin, experiment, lambda z: {"drive_q0.transfer.gain": 100e6 * (1 + size * z)}, 9)
        np.testing.assert_allclose(found, expected, atol=1e-10)
        assert np.max(np.abs(found - predict(twin, experiment, substeps=8))) > 1e-3

    def test_spectroscopy_line_is_broadened(self):
        twin = one_qubit(t1=20e-6, t_phi=2e-6)
        sweeps = np.array([-0.1, 0.15]), np.linspace(4.97e9, 5e9, 4)
        experiment = experiments.flux_arc(*sweeps, drive_amplitude=1e-3)
        found = predict(noisy(twin, slow=FluxNoise("q0", 2e-3)), experiment)
        expected = by_hand(twin, experiment, lambda z: {"q0.flux_offset": 2e-3 * z}, 9)
        np.testing.assert_allclose(found, expected, atol=1e-12)

    def test_many_sources_are_averaged_over_a_lattice(self):
        sizes = [2e4, 3e4, 1e4, 2.5e4]
        sources = {f"part_{k}": FrequencyNoise("q0", size) for k, size in enumerate(sizes)}
        twin, times = noisy(one_qubit(), trajectories=512, **sources), np.linspace(0.0, 6e-6, 4)
        experiment = experiments.ramsey(times)
        expected = np.exp(-((TURN * times) ** 2) * np.sum(np.square(sizes)) / 2)
        found, error = contrast(twin, experiment), 2 * sampling_error(twin, experiment)[0]
        assert np.all(np.abs(found - expected) <= error + 1e-9)
        assert expected[-1] < 0.5


class TestTelegraph:
    """Jumps between two values, averaged without sampling."""

    @pytest.mark.parametrize("ratio", [0.4, 1.0, 3.5])
    def test_ramsey_follows_the_closed_form_below_and_above_the_crossover(self, ratio):
        rate, times = 2e5, np.linspace(0.0, 15e-6, 6)
        source = FrequencyNoise("q0", ratio * rate / TURN, Telegraph(rate))
        found = contrast(noisy(one_qubit(), jumps=source), experiments.ramsey(times))
        np.testing.assert_allclose(found, noise.telegraph_coherence(times, ratio * rate, rate), atol=1e-5)

    @pytest.mark.slow
    def test_rare_jumps_leave_the_mean_of_two_devices_in_pulses(self):
        twin, size = library.two_transmons().replace({"q0.t1": 1e-6}), 3e-3
        experiment = experiments.chevron(np.array([0.48]), np.array([9e-9, 23e-9]))
        jumping = noisy(twin, jumps=FluxNoise("q1", size, Telegraph(1e-2)))
        found = predict(jumping, experiment, substeps=8)
        both = [predict(twin.replace({"q1.flux_offset": sign * size}), experiment, substeps=8) for sign in (1, -1)]
        # dressed states are those midway between the two
        np.testing.assert_allclose(found, sum(both) / 2, atol=2e-5)
        assert np.max(np.abs(both[0] - both[1])) > 0.1

    def test_jumps_of_the_drive_do_the_same_in_the_limit(self):
        experiment = experiments.rabi(np.linspace(0.2, 1.0, 4))
        twin = one_qubit()
        found = predict(noisy(twin, jumps=DriveNoise("q0", 0.1, Telegraph(1e-2))), experiment, substeps=8)
        both = [predict(twin.replace({"drive_q0.transfer.gain": g}), experiment, substeps=8) for g in (90e6, 110e6)]
        np.testing.assert_allclose(found, sum(both) / 2, atol=1e-8)

    def test_amplitudes_cannot_hold_a_mixture(self):
        twin = noisy(library.transmon(dissipative=False), jumps=FrequencyNoise("q0", 1e4, Telegraph(1e4)))
        with pytest.raises(ValueError, match=r"telegraph noise \(jumps\) needs density matrices"):
            predict(twin, experiments.t1(np.array([1e-6])))


class TestOneOverF:
    """Sample paths, with their standard errors."""

    @pytest.mark.parametrize("name", ["ramsey", pytest.param("echo", marks=pytest.mark.slow)])
    def test_ensemble_converges_to_the_filter_function(self, name):
        twin, frequency, slope = tilted()
        size = 3e-6 * TURN * 5.9e9 / abs(slope)  # such that the shift is that of the reference numbers
        times = np.array([1e-6, 6e-6, 10.8e-6])
        twin = noisy(twin, trajectories=4096, flux_q0=FluxNoise("q0", size, OneOverF()))
        experiment = getattr(experiments, name)(times, drive_frequency=frequency)
        if name == "ramsey":
            expected = np.exp(-noise.ramsey_exponent(times, size, slope, 1.0))
        else:
            expected = -np.exp(-noise.echo_exponent(times, size, slope))
        found, error = contrast(twin, experiment), 2 * sampling_error(twin, experiment)[0]
        assert np.all(np.abs(found - expected) < 3 * error + 1e-3)
        assert np.all(error < 0.02)
        # the first point is that of the validation list: 1 % of the coherence
        assert found[0] == pytest.approx(expected[0], rel=1e-2)

    @pytest.mark.slow
    def test_paths_through_a_pulse_dephase_like_paths_through_an_idle(self):
        window, size = 0.5e-6, 0.25e6

        def sequence(_, point):
            wait = experiments.Play(Schedule((Pulse("flux_q0", Square(window), 0.0),), window=window))
            return (
                experiments.Rotation("q0", jnp.pi / 2),
                wait,
                experiments.Rotation("q0", jnp.pi / 2, point["delay"] * 0),
            )

        like = experiments.ramsey(np.array([window]))
        protocol = experiments.Protocol("held", ("delay",), like.protocol.coordinates, 0, sequence)
        experiment = experiments.Experiment(protocol, ("q0",), like.coordinates, {"drive_frequency": 5e9})
        twin = noisy(one_qubit(), trajectories=256, slow=FrequencyNoise("q0", size, OneOverF(lowest=1e3)))
        expected = np.exp(-noise.ramsey_exponent(window, size, TURN, 1e3))
        found, error = contrast(twin, experiment)[0], 2 * sampling_error(twin, experiment)[0, 0]
        assert abs(found - expected) < 3 * error
        assert expected < 0.6

    @pytest.mark.slow
    def test_pulses_with_a_shared_past_see_the_same_path_as_each_alone(self):
        volts, durations = np.array([0.47, 0.50]), np.array([8e-9, 19e-9])
        sources = {
            "flux": FluxNoise("q1", 1e-3, OneOverF(lowest=1e5, decades=5)),
            "other": FrequencyNoise("q0", 1e6, OneOverF(lowest=1e5, decades=5)),
        }
        twin = noisy(library.two_transmons(dissipative=False), trajectories=8, **sources)
        shared = experiments.chevron(volts, durations)
        protocol = shared.protocol

        def alone(experiment, point):
            (block,) = protocol.sequence(experiment, point)
            return (experiments.Play(block.schedule),)

        apart = experiments.Protocol("alone", protocol.dims, protocol.coordinates, 1, alone, protocol.settings)
        separate = experiments.Experiment(apart, shared.qubits, shared.coordinates, shared.settings)
        found = predict(twin, shared, substeps=8)
        # the longest pulse is followed equally far in both; the shorter one goes on idling in one of them
        np.testing.assert_allclose(found[:, :, 1], predict(twin, separate, substeps=8)[:, :, 1], atol=1e-10)
        np.testing.assert_allclose(found[:, :, 0], predict(twin, separate, substeps=8)[:, :, 0], atol=3e-4)
        still = predict(library.two_transmons(dissipative=False), shared, substeps=8)
        assert np.max(np.abs(found - still)) > 0.01

    @pytest.mark.parametrize("process", [OneOverF(lowest=1e3), Telegraph(2e5)], ids=["sampled", "jumping"])
    def test_an_idle_at_a_bias_of_nothing_is_an_idle(self, process):
        like = experiments.ramsey(np.array([1e-6, 3e-6]))

        def sequence(experiment, point):
            first, idle, last = like.protocol.sequence(experiment, point)
            return first, experiments.Idle(idle.duration, framed="q0", bias=0 * point["delay"]), last

        protocol = experiments.Protocol("biased", ("delay",), like.protocol.coordinates, 0, sequence)
        settings = {"drive_frequency": 5e9, "artificial_detuning": 0.0}
        biased = experiments.Experiment(protocol, ("q0",), like.coordinates, settings)
        twin = noisy(one_qubit(), trajectories=8, slow=FrequencyNoise("q0", 5e4, process))
        found = predict(twin, biased)
        np.testing.assert_allclose(found, predict(twin, like), atol=1e-12)
        assert np.max(np.abs(found - 1)) > 0.01

    def test_standard_error_is_that_of_the_cosine_of_a_gaussian_phase(self):
        source, times = FrequencyNoise("q0", 2e4, OneOverF()), np.array([1e-6, 3e-6, 8e-6])
        experiment = experiments.ramsey(times)
        chi = noise.ramsey_exponent(times, 2e4, TURN, 1.0)
        expected = (1 - np.exp(-2 * chi)) / np.sqrt(2 * 256)
        error = sampling_error(noisy(one_qubit(), slow=source), experiment)
        np.testing.assert_allclose(2 * error[0], expected, rtol=0.2)
        assert np.all(sampling_error(one_qubit(), experiment) == 0)


SOURCES = {
    "still": FluxNoise("q0", 2e-5),
    "drive": DriveNoise("q0", 0.04),
    "pink": FluxNoise("q0", 4e-6, OneOverF(lowest=10.0), also=Named({"q1": Share(0.5)})),
    "jumps": FrequencyNoise("q0", 4e4, Telegraph(1e5)),
}


def everything():
    """A sequence that feels flux, frequency and drive noise, while it idles and while it plays."""

    def sequence(_, point):
        pulse = Pulse("drive_q0", Square(20e-9), point["drive_amplitude"])
        turn = experiments.Play(Schedule((pulse,), window=20e-9))
        return (turn, experiments.Idle(1.5e-6), turn)

    rabi = experiments.rabi(np.array([0.1, 0.13]))
    protocol = experiments.Protocol("everything", ("drive_amplitude",), rabi.protocol.coordinates, 0, sequence)
    return experiments.Experiment(protocol, ("q0",), rabi.coordinates, {"drive_frequency": 4.9e9})


class TestDerivatives:
    """Every number of the noise group is a parameter like any other."""

    @staticmethod
    def twin():
        base = library.two_transmons().replace({"q0.frequency": 5e9, "q0.flux_offset": TILT})
        return noisy(base, trajectories=4, **SOURCES)

    def test_derivatives_of_a_fringe_are_right(self):
        sources = {name: source for name, source in SOURCES.items() if name != "drive"}
        base = library.transmon().replace({"q0.flux_offset": TILT})
        sources["pink"] = FluxNoise("q0", 4e-6, OneOverF(lowest=10.0))
        twin, experiment = noisy(base, trajectories=4, **sources), experiments.ramsey(np.array([2e-6]))
        paths = [path for path in twin.parameters.paths if path.startswith("noise.")]
        scale = np.array([twin.parameters[path].value for path in paths])

        @jax.jit
        def at(relative):
            moved = twin.replace(dict(zip(paths, relative * scale, strict=True)))
            return physics.populations(moved, experiment, {"delay": jnp.array([2e-6])})[0][0, 1, 0]

        ones = jnp.ones(len(paths))
        slopes = jax.jit(jax.jacfwd(at))(ones)
        steps = 1e-4 * np.eye(len(paths))
        differences = [(at(ones + step) - at(ones - step)) / 2e-4 for step in steps]
        np.testing.assert_allclose(slopes, differences, rtol=1e-5, atol=1e-9)
        assert np.min(np.abs(slopes)) > 1e-5

    @pytest.mark.slow
    def test_derivatives_in_every_parameter_of_the_noise_are_right(self):
        twin, experiment = self.twin(), everything()
        paths = [path for path in twin.parameters.paths if path.startswith("noise.")]
        assert paths == [
            "noise.still.amplitude",
            "noise.drive.amplitude",
            "noise.pink.amplitude",
            "noise.pink.process.lowest",
            "noise.pink.q1.share",
            "noise.jumps.amplitude",
            "noise.jumps.process.rate",
        ]
        points = {name: jnp.asarray(column) for name, column in experiment.points().items()}
        scale = np.array([twin.parameters[path].value for path in paths])

        @jax.jit
        def at(relative):
            moved = twin.replace(dict(zip(paths, relative * scale, strict=True)))
            return physics.populations(moved, experiment, points)[0][0, 1]

        ones = jnp.ones(len(paths))
        slopes = jax.jit(jax.jacfwd(at))(ones)
        backwards = jax.jit(jax.grad(lambda relative: at(relative)[0]))(ones)
        np.testing.assert_allclose(backwards, slopes[0], rtol=1e-7, atol=1e-12)
        for position, path in enumerate(paths):
            step = jnp.zeros(len(paths)).at[position].set(1e-4)
            difference = (at(ones + step) - at(ones - step)) / 2e-4
            np.testing.assert_allclose(slopes[:, position], difference, rtol=1e-5, atol=1e-9, err_msg=path)
            # the share of another qubit is felt by that qubit alone
            assert (float(jnp.max(jnp.abs(slopes[:, position]))) > 1e-5) == (path != "noise.pink.q1.share"), path

    def test_moving_the_noise_compiles_nothing_anew(self, monkeypatch):
        count, original = [], prediction.populations
        monkeypatch.setattr(prediction, "populations", lambda *a, **k: (count.append(1), original(*a, **k))[1])
        prediction._compiled.cache_clear()
        twin, experiment = self.twin(), experiments.ramsey(np.array([1e-6, 2e-6]), drive_frequency=4.9e9)
        first = predict(twin, experiment)
        for path in ("noise.still.amplitude", "noise.pink.amplitude", "noise.jumps.process.rate"):
            changed = predict(twin.replace({path: 1.1 * twin.parameters[path].value}), experiment)
            assert np.any(changed != first), path
        prediction._compiled.cache_clear()
        assert len(count) == 1


class TestSecondSolver:
    """The second solver averages over the same nodes, or says that it cannot."""

    @pytest.mark.parametrize(
        ("twin", "experiment"),
        [
            (one_qubit(flux_offset=TILT, t1=9e-6), experiments.ramsey(np.linspace(0, 6e-6, 4), drive_frequency=4.86e9)),
            pytest.param(
                library.two_transmons(dissipative=False),
                experiments.chevron(np.array([0.47, 0.5]), np.array([5e-9, 9e-9])),
                marks=pytest.mark.slow,
            ),
        ],
        ids=["ramsey", "chevron"],
    )  # fmt: skip
    def test_it_averages_over_the_same_nodes(self, twin, experiment):
        last = list(twin.chip.qubits)[-1]
        noised = noisy(twin, nodes=2, flux=FluxNoise(last, 2e-3), other=FrequencyNoise(last, 1e5))
        found = np.asarray(predict(noised, experiment, substeps=16))
        assert second_opinion(noised, experiment, found, points=2).deviation < 1e-6
        assert np.max(np.abs(found - predict(twin, experiment, substeps=16))) > 1e-3

    def test_a_carrier_does_not_follow_the_noise(self):
        # no setting tells the carrier, so it is the frequency of the qubit at rest
        twin = noisy(one_qubit(flux_offset=TILT), nodes=2, flux=FluxNoise("q0", 2e-3))
        schedule = Schedule((Pulse("drive_q0", Square(60e-9), 1 / 12),), window=60e-9)
        places = (1, -1)
        each = []
        for place in places:
            frequency = float(one_qubit(flux_offset=TILT + 2e-3 * place).chip.qubits["q0"].at_flux(0.0)[0])
            detuning = frequency - tilted()[1]
            rabi = np.hypot(100e6 / 12, detuning)
            each.append((100e6 / 12 / rabi) ** 2 * np.sin(np.pi * rabi * 60e-9) ** 2)
        assert np.mean(each) < 0.6
        assert float(physics.play(twin, schedule)[0, 1]) == pytest.approx(np.mean(each), abs=5e-3)

    @pytest.mark.parametrize("process", [OneOverF(), Telegraph(1e4)], ids=["sampled", "jumping"])
    def test_noise_without_nodes_is_refused(self, process):
        twin = noisy(one_qubit(), trajectories=2, slow=FrequencyNoise("q0", 1e4, process))
        with pytest.raises(ValueError, match=r"the second solver averages over the nodes .* \(slow\)"):
            second_opinion(twin, experiments.t1(np.array([1e-6])), np.zeros((1, 1)), points=1)

    @pytest.mark.parametrize("process", [OneOverF(), Telegraph(1e4)], ids=["sampled", "jumping"])
    def test_what_it_cannot_follow_is_left_out_of_a_recheck_and_named(self, process):
        sources = {"slow": FrequencyNoise("q0", 2e5, process), "still": FluxNoise("q0", 2e-4)}
        twin = noisy(one_qubit(flux_offset=TILT, t1=9e-6), trajectories=8, nodes=3, **sources)
        data = simulate(twin, experiments.ramsey(np.linspace(0, 6e-6, 4), drive_frequency=4.86e9), recheck=3)
        assert data.attrs["recheck_deviation"] < 1e-6
        assert data.attrs["recheck_without"] == "slow"
        # the data themselves have the noise
        still = noisy(one_qubit(flux_offset=TILT, t1=9e-6), nodes=3, still=sources["still"])
        plain = simulate(still, experiments.ramsey(np.linspace(0, 6e-6, 4), drive_frequency=4.86e9), recheck=3)
        assert "recheck_without" not in plain.attrs
        assert float(np.max(np.abs(data["population"] - plain["population"]))) > 0.01


def test_a_twin_without_slow_noise_has_no_parameter_of_it():
    assert not [path for path in library.two_transmons().parameters.paths if path.startswith("noise")]


def test_noise_on_other_qubits_costs_nothing_and_changes_nothing():
    twin, experiment = library.two_transmons(), experiments.t1(np.array([3e-6, 9e-6]))
    elsewhere = noisy(twin, flux=FluxNoise("q1", 1e-4, OneOverF()), drive=DriveNoise("q0", 0.1))
    np.testing.assert_array_equal(predict(elsewhere, experiment), predict(twin, experiment))


def test_noise_on_qubits_that_are_not_there_is_refused():
    with pytest.raises(ValueError, match="noise source `flux` acts on the qubit 'q7', but the chip has q0"):
        noisy(one_qubit(), flux=FluxNoise("q7"))
    with pytest.raises(ValueError, match="`nodes` of slow noise must be at least 1, got 0"):
        noisy(one_qubit(), nodes=0)
