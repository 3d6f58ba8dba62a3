"""The logo: a ball with eyes that comes out of noise, as an SVG. `python -m minisora.site.logo` draws it anew."""

import random
from pathlib import Path

from minisora.video import write_whole

FILE = Path(__file__).resolve().parents[2] / "book" / "_static" / "logo.svg"
SKY, BALL, SUN, NIGHT = "#0B6FB8", "#E2502F", "#F5B82E", "#12324A"


def logo(seed: int = 5) -> str:
    """Noise on the left thins out towards the right, where a ball hops under the sun. 64 × 64 units."""
    chance = random.Random(seed)
    noise = []
    for column in range(7):
        for row in range(8):
            if chance.random() < 1 - column / 7:
                colour = chance.choice((SUN, BALL, "#FFFFFF", "#7FC4EE"))
                noise.append(f'<rect x="{8 * column}" y="{8 * row}" width="8" height="8" fill="{colour}" opacity="{1 - column / 8:.2f}"/>')
    eye = '<circle cx="{}" cy="34" r="4.6" fill="#fff"/><circle cx="{}" cy="34.6" r="2.3" fill="{}"/>'
    eyes = "".join(eye.format(x, x + 1.4, NIGHT) for x in (36, 46))
    parts = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="minisora">',
        '<clipPath id="card"><rect width="64" height="64" rx="14"/></clipPath>',
        f'<g clip-path="url(#card)"><rect width="64" height="64" fill="{SKY}"/>{"".join(noise)}',
        f'<circle cx="52" cy="12" r="6" fill="{SUN}"/><circle cx="40" cy="38" r="16" fill="{BALL}"/>{eyes}',
        f'<path d="M36 45q5 4 9-1" fill="none" stroke="{NIGHT}" stroke-width="2" stroke-linecap="round"/></g></svg>',
    )
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    write_whole(FILE, lambda path: path.write_text(logo(), encoding="utf-8"))
    print(FILE)
