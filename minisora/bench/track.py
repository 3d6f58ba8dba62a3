"""Who is who from frame to frame: blobs → one track per character. Built in chapter 8."""

from dataclasses import dataclass, field

import numpy as np

from .colours import COOKIE, Blob, blobs, join, label

NEAR = 0.12  # units that a blob may lie outside the box where its track is expected
FRAGMENT = 0.35  # a track whose usual area is below this share of its largest twin's is a piece of it
RUN = 0.08  # units a frame: nobody runs faster while unseen
PASSING = 4  # frames: a colour that comes and goes within so many is what two others make while one turns into the other
SUDDEN = 5.0  # times: what was never larger than this part of a blob has not become it
BLEND = 6  # frames that a change from one colour to another may take in which it has neither


@dataclass
class Track:
    """One character through the video; a frame in which it is not seen holds None. Lengths in units, see `Blob`."""

    colour: int  # what it is at first: index in COLOURS, or COOKIE
    blobs: list[Blob | None] = field(default_factory=list)  # T of them
    turns: int = -1  # what colour it ends as, when that is another one

    def __len__(self) -> int:
        return len(self.blobs)

    @property
    def seen(self) -> np.ndarray:
        return np.array([blob is not None for blob in self.blobs])  # (T,)

    def values(self, name: str) -> np.ndarray:
        """A blob's attribute over time, (T,) float64; not a number where the character is not seen."""
        return np.array([np.nan if blob is None else getattr(blob, name) for blob in self.blobs], float)

    def velocity(self, fps: float) -> np.ndarray:
        """Units per second between neighbouring frames, (T - 1, 2); not a number where either is not seen."""
        return np.diff(np.stack([self.values("x"), self.values("y")], 1), axis=0) * fps

    def last(self) -> Blob | None:
        return next((blob for blob in reversed(self.blobs) if blob is not None), None)


def tracks(frames: np.ndarray, labels: np.ndarray | None = None, colour: np.ndarray | None = None) -> list[Track]:
    """The characters (and cookies) of a video (T, H, W, 3) uint8, largest first. `labels`, `colour`: what `label` said, if known."""
    if labels is None or colour is None:
        labels, colour = label(frames)
    live: list[Track] = []
    for t in range(len(frames)):
        found = blobs(labels[t], colour[t])
        for name in {blob.colour for blob in found} | {track.colour for track in live}:
            mine = [track for track in live if track.colour == name]
            live += _step(mine, [blob for blob in found if blob.colour == name], name, t)
    return sorted(_recoloured(_returned(_without_pieces(live))), key=lambda track: -np.nanmax(track.values("area")))


def _step(mine: list[Track], found: list[Blob], name: int, t: int) -> list[Track]:
    """Gives the blobs of frame t to the tracks of their colour; returns the tracks that begin here."""
    expected = [_expected(track) for track in mine]
    given: list[list[Blob]] = [[] for _ in mine]
    spare = []
    for blob in found:  # largest first
        gaps = [_outside(blob, box) + 0.2 * abs(blob.x - (box[0] + box[1]) / 2) for box in expected]
        gaps = [gap if _credible(track, blob) else np.inf for track, gap in zip(mine, gaps, strict=True)]
        nearest = int(np.argmin(gaps)) if gaps else -1
        if gaps and gaps[nearest] < NEAR:
            given[nearest].append(blob)
        else:
            spare.append(blob)
    for track, pieces in zip(mine, given, strict=True):
        whole, rest = _whole(track, pieces)
        spare += rest
        track.blobs.append(whole)
    for track in mine:  # whoever was lost takes what is left over
        if track.blobs[-1] is None and spare:
            last = track.last()
            nearest = min(spare, key=lambda blob: np.hypot(blob.x - last.x, blob.y - last.y))
            missing = t - int(np.flatnonzero(track.seen)[-1])
            if np.hypot(nearest.x - last.x, nearest.y - last.y) < NEAR + RUN * missing and _credible(track, nearest):
                track.blobs[-1] = nearest
                spare.remove(nearest)
    return [Track(name, [None] * t + [blob]) for blob in spare]


def _credible(track: Track, blob: Blob) -> bool:
    """Whether a track can be this blob's: a few specks at the edge of somebody else are not who appears there later."""
    return bool(blob.area < SUDDEN * max(old.area for old in track.blobs if old is not None))


def _expected(track: Track) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of where a track should be in the next frame."""
    last = track.last()
    dx = dy = 0.0
    if len(track) > 1 and track.blobs[-1] is not None and track.blobs[-2] is not None:
        dx, dy = track.blobs[-1].x - track.blobs[-2].x, track.blobs[-1].y - track.blobs[-2].y
    return last.left + dx, last.right + dx, last.bottom + dy, last.top + dy


def _outside(blob: Blob, box: tuple[float, float, float, float]) -> float:
    left, right, bottom, top = box
    return np.hypot(max(left - blob.x, 0, blob.x - right), max(bottom - blob.y, 0, blob.y - top))


def _whole(track: Track, pieces: list[Blob]) -> tuple[Blob | None, list[Blob]]:
    """Joins the pieces that an occluder cut a character into, as far as they fit its last size; returns what does not fit."""
    if len(pieces) < 2:
        return (pieces[0] if pieces else None), []
    usual = np.nanmax([blob.size for blob in track.blobs[-9:] if blob is not None] or [track.last().size])
    whole, rest = pieces[0], []
    for piece in pieces[1:]:
        joined = join(whole, piece)
        if joined.size <= 1.2 * usual:
            whole = joined
        else:
            rest.append(piece)
    return whole, rest


def _without_pieces(live: list[Track]) -> list[Track]:
    """Drops the tracks that flicker for a frame or two, that are a colour between two others, or that are only pieces of a twin."""
    lasting = [track for track in live if not _brief(track)]
    kept = []
    for track in lasting:
        largest = max(np.nanmedian(twin.values("area")) for twin in lasting if twin.colour == track.colour)
        if np.nanmedian(track.values("area")) >= FRAGMENT * largest or track.colour == COOKIE:
            kept.append(track)
    return kept


def _brief(track: Track) -> bool:
    seen, T = np.flatnonzero(track.seen), len(track)
    passing = T > 2 * PASSING and len(seen) <= PASSING and seen[0] > 0 and seen[-1] < T - 1
    return bool(passing or len(seen) < min(3, T))


def _returned(live: list[Track]) -> list[Track]:
    """Joins tracks of one colour that are hardly ever seen at once: copies are, somebody who was hidden and comes back is not."""
    for i, a in enumerate(live):
        for b in live[:i]:
            both, fewer = (a.seen & b.seen).sum(), min(a.seen.sum(), b.seen.sum())
            if a.colour == b.colour and both <= 2 and both <= 0.4 * fewer:
                return _returned([join_tracks(a, b)] + [track for track in live if track is not a and track is not b])
    return live


def _recoloured(live: list[Track]) -> list[Track]:
    """Joins the tracks of a character that changes colour: one ends for good where another begins."""
    for later in sorted(live, key=lambda track: int(track.seen.argmax())):
        begin = int(later.seen.argmax())
        if begin == 0 or later.colour == COOKIE:
            continue
        best = None
        for earlier in live:
            end = len(earlier) - 1 - int(earlier.seen[::-1].argmax())
            if earlier is later or earlier.colour in (later.colour, COOKIE) or not -4 <= begin - end - 1 <= BLEND:
                continue
            a, b = _body(earlier, -1), _body(later, 0)
            gap = np.hypot(a.x - b.x, a.y - b.y)
            if gap < 0.06 + 0.05 * max(begin - end, 1) and (best is None or gap < best[0]):
                best = gap, earlier
        if best is None:
            continue
        earlier = best[1]
        pairs = enumerate(zip(earlier.blobs, later.blobs, strict=True))
        earlier.blobs = [old if t < begin and old is not None else new for t, (old, new) in pairs]
        earlier.turns = later.turns if later.turns >= 0 else later.colour
        return _recoloured([track for track in live if track is not later])
    return live


def _body(track: Track, which: int) -> Blob:
    """The first (0) or last (-1) blob of a track that shows most of it: while a colour turns, little of the body has it."""
    area = np.nan_to_num(track.values("area"))
    return track.blobs[np.flatnonzero(area >= 0.5 * np.median(area[track.seen]))[which]]


def join_tracks(a: Track, b: Track) -> Track:
    """One track out of two that are pieces of the same body."""
    blobs = [p and q and join(p, q) or p or q for p, q in zip(a.blobs, b.blobs, strict=True)]
    return Track(a.colour, blobs, a.turns if a.turns >= 0 else b.turns)
