"""The renderer's pixels are those that the weights were trained on."""

import cv2
import numpy as np

from minisora.world.render import render
from minisora.world.scene import Actor, Camera, Character, Cookie, Event, Identity, Scene, Shot


def one(kind="ball", colour="red", size="medium", x=0.0, events=(), look="flat", place="snow", identity=Identity(), aspect=1.0, **shot):
    actor = Actor(0, x, shot.pop("y", 0.0), shot.pop("depth", "middle"), tuple(events))
    return Scene((Character(kind, colour, size, identity),), (Shot(place, 2.0, (actor,), **shot),), look, aspect)


def coarse(scene, side=8, time=0.0):
    """The mean colour of each of side × side fields of one frame."""
    frame = render(scene, times=[time])[0].astype(float)
    return cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA)  # (side, side, 3)


def test_pixels_are_those_that_the_weights_were_trained_on():
    """Mean colours of 4 × 4 fields, recorded. Who changes the pixels trains anew, and records anew."""
    for name, (scene, time) in golden().items():
        np.testing.assert_allclose(coarse(scene, 4, time), GOLDEN[name], atol=1.0, err_msg=name)


def golden():
    striped = Identity(3.0, 1.1, -0.5, "stripes", 0.3)
    spin, grow, eat = Event("spin", 0, 2, "left"), Event("grow", 0, 2), Event("eat", 0, 2, "right")
    return {
        "flat": (one("star", "yellow", "large", events=[spin], place="night", identity=striped, camera=Camera("pan left", 0.2)), 1.25),
        "ink": (one("heart", "pink", events=[grow], look="ink", place="city", camera=Camera("zoom in", 1.4), layout=3), 1.0),
        "crayon": (one("drop", "cyan", x=-0.3, events=[eat], look="crayon", place="beach", cookie=Cookie(0.15), layout=9), 2.0),
    }


GOLDEN = {
    "flat": [
        [[46, 48, 66], [44, 46, 64], [22, 24, 48], [27, 30, 53]],
        [[29, 31, 52], [66, 66, 53], [81, 80, 56], [30, 32, 53]],
        [[52, 58, 62], [96, 98, 52], [144, 143, 72], [59, 64, 64]],
        [[43, 54, 57], [45, 56, 57], [43, 56, 57], [43, 56, 59]],
    ],
    "ink": [
        [[212, 213, 214], [225, 228, 228], [221, 224, 227], [206, 208, 212]],
        [[184, 182, 182], [169, 137, 159], [179, 148, 169], [201, 197, 193]],
        [[193, 190, 189], [186, 129, 165], [186, 130, 166], [202, 199, 195]],
        [[186, 184, 183], [164, 161, 162], [170, 168, 168], [178, 175, 176]],
    ],
    "crayon": [
        [[193, 217, 233], [201, 220, 227], [194, 217, 225], [181, 212, 232]],
        [[189, 213, 226], [182, 212, 226], [184, 212, 228], [195, 217, 229]],
        [[190, 196, 186], [124, 187, 185], [137, 147, 131], [193, 200, 190]],
        [[226, 211, 179], [212, 198, 166], [218, 203, 174], [223, 208, 179]],
    ],
}
