"""Schedules, the way into noise, and the samplers back: against the textbook's figures and against theory."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.core.diffusion import samplers, schedules
from models.core.diffusion.rates import Rates
from models.core.diffusion.samplers import Known, Step, Walk

SHAPE = (4, 6, 6, 1)


def begun(schedule, steps, *, seed=0, shape=SHAPE, **values):
    t = len(schedule) - 1
    x = samplers.draw(shape, seed, t, samplers.START)
    return Walk(schedule=schedule, x=x, times=samplers.times(t, steps), seed=seed, **values)


def knowing(x_0, schedule):
    """A predictor that knows the clean image, so that it sees exactly the noise that is there."""

    def predict(x, t):
        alpha_bar = float(schedule[t])
        return (x - math.sqrt(alpha_bar) * x_0) / math.sqrt(1.0 - alpha_bar)

    return predict


def gaussian(schedule, mean, variance):
    """What a perfect network predicts for images whose values are N(mean, variance): E[eps | x_t]."""

    def predict(x, t):
        alpha_bar = float(schedule[t])
        total = alpha_bar * variance + 1.0 - alpha_bar
        return math.sqrt(1.0 - alpha_bar) * (x - math.sqrt(alpha_bar) * mean) / total

    return predict


def waving(x, t):
    """Some predictor that is neither perfect nor simple."""
    return np.tanh(x) * np.float32(1.0 + 0.3 * math.sin(t)) + 0.1 * np.roll(x, 1, axis=1)


@given(st.integers(2, 4000), st.integers(1, 5000), st.floats(0, 1))
def test_times_fall_to_0_and_a_start_in_the_middle_joins_the_same_way(timesteps, steps, share):
    way = samplers.times(timesteps, steps)
    assert way[0] == timesteps and way[-1] == 0 and len(way) == min(steps, timesteps) + 1
    assert (np.diff(way) < 0).all()
    begin = max(1, round(share * timesteps))
    late = samplers.times(timesteps, steps, begin)
    assert late[0] == begin and late[-1] == 0 and set(late[1:]) == {t for t in way if t < begin}


def test_the_last_stride_can_begin_at_a_time_of_its_own():
    """As in the scheduler of Stable Diffusion 3, whose 28 steps are 27 equal ones and a short one."""
    way = samplers.times(1000, 28, last=1)
    assert len(way) == 29 and way[-2:] == (1, 0) and set(np.diff(way[:-1])) == {-37}
    assert samplers.times(1000, 28, 600, last=1) == (600, *(t for t in way if t < 600))
    assert samplers.times(1000, 1, last=1) == (1000, 0)
    assert samplers.times(1000, 1000, last=1) == tuple(range(1000, -1, -1))
    assert samplers.times(1000, 30, 100, last=210) == (100, 0)


def test_a_shifted_flow_stays_longer_in_noise():
    """Figures of KerasHub's scheduler with 28 steps."""
    rates = Rates.shifted_flow(1000, 3.0)
    assert rates.path == "flow" and rates.last == 1 and rates.noise[[0, 1000]].tolist() == [0.0, 1.0]
    np.testing.assert_allclose(rates.noise[[1, 38, 963]], [0.00892857, 0.11055, 0.98738], atol=2e-3)
    np.testing.assert_allclose(rates.signal + rates.noise, 1.0)
    assert (np.diff(rates.noise) > 0).all() and rates.noise[500] > Rates.flow(1000).noise[500]


# --- Into noise ---


@pytest.mark.parametrize("t", [1, 300, 700, 1000])
def test_the_moments_of_the_shortcut_are_those_of_theory(t):
    schedule = schedules.cosine(1000)
    x_0 = np.full((400, 10, 10, 1), 0.7, np.float32)
    x = samplers.forward(x_0, schedule, t, samplers.draw(x_0.shape, 5, t))
    spread = math.sqrt((1.0 - schedule[t]) / x.size)
    assert x.mean() == pytest.approx(math.sqrt(schedule[t]) * 0.7, abs=5 * spread)
    assert x.var() == pytest.approx(1.0 - schedule[t], rel=0.04)


def test_the_shortcut_is_the_sum_of_single_steps():
    schedule = schedules.linear(100)
    mean, variance = 1.0, 0.0
    for t in range(1, 101):
        alpha = schedule[t] / schedule[t - 1]
        mean, variance = math.sqrt(alpha) * mean, alpha * variance + 1.0 - alpha
        assert mean == pytest.approx(math.sqrt(schedule[t])) and variance == pytest.approx(1.0 - schedule[t])


def test_noise_depends_on_its_arguments_alone():
    one, many = samplers.draw((3, 4, 4, 1), 1, 9), samplers.draw((8, 4, 4, 1), 1, 9)
    np.testing.assert_array_equal(one, many[:3])
    others = [(2, 9, 0, 0), (1, 8, 0, 0), (1, 9, 1, 0), (1, 9, 0, 1)]
    assert all(not np.array_equal(one, samplers.draw((3, 4, 4, 1), *other)) for other in others)


# --- Back ---


@pytest.mark.parametrize("sampler", samplers.offered("diffusion"))
@pytest.mark.parametrize(("schedule", "steps"), [(schedules.cosine(200), 200), (schedules.linear(1000), 20)])
def test_a_perfect_predictor_recovers_the_picture(sampler, schedule, steps):
    x_0 = np.random.default_rng(0).uniform(-1, 1, SHAPE).astype(np.float32)
    for eta in (0.0, 1.0):
        found = list(samplers.SAMPLERS[sampler].back(knowing(x_0, schedule), begun(schedule, steps, eta=eta)))
        assert [step.t for step in found] == list(samplers.times(len(schedule) - 1, steps))
        assert found[-1].x.dtype == np.float32 and not found[-1].noise.any()
        np.testing.assert_allclose(found[-1].x, x_0, atol=2e-6)
        np.testing.assert_allclose(found[-2].x_0, x_0, atol=1e-4)


@pytest.mark.parametrize("schedule", [schedules.linear(500), schedules.cosine(500)])
def test_ddim_with_all_of_ddpm_s_noise_agrees_with_ddpm_at_every_step(schedule):
    predict = gaussian(schedule, mean=0.4, variance=0.09)
    shape = (400, 5, 5, 1)
    one, other = (
        list(sampler(predict, begun(schedule, 500, seed=seed, shape=shape, eta=1.0, clip=None)))
        for seed, sampler in ((1, samplers.ddpm), (2, samplers.ddim))
    )
    for a, b in zip(one, other, strict=True):
        alpha_bar = schedule[a.t]
        total = alpha_bar * 0.09 + 1.0 - alpha_bar  # of q(x_t) in theory
        for step in (a, b):
            assert step.x.mean() == pytest.approx(math.sqrt(alpha_bar) * 0.4, abs=0.04)
            assert step.x.var() == pytest.approx(total, rel=0.08)


@pytest.mark.parametrize("steps", [8, 16])
def test_the_second_order_is_nearer_to_the_end_than_the_first(steps):
    schedule = schedules.linear(1000)
    predict = gaussian(schedule, mean=0.4, variance=0.09)

    def end(sampler, many):
        return list(sampler(predict, begun(schedule, many, clip=None)))[-1].x

    truth = end(samplers.ddim, 1000)
    second, first = (
        np.abs(end(s, n) - truth).mean() for s, n in ((samplers.dpm_solver, steps), (samplers.ddim, 2 * steps))
    )
    assert second < 0.7 * first  # with as many looks of the network


@pytest.mark.parametrize("sampler", samplers.offered("diffusion"))
@pytest.mark.parametrize("known", [False, True])
def test_whoever_starts_again_in_the_middle_gets_the_same_pictures(sampler, known):
    schedule = schedules.cosine(100)
    mask = np.zeros((1, 6, 6, 1), bool)
    mask[:, 2:4] = True
    kept = Known(np.zeros(SHAPE, np.float32), mask) if known else None
    walk = begun(schedule, 20, seed=3, eta=0.5, known=kept, repeats=3)
    whole = list(samplers.SAMPLERS[sampler].back(waving, walk))
    assert whole[-1].x.std() > 0.01
    for at in (0, 7, 13, 19, 20):
        middle = Walk(
            schedule, whole[at].x, samplers.times(100, 20, whole[at].t), seed=3, eta=0.5, known=kept, repeats=3
        )
        rest = list(samplers.SAMPLERS[sampler].back(waving, middle))
        assert len(rest) == len(whole) - at
        for left, right in zip(whole[at:], rest, strict=True):
            assert left.t == right.t
            for a, b in zip(left[1:], right[1:], strict=True):
                np.testing.assert_array_equal(a, b)


def end_of(sampler, walk):
    return list(samplers.SAMPLERS[sampler].back(waving, walk))[-1].x


@pytest.mark.parametrize(("sampler", "eta", "noisy"), [("ddpm", 0.0, True), ("ddim", 1.0, True), ("ddim", 0.0, False)])
def test_another_seed_in_the_middle_changes_the_future_where_there_is_noise(sampler, eta, noisy):
    schedule = schedules.cosine(50)
    start = samplers.draw(SHAPE, 0, 30)
    ends = [end_of(sampler, Walk(schedule, start, samplers.times(50, 50, 30), seed, eta)) for seed in (1, 2)]
    assert np.array_equal(*ends) is not noisy


@pytest.mark.parametrize("sampler", samplers.offered("diffusion"))
@pytest.mark.parametrize("repeats", [1, 4])
def test_inpainting_keeps_what_is_known_and_paints_the_rest(sampler, repeats):
    schedule = schedules.cosine(100)
    x_0 = np.random.default_rng(1).uniform(-1, 1, SHAPE).astype(np.float32)
    mask = np.zeros((1, 6, 6, 1), bool)
    mask[:, 1:5, 1:5] = True
    outside = np.broadcast_to(~mask, SHAPE)
    ends = [end_of(sampler, begun(schedule, 10, seed=s, known=Known(x_0, mask), repeats=repeats)) for s in range(16)]
    for end in ends:
        np.testing.assert_array_equal(end[outside], x_0[outside])
    assert all(np.abs(a - b)[~outside].max() > 0.01 for i, a in enumerate(ends) for b in ends[:i])


def test_a_step_says_what_it_sees_and_cuts_it():
    schedule = schedules.cosine(100)
    x = samplers.draw(SHAPE, 0, 0)
    free = samplers.look(waving, Walk(schedule, x, (60, 0), clip=None), x, 60)
    cut = samplers.look(waving, Walk(schedule, x, (60, 0), clip=0.5), x, 60)
    np.testing.assert_allclose(free.noise, waving(x, 60), atol=1e-6)
    for step in (free, cut):  # x_t is what both make of it
        np.testing.assert_allclose(samplers.forward(step.x_0, schedule, 60, step.noise), x, atol=1e-5)
    assert np.abs(free.x_0).max() > 0.5 >= np.abs(cut.x_0).max()
    assert isinstance(cut, Step)


def test_guidance_goes_from_no_condition_over_it_to_more_of_it():
    asked = []

    def one(x, t):
        asked.append("with")
        return np.ones_like(x)

    def none(x, t):
        asked.append("without")
        return np.zeros_like(x)

    x = np.zeros(SHAPE, np.float32)
    for scale, looks in ((0.0, 1), (1.0, 1), (0.5, 2), (3.0, 2)):
        asked.clear()
        np.testing.assert_allclose(samplers.guided(one, none, scale)(x, 1), scale)
        assert len(asked) == looks


def test_eta_1_has_the_mean_of_ddpm_and_the_smaller_of_its_two_variances():
    """Ho et al. 2020, section 3.2: DDPM here adds beta_t, DDIM with eta = 1 the posterior's variance."""
    schedule, shape, t = schedules.linear(100), (2000, 5, 5, 1), 10
    x = np.repeat(samplers.draw((1, *shape[1:]), 0, 0), shape[0], axis=0)
    ends = {}
    for name, sampler in (("ddpm", samplers.ddpm), ("ddim", samplers.ddim)):
        walk = Walk(schedule, x, (t, t - 1, 0), seed=1, eta=1.0, clip=None)
        steps = sampler(waving, walk)
        next(steps)
        ends[name] = next(steps).x
    np.testing.assert_allclose(ends["ddpm"].mean(axis=0), ends["ddim"].mean(axis=0), atol=5e-3)
    beta = 1.0 - schedule[t] / schedule[t - 1]
    posterior = (1.0 - schedule[t - 1]) / (1.0 - schedule[t]) * beta
    assert posterior < 0.95 * beta
    for name, variance in (("ddpm", beta), ("ddim", posterior)):
        assert ends[name].var(axis=0).mean() == pytest.approx(variance, rel=0.02)


# --- Rectified flow, and velocity ---

PATHS = {
    "cosine": Rates.preserving(schedules.cosine(100)), "linear": Rates.preserving(schedules.linear(100)),
    "flow": Rates.flow(100),
}  # fmt: skip


def moving(rates, x_0):
    """A predictor of the velocity that knows the clean image."""
    signal, noise = rates.slopes()

    def predict(x, t):
        eps = (x.astype(np.float64) - rates.signal[t] * x_0) / rates.noise[t]
        return (signal[t] * x_0 + noise[t] * eps).astype(np.float32)

    return predict


def drawn(seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, SHAPE).astype(np.float32), rng.standard_normal(SHAPE, np.float32)


@pytest.mark.parametrize("name", PATHS)
@given(t=st.integers(1, 100), seed=st.integers(0, 1000))
def test_a_perfect_velocity_gives_back_the_image_and_the_noise_from_any_time(name, t, seed):
    rates, (x_0, eps) = PATHS[name], drawn(seed)
    signal, noise = rates.slopes()
    velocity = (signal[t] * x_0 + noise[t] * eps).astype(np.float32)
    found = rates.seen(rates.noisy(x_0, t, eps), t, velocity, "velocity")
    np.testing.assert_allclose(found[0], x_0, atol=1e-5)
    np.testing.assert_allclose(found[1], eps, atol=1e-5)


@pytest.mark.parametrize("name", PATHS)
@given(t=st.integers(1, 90), seed=st.integers(0, 1000))
def test_perfect_noise_gives_back_the_image_where_there_is_some(name, t, seed):
    rates, (x_0, eps) = PATHS[name], drawn(seed)
    found, _ = rates.seen(rates.noisy(x_0, t, eps), t, eps, "noise")
    np.testing.assert_allclose(found, x_0, atol=1e-5)


@pytest.mark.parametrize("sampler", samplers.offered("flow"))
@pytest.mark.parametrize("steps", [1, 7, 100])
def test_a_perfect_velocity_leads_back_along_a_flow(sampler, steps):
    x_0, x = drawn(0)[0], samplers.draw(SHAPE, 0, 100, samplers.START)
    walk = Walk(Rates.flow(100), x, samplers.times(100, steps), prediction="velocity")
    found = list(samplers.SAMPLERS[sampler].back(moving(walk.rates, x_0), walk))
    np.testing.assert_allclose(found[-1].x, x_0, atol=1e-5)
    np.testing.assert_allclose(found[0].x_0, x_0, atol=1e-5)


def flowing(x, t):
    """The velocity of images that are N(0.4, 0.09), which a perfect network predicts: E[eps - x_0 | x_t]."""
    s = t / 1000
    total = (1.0 - s) ** 2 * 0.09 + s**2
    apart = x - (1.0 - s) * 0.4
    return ((s - (1.0 - s) * 0.09) / total * apart - 0.4).astype(np.float32)


def flow_walk(steps):
    x = samplers.draw((4, 20, 20, 1), 0, 1000, samplers.START)
    return Walk(Rates.flow(1000), x, samplers.times(1000, steps), clip=None, prediction="velocity")


def test_euler_on_a_flow_is_ddim_on_its_rates():
    ends = [list(sampler(flowing, flow_walk(20))) for sampler in (samplers.euler, samplers.ddim)]
    for left, right in zip(*ends, strict=True):
        np.testing.assert_allclose(left.x, right.x, atol=1e-5)


def test_heun_is_nearer_to_the_end_than_euler_with_as_many_looks():
    truth = list(samplers.euler(flowing, flow_walk(1000)))[-1].x
    errors = [
        np.abs(list(sampler(flowing, flow_walk(steps)))[-1].x - truth).mean()
        for sampler, steps in ((samplers.heun, 8), (samplers.euler, 16))
    ]
    assert errors[0] < 0.7 * errors[1]
    assert abs(truth.mean() - 0.4) < 0.03 and abs(truth.std() - 0.3) < 0.03


def test_going_on_into_noise_has_the_moments_of_going_there_at_once():
    for rates in PATHS.values():
        x_0 = np.full((400, 10, 10, 1), 0.7, np.float32)
        x = rates.noisy(x_0, 20, samplers.draw(x_0.shape, 1, 20))
        there = rates.later(x, 20, 60, samplers.draw(x_0.shape, 2, 60))
        assert there.mean() == pytest.approx(rates.signal[60] * 0.7, abs=0.02)
        assert there.std() == pytest.approx(rates.noise[60], rel=0.02)
