"""MiniSora with random weights, and with the repository's own where they are there."""

import pytest
import torch

from minisora import MiniSora, UserError, Video

PROMPT = "a red ball hops over a blue box"


def test_the_same_request_gives_the_same_bytes(tiny, tiny_folder):
    again = MiniSora.from_pretrained(tiny_folder)
    one, other = (again.generate(PROMPT, seconds=1, steps=3, seed=5) for _ in range(2))
    assert isinstance(one, Video) and one.frames.tobytes() == other.frames.tobytes()
    assert one.to_bytes() == other.to_bytes()


@pytest.mark.parametrize("change", [dict(seed=6), dict(prompt="a blue box in the snow"), dict(steps=4), dict(guidance=1.0)])
def test_another_request_gives_another_video(tiny, change):
    request = dict(prompt=PROMPT, seconds=1, steps=3, seed=5, guidance=3.0)
    assert (tiny.generate(**request).frames != tiny.generate(**{**request, **change}).frames).any()


@pytest.mark.parametrize(
    "seconds, height, width, shape",
    [
        (2, 64, 64, (17, 64, 64)), (4, 32, 48, (33, 32, 48)), (0.01, 32, 32, (5, 32, 32)), (1, 40, 72, (9, 40, 72)),
        (1.2, 64, 96, (9, 64, 96)), (8, 32, 32, (65, 32, 32)),
    ],
)  # fmt: skip
def test_sizes_and_lengths(tiny, seconds, height, width, shape):
    video = tiny.generate(PROMPT, seconds, height, width, steps=1)
    assert video.frames.shape == (*shape, 3) and video.fps == 8 and video.alt == PROMPT


def test_progress_counts_every_step(tiny):
    told = []
    tiny.generate(PROMPT, seconds=1, steps=4, progress=lambda done, steps: told.append((done, steps)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_unknown_words_are_listed_and_left_out(tiny):
    video = tiny.generate("a red bal hops quixotically over a blue box", seconds=1, steps=2)
    assert [word for word, _ in video.unknown] == ["bal", "quixotically"] and "ball" in video.unknown[0][1]
    plain = tiny.generate("a red hops over a blue box", seconds=1, steps=2)
    assert plain.unknown == () and (plain.frames == video.frames).all()


def test_a_sentence_of_unknown_words_is_no_error(tiny):
    assert tiny.generate("xyzzy plugh", seconds=1, steps=1).unknown == (("xyzzy", []), ("plugh", []))


def test_known_frames_stay_bit_for_bit(tiny):
    shape = tiny.latent_shape(17, 64, 64)
    clean = torch.randn(shape)
    known = torch.tensor([[True, False, False, True, False]])
    *_, last = tiny.sample_steps(PROMPT, 17, 64, 64, steps=3, known=known, clean=clean)
    assert (last.x[:, :, [0, 3]] == clean[:, :, [0, 3]]).all() and (last.x[:, :, [1, 2, 4]] != clean[:, :, [1, 2, 4]]).any()


def test_guidance_leads_away_from_a_worse_network(tiny):
    ends = {weak: list(tiny.sample_steps(PROMPT, 9, 64, 64, steps=3, weak=weak))[-1].x for weak in (None, 0, 1, 7)}
    assert not torch.equal(ends[None], ends[0]) and not torch.equal(ends[0], ends[1])
    assert torch.equal(ends[7], ends[1]), "a shallow network lacks its last block"
    plain, other = (list(tiny.sample_steps(PROMPT, 9, 64, 64, steps=3, weak=weak, guidance=1.0))[-1].x for weak in (None, 0))
    assert torch.equal(plain, other), "without guidance there is nothing to lead away from"


def test_no_gradients_are_kept_and_none_are_switched_off_for_whoever_watches(tiny):
    for step in tiny.sample_steps(PROMPT, 9, 64, 64, steps=2):
        assert torch.is_grad_enabled() and not step.x.requires_grad and not step.clean.requires_grad


def test_an_edit_keeps_its_noise_and_the_rest_draws_it_anew(tiny):
    clean = torch.randn(tiny.latent_shape(9, 64, 64))

    def end(**options):
        *_, last = tiny.sample_steps(PROMPT, 9, 64, 64, steps=3, seed=1, **options)
        return last.x

    assert torch.equal(end(), end(eta=1.0)) and not torch.equal(end(), end(eta=0.0))
    assert torch.equal(end(start=0.7, clean=clean), end(start=0.7, clean=clean, eta=0.0))


@pytest.mark.parametrize(
    "change, said",
    [
        (dict(prompt=""), "empty"), (dict(prompt=" \n"), "empty"), (dict(prompt="word " * 1000), "1000 words"),
        (dict(seconds=0), "seconds=0"), (dict(seconds=-1), "seconds=-1"), (dict(seconds=8.1), "up to 8 s, and longer ones by extension"),
        (dict(seconds=float("nan")), "seconds=nan"), (dict(seconds=float("inf")), "seconds=inf"),
        (dict(height=65), "Try height=64"), (dict(width=8), "Try width=32"), (dict(width=100000), "Try width=256"),
        (dict(height=0), "height=0"), (dict(height=-64), "height=-64"),
        (dict(guidance=float("nan")), "guidance=nan"), (dict(guidance=float("inf")), "guidance=inf"), (dict(guidance=-1), "guidance=-1"),
        (dict(steps=0), "steps=0"), (dict(seed=-1), "seed=-1"), (dict(seed=2**64), "seed="),
    ],
)  # fmt: skip
def test_impossible_requests_get_one_line(tiny, change, said):
    with pytest.raises(UserError) as told:
        tiny.generate(**{"prompt": PROMPT, "steps": 1, **change})
    assert said in str(told.value) and "\n" not in str(told.value)


def redness(frame):
    """(H, W): by how much a pixel is more red than green and blue."""
    return frame.astype(int)[..., 0] - frame.astype(int)[..., 1:].max(-1)


def test_the_shipped_weights_make_what_they_are_asked_for(shipped):
    video = shipped.generate("a red ball rolls right in the snow", seed=0)
    assert video.frames.shape == (17, 64, 64, 3) and video.unknown == ()
    assert all((redness(frame) > 60).sum() > 20 for frame in video.frames[[0, -1]]), "no red ball is to be seen"
    assert video.frames[:, 52:].mean() > 190, "the ground is not of snow"
    night = shipped.generate("a flat cartoon of a green box that stays still at night", seed=0)  # in ink a night is pale
    assert (redness(night.frames[0]) > 60).sum() <= 20 and night.frames[:, 52:].mean() < 100
