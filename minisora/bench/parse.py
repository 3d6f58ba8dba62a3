"""A video in, what is in it out: who, where, how large, doing what, seen by which camera. Pixels alone. Built in chapter 8."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path as FilePath

import cv2
import numpy as np

from minisora.world.scene import ACTIONS, COLOURS, FPS, KINDS, LOOKS, PLACES, SIZES

from .backdrop import Backdrop, recognise
from .camera import Path, camera
from .colours import COOKIE, NOTHING, apart, label
from .eye import MESS, Eye, look, picture
from .features import features
from .track import Track, join_tracks, tracks
from .verbs import DIRECTIONS, Reader, read

WEIGHTS = FilePath(__file__).parents[2] / "data" / "oracle" / "oracle.safetensors"
LARGEST = 96  # pixels on the shorter side that are looked at; finer videos are shrunk to 64
CLEAR = 0.04  # a blob with less of its outline covered shows its whole shape
SURE = 0.4  # probability, from all clear frames together, from which on a shape counts as seen
DOUBT = float(np.log(1e-4))  # no single frame is surer than this that a shape is not the one
MESSY = 0.3  # a shape that is none with more than this probability, on average over the frames, is none


@dataclass
class Person:
    """One character as it was seen. Arrays over time have T frames; positions are in world units (the camera's motion taken out)."""

    track: Track
    colour: str
    turns: str  # the colour that it ends with, or ""
    kinds: np.ndarray  # (9,) probabilities of KINDS, then of no clean shape: the mean over the clear frames
    likely: np.ndarray  # (8,) probabilities of KINDS, were it one of them, from all clear frames together
    radius: float  # half-height in units at the beginning
    x: np.ndarray
    y: np.ndarray  # from the frame's middle upwards
    bottom: np.ndarray
    scale: np.ndarray  # half-height in units
    angle: np.ndarray  # radians, not a number where not seen
    area: np.ndarray  # units² of what is seen of it
    shapes: np.ndarray  # (T, 9) what `kinds` says, frame by frame
    actions: np.ndarray | None = None  # (17, T) probabilities of ACTIONS
    directions: np.ndarray | None = None  # (3, T) of DIRECTIONS
    targets: np.ndarray | None = None  # (1 + others, T): nobody, then the other people and cookies in order

    @property
    def kind(self) -> str:
        """The kind it is seen to be, "" when it is no clean shape."""
        best = int(self.likely.argmax())
        return KINDS[best] if self.likely[best] >= SURE and self.kinds[MESS] <= MESSY else ""

    @property
    def size(self) -> str:
        """The size in whose range its half-height lies."""
        return min(SIZES, key=lambda name: abs(np.log(SIZES[name] / max(self.radius, 1e-3))))

    def doing(self) -> list[str]:
        """The action in each frame."""
        return [ACTIONS[index] for index in self.actions.argmax(0)]

    def velocity(self, fps: float = FPS) -> np.ndarray:
        """Units per second between neighbouring frames, (T - 1, 2)."""
        return np.diff(np.stack([self.x, self.y], 1), axis=0) * fps


@dataclass
class Seen:
    """All that the oracle sees in a video of T frames."""

    people: list[Person]
    cookies: list[Person]
    camera: Path
    places: np.ndarray  # (8,) probabilities of PLACES
    looks: np.ndarray  # (3,) of LOOKS
    frames: int
    fps: float
    span: tuple[float, float] = (1.0, 1.0)  # width and height of the frame in units; the shorter is 1

    @property
    def place(self) -> str:
        return PLACES[int(self.places.argmax())]

    @property
    def look(self) -> str:
        return LOOKS[int(self.looks.argmax())]


@dataclass(frozen=True)
class Oracle:
    """The trained parts: an eye for shapes, one for places and looks, a reader of actions."""

    eye: Eye
    backdrop: Backdrop
    reader: Reader

    @classmethod
    def new(cls) -> "Oracle":
        return cls(Eye().eval(), Backdrop().eval(), Reader().eval())

    def save(self, path: FilePath = WEIGHTS) -> None:
        from safetensors.torch import save_file

        tensors = {f"{part}.{name}": t.half().contiguous() for part in PARTS for name, t in getattr(self, part).state_dict().items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, path)

    def load(self, path: FilePath = WEIGHTS, parts: tuple[str, ...] = ()) -> "Oracle":
        from safetensors.torch import load_file

        tensors = load_file(path)
        for part in parts or PARTS:
            found = {name.removeprefix(f"{part}."): t.float() for name, t in tensors.items() if name.startswith(f"{part}.")}
            getattr(self, part).load_state_dict(found)
        return self


PARTS = ("eye", "backdrop", "reader")


@lru_cache(maxsize=1)
def oracle() -> Oracle:
    """The oracle of the repository. Raises FileNotFoundError when its weights are missing."""
    if not WEIGHTS.exists():
        raise FileNotFoundError(f"{WEIGHTS}: the oracle's weights are missing. Make them: python -m minisora.bench.teach")
    return Oracle.new().load()


def parse(video: np.ndarray, fps: float = FPS, with_: Oracle | None = None, verbs: bool = True) -> Seen:
    """Looks at a video (T, H, W, 3) uint8 and says all that is in it."""
    with_ = with_ or oracle()
    video = working_size(video)
    labels, colour = label(video)
    found = tracks(video, labels, colour)
    path = camera(video, labels != NOTHING, fps)
    places, looks = recognise(with_.backdrop, video, labels, colour)
    people = examine(with_.eye, found, labels, colour, path)
    people = [person for person in people if person.track.colour != COOKIE] + [person for person in people if person.track.colour == COOKIE]
    if verbs and people:
        own, pair = features(people, path, fps)
        for person, *answers in zip(people, *read(with_.reader, own, pair), strict=True):
            person.actions, person.directions, person.targets = answers
            person.actions = possible(person, people)
    everybody = [person for person in people if person.track.colour != COOKIE]
    cookies = [person for person in people if person.track.colour == COOKIE]
    height, width = (side / min(video.shape[1:3]) for side in video.shape[1:3])
    return Seen(everybody, cookies, path, places, looks, len(video), fps, (width, height))


def possible(person: Person, people: list[Person]) -> np.ndarray:
    """A person's actions (17, T) without what cannot be: nobody is there to push, there is no cookie to eat, its body does not roll."""
    actions = person.actions.copy()
    if not any(other.colour != person.colour and other.track.colour != COOKIE for other in people):
        actions[[ACTIONS.index(name) for name in ("push", "chase", "hide", "jump over")]] = 0
    if not any(other.track.colour == COOKIE for other in people):
        actions[ACTIONS.index("eat")] = 0
    if person.kinds[KINDS.index("ball")] + person.kinds[KINDS.index("ring")] < 0.3:
        actions[ACTIONS.index("slide")] += actions[ACTIONS.index("roll")]
        actions[ACTIONS.index("roll")] = 0
    return actions / np.maximum(actions.sum(0), 1e-9)


def working_size(video: np.ndarray) -> np.ndarray:
    """Videos finer than the oracle needs are shrunk until the shorter side is 64 pixels."""
    T, H, W, _ = video.shape
    if min(H, W) <= LARGEST:
        return video
    size = round(W * 64 / min(H, W)), round(H * 64 / min(H, W))
    return np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in video])


def examine(eye: Eye, found: list[Track], labels: np.ndarray, colour: np.ndarray, path: Path) -> list[Person]:
    """Looks at every blob of every track; pieces that together make one clean shape become one person."""
    for a, b in _neighbours(found):
        both = join_tracks(a, b)
        if _cleaner(eye, both, a, b, labels, colour):
            return examine(eye, [both] + [track for track in found if track is not a and track is not b], labels, colour, path)
    return [_person(eye, track, labels, colour, path) for track in found]


def _neighbours(found: list[Track]):
    """Pairs of tracks of one colour that nearly touch most of the time."""
    for i, a in enumerate(found):
        for b in found[:i]:
            if a.colour != b.colour or a.colour == COOKIE:
                continue
            both = a.seen & b.seen
            if both.sum() < max(1, 0.5 * min(a.seen.sum(), b.seen.sum())):
                continue
            gaps = [apart(a.blobs[t], b.blobs[t]) for t in np.flatnonzero(both)]
            if np.median(gaps) < 0.07:
                yield a, b


def _cleaner(eye: Eye, both: Track, a: Track, b: Track, labels, colour) -> bool:
    when = np.flatnonzero(a.seen & b.seen)
    when = when[np.linspace(0, len(when) - 1, min(len(when), 5)).round().astype(int)]
    mess = [
        np.mean(np.exp(look(eye, np.stack([picture(colour[t], labels[t], track.blobs[t])[0] for t in when]))[0][:, MESS]))
        for track in (both, a, b)
    ]
    return bool(mess[0] < 0.5 and mess[0] < max(mess[1], mess[2]))


def _person(eye: Eye, track: Track, labels, colour, path: Path) -> Person:
    T = len(track)
    when = np.flatnonzero(track.seen)
    views = [picture(colour[t], labels[t], track.blobs[t]) for t in when]
    kinds, sizes, turns = look(eye, np.stack([view for view, _ in views]))
    side = np.array([side for _, side in views])
    scale, angle = np.full(T, np.nan), np.full(T, np.nan)
    scale[when], angle[when] = np.exp(sizes) * side / path.zoom[when], turns
    shapes = np.full((T, kinds.shape[1]), np.nan)
    shapes[when] = np.exp(kinds)
    covered, cut, area = track.values("covered"), track.values("cut"), track.values("area")
    clear = (covered[when] < CLEAR) & (cut[when] == 0) & (area[when] > 0.5 * np.nanmedian(area))
    if not clear.any():
        clear = covered[when] <= np.sort(covered[when])[min(2, len(when) - 1)]
    probabilities = np.exp(kinds[clear]).mean(0)
    likely = np.exp(np.maximum(kinds[clear, :MESS], DOUBT).mean(0))  # one frame rules out what another one leaves open
    nearly = (covered[when] < 0.2) & (cut[when] == 0)
    early = scale[when][nearly if nearly.any() else clear][: max(1, min(3, T // 4))]
    x, y = track.values("x") / path.zoom + path.x, track.values("y") / path.zoom
    colours = [*COLOURS, "brown"]
    return Person(
        track,
        colours[track.colour],
        colours[track.turns] if track.turns >= 0 else "",
        probabilities,
        likely / max(likely.sum(), 1e-9),
        float(np.median(early)),
        x,
        y,
        track.values("bottom") / path.zoom,
        scale,
        angle,
        area / path.zoom**2,
        shapes,
    )


__all__ = ["DIRECTIONS", "Oracle", "Person", "Seen", "examine", "oracle", "parse"]
