"""What the oracle is said to see."""

import numpy as np
import pytest

from minisora.video import Video
from minisora.widgets.opinion import asked, opinion
from minisora.world.render import render
from minisora.world.scene import Actor, Character, Event, Scene, Shot


@pytest.mark.parametrize(
    "sentence, there, who",
    [
        ("a red ball hops over a small blue box in the snow", ["snow"], [("red", "ball"), ("blue", "box")]),
        ("A crimson, big sphere", [], [("red", ""), ("", "ball")]),
        ("two huge crimson spheres in a green field", ["meadow"], [("red", "ball")]),
        ("a star first spins, then turns blue at night", ["night"], [("", "star"), ("blue", "")]),
        ("boxes and crosses", [], [("", "box"), ("", "cross")]),
        ("spring is coming", [], []),
    ],
)
def test_what_a_sentence_asks_for(sentence, there, who):
    assert asked(sentence) == (there, who)


def test_it_tells_what_is_seen_and_what_was_asked():
    spin = Event("spin", 0.0, 2.0)
    scene = Scene((Character("star", "green", "large"),), (Shot("snow", 2.0, (Actor(0, 0.0, events=(spin,)),)),))
    told = opinion("a green star and a red heart spin in the snow, not at night", Video(render(scene)))
    assert told.startswith("The oracle sees: a green star that spins; place: snow.")
    assert told.endswith("Asked for: ✓ green star, ✗ red heart, ✓ snow, ✗ night.")


def test_it_has_none_of_a_picture():
    assert opinion("a ball", Video(np.zeros((1, 64, 64, 3), np.uint8))) == ""
