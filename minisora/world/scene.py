"""What is in a video of the toy world: plain, frozen data, sampled from a seed and written as JSON.

Units. Length: 1 unit is the shorter side of the frame. Time: seconds. Angle: radians, counter-clockwise.
x grows to the right and is 0 at the middle of the frame; y grows upwards and is 0 on the ground's middle line.
The ground's middle line lies `GROUND` units above the lower edge of the frame.
"""

import json
from dataclasses import asdict, dataclass, field

FPS = 8
MAX_SECONDS = 60.0
GROUND = 0.24  # units between the lower edge of the frame and y = 0
GRAVITY = 2.4  # units / s²
RESTITUTION = 0.6  # speed kept by a bounce

KINDS = ("ball", "box", "triangle", "star", "heart", "cross", "ring", "drop")
COLOURS = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
SIZES = {"small": 0.10, "medium": 0.15, "large": 0.21}  # half-height in units
PATTERNS = ("plain", "stripes", "spots")
PLACES = ("meadow", "snow", "beach", "desert", "forest", "city", "night", "moon")
LOOKS = ("flat", "ink", "crayon")
CAMERAS = ("still", "pan left", "pan right", "zoom in", "zoom out", "follow")
RELATIONS = ("left of", "right of", "above", "below", "behind", "in front of")
DEPTHS = {"back": 0.07, "middle": 0.0, "front": -0.09}  # where the feet stand: units above y = 0
ACTIONS = (
    "stay", "slide", "roll", "hop", "jump over", "fall", "float", "spin", "grow", "shrink",
    "circle", "hide", "leave", "chase", "push", "eat", "change colour",
)  # fmt: skip


@dataclass(frozen=True)
class Identity:
    """What makes this character itself and no caption mentions."""

    hue: float = 0.0  # degrees away from the colour's own hue, in [-7, 7]
    eye: float = 1.0  # size of the eyes, in [0.8, 1.2]
    gaze: float = 0.0  # where the pupils look, in [-1, 1]: left to right
    pattern: str = "plain"  # one of PATTERNS
    phase: float = 0.0  # where the pattern starts, in [0, 1)


@dataclass(frozen=True)
class Character:
    """One member of the cast. Members of the same `colour` are copies of one another ("two red balls")."""

    kind: str
    colour: str
    size: str
    identity: Identity = Identity()


@dataclass(frozen=True)
class Event:
    """What one actor does from `start` to `end` (seconds of its shot)."""

    action: str
    start: float
    end: float
    direction: str = ""  # "left", "right" or "" where the action has none
    target: int = -1  # index in Scene.cast of whom it concerns; -1: nobody (or the cookie, for "eat")
    speed: float = 0.0  # units / s; 0: the action's own
    amount: float = 0.0  # height, radius or factor, as the action reads it; 0: the action's own
    colour: str = ""  # "change colour": what it turns into


@dataclass(frozen=True)
class Actor:
    """A cast member in a shot: where it starts, how deep it stands, what it does one thing after another."""

    member: int  # index in Scene.cast
    x: float
    y: float = 0.0  # height of its feet above the ground where it stands
    depth: str = "middle"
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Cookie:
    """The one thing that can be eaten. It stands on the ground; its bites stay."""

    x: float
    radius: float = 0.11
    depth: str = "middle"


@dataclass(frozen=True)
class Camera:
    move: str = "still"
    speed: float = 0.0  # pan: units / s; zoom: factor over the whole shot, 1.5 is half as big again
    target: int = -1  # "follow": index in Scene.cast


@dataclass(frozen=True)
class Relation:
    """`a` stands in `kind` to `b` in every frame of the shot; indices in Scene.cast."""

    kind: str
    a: int
    b: int


@dataclass(frozen=True)
class Shot:
    place: str
    seconds: float
    actors: tuple[Actor, ...]
    camera: Camera = Camera()
    cookie: Cookie | None = None
    relations: tuple[Relation, ...] = ()
    layout: int = 0  # seed of where the place's hills, trees and tufts are


@dataclass(frozen=True)
class Scene:
    """A whole video: one look and one cast, in one shot or several with cuts between them."""

    cast: tuple[Character, ...]
    shots: tuple[Shot, ...]
    look: str = "flat"
    aspect: float = 1.0  # width / height of the frame
    seed: int = field(default=0, compare=False)

    @property
    def seconds(self) -> float:
        return sum(shot.seconds for shot in self.shots)

    @property
    def span(self) -> tuple[float, float]:
        """Width and height of the frame in units; the shorter is 1."""
        return max(self.aspect, 1.0), max(1 / self.aspect, 1.0)

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Scene":
        """The scene that `to_json` wrote. Raises ValueError when `text` is not one."""
        try:
            raw = json.loads(text)
            cast = tuple(Character(**{**c, "identity": Identity(**c["identity"])}) for c in raw.pop("cast"))
            shots = tuple(_shot(s) for s in raw.pop("shots"))
            return cls(cast=cast, shots=shots, **raw)
        except (TypeError, KeyError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"not the JSON of a scene: {error}. Write one with Scene.to_json().") from error


def _shot(raw: dict) -> Shot:
    actors = tuple(Actor(**{**a, "events": tuple(Event(**e) for e in a["events"])}) for a in raw["actors"])
    cookie = Cookie(**raw["cookie"]) if raw["cookie"] else None
    relations = tuple(Relation(**r) for r in raw["relations"])
    return Shot(**{**raw, "actors": actors, "camera": Camera(**raw["camera"]), "cookie": cookie, "relations": relations})


def frame_count(seconds: float, fps: int = FPS) -> int:
    """Frames of a video of `seconds`: 1 + 4k, the nearest that the autoencoder can code. 0 seconds is an image."""
    return 1 + 4 * round(seconds * fps / 4)
