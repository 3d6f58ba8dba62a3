"""The oracle sees through coding as a person does, and no further: what is in a coded video is recognised, what is not stays wrong."""

import cv2
import numpy as np
import pytest

from minisora.bench.coding import FRAMES, axes, coded, group
from minisora.bench.colours import blobs, label
from minisora.bench.oracle import judge
from minisora.bench.suites import core
from minisora.bench.track import tracks
from minisora.world.caption import caption, claims
from minisora.world.render import render
from minisora.world.sample import sample_scene
from minisora.world.scene import COLOURS

SEEN = 128  # components: of 768 numbers in a block


# The code --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def video():
    return render(sample_scene(3, 2.0, split="heldout"))


def test_the_axes_are_orthonormal():
    along = axes()[1]
    np.testing.assert_allclose(along.T @ along, np.eye(along.shape[1]), atol=1e-4)


def test_more_components_are_nearer(video):
    away = [np.square(coded(video, count) - video.astype(float)).mean() for count in (8, 32, 96, 192)]
    assert away == sorted(away, reverse=True) and away[0] > 3 * away[-1] > 0


def test_what_is_coded_twice_changes_no_more(video):
    once = coded(video, 96).astype(int)
    assert np.abs(coded(once.astype(np.uint8), 96) - once).mean() < 0.1 * np.abs(once - video).mean()


@pytest.mark.parametrize("t", [0, 1, 4, 5, 16])
def test_a_frame_is_coded_with_its_group_alone(video, t):
    np.testing.assert_array_equal(coded(video[group(t)], 64)[(t - 1) % FRAMES], coded(video, 64)[t])


# What the oracle sees in it --------------------------------------------------------------------------------------------


def test_coded_truth_is_recognised():
    found: dict[str, list[bool]] = {}
    for case in core(36, seed=5):
        for dimension, right in judge(coded(case.truth(), SEEN), case.claims):
            found.setdefault(dimension, []).append(right)
    for dimension, rights in found.items():
        assert np.mean(rights) >= min(0.88, 1 - 1.5 / len(rights)), f"{dimension}: {np.mean(rights):.3f} of {len(rights)}"


@pytest.mark.parametrize("lasting", [False, True], ids=["another in each frame", "one for all frames"])
def test_a_melted_shape_is_none_however_it_is_coded(lasting):
    kept, passed = [], []
    rng = np.random.default_rng(0)
    for seed in range(24):
        scene = sample_scene(seed, split="heldout", characters=1)
        asked = tuple(c for c in claims(scene, caption(scene, "detailed", seed)) if c.dimension in ("colour", "kind"))
        video = render(scene)
        fields = [field(rng, *video.shape[1:3])] * len(video) if lasting else [field(rng, *video.shape[1:3]) for _ in video]
        melted = np.stack([bent(frame, one) for frame, one in zip(video, fields, strict=True)])
        kept.append(dict(judge(coded(video, SEEN), asked))["kind"])
        passed.append(dict(judge(coded(melted, SEEN), asked))["kind"])
    assert np.mean(kept) >= 0.9 and np.mean(passed) <= 0.4, (np.mean(kept), np.mean(passed))


def field(rng, H, W, strength=3.5):
    """Smooth random shifts (H, W, 2) of some pixels."""
    return cv2.resize(rng.standard_normal((9, 9, 2)).astype(np.float32), (W, H), interpolation=cv2.INTER_CUBIC) * strength


def bent(frame, shifts):
    H, W, _ = frame.shape
    columns, rows = np.meshgrid(np.arange(W, dtype=np.float32), np.arange(H, dtype=np.float32))
    return cv2.remap(frame, columns + shifts[..., 0], rows + shifts[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


# What codes do to patches of colour --------------------------------------------------------------------------------------

GREEN, PURPLE = (40, 200, 60), (150, 50, 220)


def drawn(*things):
    """A dull frame with discs and boxes: (colour, x, y, radius) or (colour, left, top, right, bottom)."""
    frame = np.full((64, 64, 3), 170, np.uint8)
    for colour, *place in things:
        if len(place) == 3:
            cv2.circle(frame, place[:2], place[2], colour, -1)
        else:
            cv2.rectangle(frame, place[:2], place[2:], colour, -1)
    return frame


def seen(frame):
    labels, colour = label(frame[None])
    return blobs(labels[0], colour[0])


def test_copies_that_touch_are_two():
    assert len(seen(drawn((GREEN, 20, 30, 7), (GREEN, 34, 30, 7)))) == 2
    assert len(seen(drawn((GREEN, 20, 30, 7), (GREEN, 33, 30, 7), (GREEN, 46, 31, 7)))) == 3
    assert len(seen(drawn((GREEN, 30, 16, 7), (GREEN, 30, 30, 7)))) == 2


def test_what_is_whole_stays_whole():
    assert len(seen(drawn((GREEN, 20, 30, 7), (GREEN, 24, 30, 7)))) == 1  # too short for two
    assert len(seen(drawn((GREEN, 20, 20, 23, 40)))) == 1  # all that is seen of somebody behind a screen
    assert len(seen(drawn((GREEN, 20, 20, 45, 35)))) == 1  # long, but nowhere thinner


def test_specks_do_not_become_somebody():
    """A code leaves specks of other colours at an outline; who turns into such a colour later is still the one who was there."""
    frames = [drawn((GREEN if t < 9 else PURPLE, 30, 40, 7), *[(PURPLE, 38, 32, 40, 34)] * (t in (1, 5))) for t in range(17)]
    frames[8] = drawn((PURPLE, 30, 40, 7), (GREEN, 32, 29, 36, 31))  # the last that is left of the green
    found = tracks(np.stack(frames))
    assert [(COLOURS[one.colour], COLOURS[one.turns]) for one in found] == [("green", "purple")]
    assert found[0].seen.all()
