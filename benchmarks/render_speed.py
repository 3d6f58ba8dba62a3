"""Frames a second that the toy world is drawn at, on one core: python benchmarks/render_speed.py"""

from minisora.world.speed import main

if __name__ == "__main__":
    raise SystemExit(main())
