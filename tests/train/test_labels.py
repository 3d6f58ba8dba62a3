"""What the world says of every token is true."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from minisora.train.labels import COLOUR, KIND, OUTPUTS, SIZE, foreground, frame_shots, label_loss, moves, token_labels
from minisora.world.scene import Actor, Character, Event, Scene, Shot


def scene(*events, x=0.1, seconds=2.0):
    cast = (Character("heart", "pink", "large"),)
    return Scene(cast, (Shot("snow", seconds, (Actor(0, x, events=events),)),))


# -- labels --------------------------------------------------------------------------------------------------------------


def test_labels_say_who_is_where():
    labels = token_labels(scene(), 17, 64, 64)
    assert labels.shape == (5, 4, 4, 7)
    here = labels[0, 2, 2]  # the token whose middle is 0.125 right of the frame's middle and 0.375 above its lower edge
    assert [int(value) for value in here[:3]] == [KIND.index("heart"), COLOUR.index("pink"), SIZE.index("large")]
    assert here[3] == pytest.approx(0.1 - 0.125, abs=2e-3)
    assert here[4] == pytest.approx(0.24 + 0.21 - 0.375, abs=2e-3), "its middle stands its half-height above the ground"
    assert not labels[:, 0].any() and not labels[:, :, 0].any(), "nobody is in the sky or at the left edge"


def test_labels_move_with_the_world():
    moving = token_labels(scene(Event("slide", 0.0, 2.0, "left", speed=0.25), x=0.3), 17, 64, 64)
    columns = [np.flatnonzero(frame[2, :, 0]).mean() for frame in moving]
    assert columns[0] > columns[-1] and columns == sorted(columns, reverse=True)
    assert moving[2][moving[2][..., 0] > 0][:, 5] == pytest.approx(-0.25, abs=0.01)


def test_frames_know_their_shot():
    two = Scene(scene().cast, (replace(scene().shots[0], seconds=1.125), replace(scene().shots[0], seconds=0.875)))
    assert frame_shots(two, 5).tolist() == [1, 1, 1, 2, 2]


def test_the_label_loss_is_small_for_the_truth_alone():
    labels = torch.from_numpy(token_labels(scene(), 17, 64, 64)).float().flatten(0, 2)[None]  # (1, N, 7)
    right = torch.zeros(1, labels.shape[1], OUTPUTS)
    for start, column in ((0, 0), (len(KIND), 1), (len(KIND) + len(COLOUR), 2)):
        right.scatter_(2, start + labels[..., column : column + 1].long(), 20.0)
    right[..., -4:] = labels[..., 3:]
    assert label_loss(right, labels) < 1e-3 < 1 < label_loss(right.roll(5, 1), labels)
    near = foreground(labels.view(1, 5, 4, 4, 7), (1, 2, 2))
    assert near.shape == (1, 5, 8, 8) and near.sum() == 4 * (labels[..., 0] > 0).sum()


def test_moves_finds_what_changes_and_nothing_else():
    latents = torch.randn(1, 16, 1, 4, 4).repeat(1, 1, 5, 1, 1)
    latents[:, :, 3:, 1, 2] += 1.0  # changes once, and stays
    latents[:, :, 4:, 0, 0] += 0.1
    found = moves(latents)
    assert found.shape == (1, 5, 4, 4) and found[0, 3, 1, 2] == 1 and found[0, 4, 0, 0] == pytest.approx(0.04, abs=1e-3)
    assert found.sum() == pytest.approx(1.04, abs=1e-3) and not found[:, 0].any()
    assert not moves(latents[:, :, :1]).any(), "a picture stands still"
