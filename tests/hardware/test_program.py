import hashlib

import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.hardware import BackendError, Capabilities, Channel, compile_program, hidden
from qrexplore.pulses import Gaussian, Pulse, Schedule, Square, sample
from qrexplore.twin import library


@pytest.fixture
def capabilities():
    return hidden.capabilities_of(library.two_transmons())


def flux_pulse(amplitude=0.49, *, duration=41e-9, window=61e-9):
    return Schedule((Pulse("flux_q1", Square(duration), amplitude),), window=window)


def test_samples_are_rounded_to_the_converter_and_zeros_fill_the_grid(capabilities):
    program = compile_program(flux_pulse(), capabilities)
    channel = capabilities.channels["flux_q1"]
    codes = program.codes["flux_q1"]
    assert codes.shape == (1, 64)
    assert np.array_equal(codes, np.rint(codes))
    assert codes[0, 0] == round(0.49 / (2.5 / 32767))
    assert not codes[0, 41:].any()
    assert np.array_equal(program.played["flux_q1"].values, codes * channel.step)


def test_nothing_is_clipped(capabilities):
    program = compile_program(flux_pulse(7.0), capabilities)
    assert program.played["flux_q1"].values.max() == pytest.approx(7.0, abs=1e-4)


def test_the_played_dataset_has_units_and_can_be_stored(capabilities, tmp_path):
    pulses = (Pulse("flux_q1", Square(20e-9), 0.3), Pulse("drive_q0", Gaussian(40e-9, 8e-9, 1e-9), 0.2, phase=0.5))
    program = compile_program(Schedule(pulses, window=40e-9), capabilities)
    played = program.played
    assert played["flux_q1"].dims == ("waveform", "time")
    assert played["drive_q0"].dims == ("waveform", "quadrature", "time")
    assert {played[name].attrs["units"] for name in played.data_vars} == {"V"}
    assert (played["time"].attrs["units"], float(played["time"][1])) == ("s", 1e-9)
    played.to_netcdf(tmp_path / "played.nc", engine="h5netcdf")


def test_the_hash_is_of_what_is_played(capabilities):
    def digest(schedule):
        return compile_program(schedule, capabilities).hash

    step = capabilities.channels["flux_q1"].step
    assert digest(flux_pulse(0.3)) == digest(flux_pulse(0.3 + step / 100))
    assert digest(flux_pulse(0.3)) != digest(flux_pulse(0.3 + step))
    assert digest(flux_pulse(0.0)) == digest(flux_pulse(-0.0))
    assert len(digest(flux_pulse())) == len(hashlib.sha256().hexdigest())


def test_what_is_played_is_a_schedule_that_samples_to_the_same_bits(capabilities):
    program = compile_program(flux_pulse(), capabilities)
    again = sample(program.schedule(), 1e9)
    assert np.asarray(again["flux_q1"]).tobytes() == program.waves["flux_q1"][0].tobytes()


def test_a_sweep_compiles_to_one_waveform_a_point(capabilities):
    heights, lengths = np.array([0.4, 0.5]), np.array([0.0, 10e-9, 20.5e-9])
    program = compile_program(experiments.chevron(heights, lengths), capabilities)
    wave = program.played["flux_q1"].values
    assert len(wave) == 6
    step = capabilities.channels["flux_q1"].step
    # a held wave has the area of the pulse
    areas = wave.sum(axis=1) * 1e-9
    assert areas == pytest.approx((heights[:, None] * lengths).ravel(), abs=21e-9 * step)


def test_static_levels_of_spectroscopy_are_part_of_the_program(capabilities):
    program = compile_program(experiments.flux_arc([-0.1, 0.2], [5e9, 5.1e9]), capabilities)
    assert program.levels["bias_q0"].tolist() == [-0.1, -0.1, 0.2, 0.2]


def test_experiments_that_differ_only_in_waiting_have_different_hashes(capabilities):
    short = compile_program(experiments.t1([1e-6, 2e-6]), capabilities)
    long = compile_program(experiments.t1([1e-6, 3e-6]), capabilities)
    assert short.hash != long.hash


def test_infinite_samples_stay_infinite_in_both_quadratures(capabilities):
    program = compile_program(Schedule((Pulse("drive_q0", Square(16e-9), np.inf),), window=16e-9), capabilities)
    assert np.isinf(program.codes["drive_q0"].real).all()


def test_lines_with_different_clocks_are_refused():
    channels = {"flux_q0": Channel("flux_q0", "baseband"), "flux_q1": Channel("flux_q1", "baseband", sample_rate=2e9)}
    pulses = tuple(Pulse(line, Square(20e-9), 0.1) for line in channels)
    with pytest.raises(BackendError, match=r"must have one clock, got \[1000000000.0, 2000000000.0\] Hz"):
        compile_program(Schedule(pulses, window=20e-9), Capabilities(channels, (), "simulated"))


def test_a_window_that_is_no_length_is_refused(capabilities):
    for window in (0.0, -1e-9, np.nan, np.inf):
        with pytest.raises(ValueError, match="`window` must be a positive number in s"):
            compile_program(flux_pulse(window=window), capabilities)


def test_a_sweep_is_no_single_schedule(capabilities):
    program = compile_program(experiments.chevron([0.4, 0.5], [1e-8]), capabilities)
    with pytest.raises(BackendError, match="a program of 2 points on 1 lines is no single schedule"):
        program.schedule()
