"""How fast the toy world is drawn."""

import argparse
import time
from collections.abc import Sequence

import cv2
import numpy as np

from .render import render
from .sample import sample_scene


def render_speed(clips: int = 200, side: int = 64, seconds: float = 2.0) -> dict[str, float]:
    """Draw `clips` sampled scenes of 1-3 characters on one core: mean frames / s of all, and of still and of moving cameras alone.

    Scenes are sampled before the clock starts. Time is the process's own, so that busy neighbours count less.
    """
    scenes = [sample_scene(seed, seconds, characters=1 + seed % 3) for seed in range(clips)]
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        render(scenes[0], side, side)
        taken = []
        for scene in scenes:
            start = time.process_time()
            frames = len(render(scene, side, side))
            taken.append((time.process_time() - start) / frames)
    finally:
        cv2.setNumThreads(threads)
    taken = np.array(taken)  # (clips,) seconds a frame
    still = np.array([scene.shots[0].camera.move == "still" for scene in scenes])
    kinds = {"all": taken, "still camera": taken[still], "moving camera": taken[~still]}
    return {name: float(1 / some.mean()) for name, some in kinds.items() if len(some)}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="minisora bench render", description="How many frames a second one core draws.")
    parser.add_argument("--clips", type=int, default=200, help="sampled scenes to draw (default: 200)")
    parser.add_argument("--side", type=int, default=64, help="pixels on a side (default: 64)")
    args = parser.parse_args(argv)
    for name, speed in render_speed(args.clips, args.side).items():
        print(f"{name:14} {speed:7,.0f} frames/s at {args.side} × {args.side}")
    return 0
