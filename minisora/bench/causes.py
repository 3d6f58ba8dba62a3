"""Cause and effect: a bite stays and needs a mouth at the cookie; who is pushed moves, and only after contact. Built in chapter 8.

OpenAI (2024) names both among Sora's weaknesses: "a person might take a bite out of a cookie, but afterward, the cookie may not have
a bite mark".
"""

import numpy as np

from .colours import apart
from .parse import Person, Seen
from .track import Track

TAKEN = 0.93  # of its area: a cookie with less has been bitten
HEALED = 0.09  # of its area that a cookie may seem to win back: an eater who nods hides some of it
NEAR = 0.07  # units between two who touch
MOVED = 0.08  # units that somebody who was pushed has come along at least
STARTED = 0.025  # units from its place that somebody who begins to move has come


def eaten(seen: Seen, eater: Person | None) -> dict[str, bool]:
    """What is right about a cookie and who eats it: "bite taken", "bite stays", "bite by contact". All wrong when either is missing."""
    verdicts = dict.fromkeys(("bite taken", "bite stays", "bite by contact"), False)
    if eater is None or not seen.cookies:
        return verdicts
    cookie = max(seen.cookies, key=lambda one: np.nanmedian(one.area))
    left = _left(cookie)
    if left is None:
        return verdicts
    lost = cookie.track.seen[-3:].sum() == 0
    verdicts["bite taken"] = bool(np.median(left[-3:]) < TAKEN and not lost)
    verdicts["bite stays"] = bool(verdicts["bite taken"] and left[-3:].max() - _calm(left, 5).min() < HEALED)
    bitten = _calm(left, 3) < TAKEN
    begins = int(np.flatnonzero(~bitten)[-1]) + 1 if not bitten.all() else 0
    verdicts["bite by contact"] = bool(verdicts["bite taken"] and _touch(eater.track, cookie.track, begins))
    return verdicts


def pushed(seen: Seen, pusher: Person | None, other: Person | None, direction: str = "") -> dict[str, bool]:
    """What is right about a push: "pushed moves", "moves after contact", "pushed not through". direction: "left", "right" or "" """
    verdicts = dict.fromkeys(("pushed moves", "moves after contact", "pushed not through"), False)
    if pusher is None or other is None:
        return verdicts
    both = np.flatnonzero(pusher.track.seen & other.track.seen)
    if len(both) < 4:
        return verdicts
    x = other.x - np.nanmedian(other.x[both[:3]])
    way = float(np.nanmedian(x[both[-3:]]))
    side = np.sign(way)
    asked = {"left": -1, "right": 1}.get(direction, side)
    verdicts["pushed moves"] = bool(abs(way) >= MOVED and side == asked)
    if not verdicts["pushed moves"]:
        return verdicts
    going = side * x > STARTED
    still = both[~going[both]]
    begins = int(still[-1]) + 1 if len(still) else int(both[0])
    behind = side * (other.x - pusher.x)[both]  # above 0: the pusher stands where it must push from
    verdicts["moves after contact"] = bool(_touch(pusher.track, other.track, begins) and behind[0] > 0)
    verdicts["pushed not through"] = bool((behind > 0).all())
    return verdicts


def _left(cookie: Person) -> np.ndarray | None:
    """A cookie's area over what it was at first, (T,); gaps are bridged. None when it is hardly seen."""
    known = np.flatnonzero(np.isfinite(cookie.area))
    if len(known) < 6:
        return None
    whole = np.median(cookie.area[known[:3]])
    return np.interp(np.arange(len(cookie.area)), known, cookie.area[known]) / whole


def _calm(values: np.ndarray, width: int) -> np.ndarray:
    """Running median over `width` frames, (T - width + 1,) padded at the ends to (T,)."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, width // 2, mode="edge"), width)
    return np.median(windows, axis=1)


def _touch(a: Track, b: Track, begins: int) -> bool:
    """Whether two touch when something begins: in that frame or one of the two before."""
    gaps = [apart(a.blobs[t], b.blobs[t]) for t in range(max(begins - 2, 0), min(begins + 1, len(a))) if a.blobs[t] and b.blobs[t]]
    return bool(gaps and min(gaps) < NEAR)
