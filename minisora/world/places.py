"""Eight places, each painted as three layers: sky, far and ground.

A layer is painted once a shot. Where things stand depends on the shot's `layout` and on their place in the world alone,
so that two meadows differ, and the same meadow is the same however wide a canvas the camera needs.
All colours are pale or dark (saturation up to 0.38, or value under 0.25): bright colour belongs to the characters.
"""

from .canvas import Canvas, chance, hills

PARALLAX = (0.1, 0.5, 1.0)  # how far sky, far and ground move when the camera moves by 1
HORIZON = 0.14  # where the ground ends, in units above its middle line
ROWS = ((0.095, 0.7), (0.0, 1.0), (-0.095, 1.25), (-0.185, 1.5))  # height and size of what stands on the ground


def _disc(c: Canvas, seed, colour, radius, face=None):
    """Sun, moon or earth, somewhere high in the sky."""
    x, y = -0.3 + 0.6 * float(chance(seed, 5)), c.top - 0.16 + 0.05 * float(chance(seed, 6))
    c.ellipse(x, y, radius, radius, colour)
    if face is not None:
        face(x, y, radius)


def _clouds(c: Canvas, seed, colour, down=0.34):
    for x, u, v in c.cells(0.55, seed, 1):
        y = c.top - down + 0.26 * u
        for dx, dy, r in ((-0.09, 0, 0.035), (0.0, 0.02, 0.05), (0.09, 0, 0.035)):
            c.ellipse(x + dx, y + dy, r * 1.7, r * (0.7 + 0.3 * v), colour, outline=False)
        if c.pen:
            c.line(((x - 0.14, y - 0.03), (x + 0.14, y - 0.03)), 0.012, (0.3, 0.3, 0.34))


def _stars(c: Canvas, seed, colour):
    for row in range(int((c.top - 0.19) / 0.19)):
        for x, u, v in c.cells(0.17, seed, 20 + row):
            r = 0.007 + 0.009 * v
            c.ellipse(x, 0.26 + 0.19 * row + 0.16 * u, r, r, colour, outline=False)


def _scatter(c: Canvas, seed, width, draw, rows=ROWS):
    """Call draw(x, y, size, u, v) for what stands on the ground, from far to near."""
    for row, (y, size) in enumerate(rows):
        for x, u, v in c.cells(width, seed, 40 + row):
            draw(x, y + 0.05 * (v - 0.5), size, u, v)


def _tuft(c: Canvas, x, y, s, colour, blades=((-0.03, 0.045), (0.0, 0.065), (0.03, 0.045))):
    for dx, h in blades:
        c.polygon(((x - 0.011 * s, y), (x + 0.011 * s, y), (x + dx * s, y + h * s)), colour, outline=False)
    if c.pen:
        for dx, h in blades:
            c.line(((x, y), (x + dx * s, y + h * s)), 0.008, (0, 0, 0))


def _stone(c: Canvas, x, y, s, colour, light):
    c.ellipse(x, y, 0.035 * s, 0.022 * s, colour)
    c.ellipse(x - 0.008 * s, y + 0.007 * s, 0.016 * s, 0.009 * s, light, outline=False)


def _fir(c: Canvas, x, y, s, colour, snow=None):
    for k in range(3):
        w, low = (0.085 - 0.02 * k) * s, y + 0.075 * k * s
        c.polygon(((x - w, low), (x + w, low), (x, low + 0.13 * s)), colour)
        if snow is not None:
            c.polygon(((x - 0.4 * w, low + 0.078 * s), (x + 0.4 * w, low + 0.078 * s), (x, low + 0.13 * s)), snow, outline=False)


def meadow(sky: Canvas, far: Canvas, ground: Canvas, seed: int):
    sky.fill((0.86, 0.92, 0.95), (0.67, 0.81, 0.95))
    _disc(sky, seed, (1.0, 0.96, 0.78), 0.085)
    _clouds(sky, seed, (0.98, 0.98, 0.98))
    far.below(hills(seed + 1, 0.27, 0.07, 1.1), (0.68, 0.78, 0.66))
    far.below(hills(seed + 2, 0.20, 0.05, 0.7), (0.60, 0.72, 0.54))
    ground.below(hills(seed + 3, HORIZON, 0.012, 0.9), (0.66, 0.80, 0.52), (0.58, 0.74, 0.47))

    def plant(x, y, s, u, v):
        if u < 0.6:
            _tuft(ground, x, y, s, (0.42, 0.56, 0.36))
        else:
            ground.line(((x, y), (x, y + 0.045 * s)), 0.012 * s, (0.42, 0.56, 0.36))
            ground.ellipse(x, y + 0.05 * s, 0.024 * s, 0.024 * s, (0.99, 0.97, 0.95) if v < 0.6 else (0.97, 0.80, 0.84))
            ground.ellipse(x, y + 0.05 * s, 0.009 * s, 0.009 * s, (0.90, 0.80, 0.58), outline=False)

    _scatter(ground, seed, 0.17, plant)


def snow(sky: Canvas, far: Canvas, ground: Canvas, seed: int):
    sky.fill((0.90, 0.92, 0.95), (0.72, 0.78, 0.86))
    _clouds(sky, seed, (0.93, 0.94, 0.96), 0.28)
    far.below(hills(seed + 1, 0.28, 0.13, 0.8, sharp=1.0), (0.86, 0.89, 0.94), (0.66, 0.72, 0.82))
    for x, u, _ in far.cells(0.2, seed, 2):
        _fir(far, x, 0.10, 0.7 + 0.5 * u, (0.42, 0.53, 0.53), (0.94, 0.96, 0.98))
    ground.below(hills(seed + 3, HORIZON, 0.015, 0.8), (0.97, 0.98, 0.99), (0.90, 0.93, 0.97))

    def drift(x, y, s, u, v):
        if u < 0.62:
            ground.ellipse(x, y, 0.075 * s, 0.016 * s, (0.80, 0.86, 0.93), outline=False)
            ground.ellipse(x - 0.01 * s, y + 0.012 * s, 0.07 * s, 0.014 * s, (1.0, 1.0, 1.0), outline=False)
            if ground.pen:
                ground.line(((x - 0.07 * s, y - 0.01), (x + 0.07 * s, y - 0.01)), 0.01, (0.3, 0.3, 0.34))
        elif u < 0.85:
            _stone(ground, x, y, s, (0.58, 0.62, 0.68), (0.99, 0.99, 1.0))
        else:
            _tuft(ground, x, y, s, (0.55, 0.56, 0.52))

    _scatter(ground, seed, 0.21, drift)


def beach(sky: Canvas, far: Canvas, ground: Canvas, seed: int):
    sky.fill((0.88, 0.94, 0.96), (0.64, 0.82, 0.95))
    _disc(sky, seed, (1.0, 0.96, 0.78), 0.085)
    _clouds(sky, seed, (0.98, 0.98, 0.98))
    far.below(lambda x: 0.30 + 0 * x, (0.50, 0.69, 0.79), (0.58, 0.80, 0.84))
    for row in range(3):
        for x, u, _ in far.cells(0.24, seed, 4 + row):
            y = 0.265 - 0.045 * row + 0.02 * u
            far.line(((x - 0.04, y), (x - 0.013, y + 0.009), (x + 0.013, y), (x + 0.04, y + 0.009)), 0.011, (0.86, 0.93, 0.95))
    for x, u, _ in far.cells(0.9, seed, 3):
        y, s = 0.28, 0.8 + 0.4 * u
        far.polygon(((x - 0.06 * s, y), (x + 0.06 * s, y), (x + 0.04 * s, y - 0.03 * s), (x - 0.04 * s, y - 0.03 * s)), (0.52, 0.46, 0.42))
        far.polygon(((x, y + 0.01), (x + 0.055 * s, y + 0.01), (x, y + 0.14 * s)), (0.98, 0.97, 0.94))
    ground.below(hills(seed + 2, HORIZON + 0.012, 0.01, 0.6), (0.97, 0.98, 0.98))
    ground.below(hills(seed + 2, HORIZON - 0.008, 0.01, 0.6), (0.88, 0.80, 0.64), (0.95, 0.88, 0.71))

    def find(x, y, s, u, v):
        if u < 0.45:
            _stone(ground, x, y, 0.8 * s, (0.76, 0.69, 0.59), (0.96, 0.92, 0.85))
        elif u < 0.75:
            fan = ((x - 0.03 * s, y + 0.025 * s), (x, y + 0.038 * s), (x + 0.03 * s, y + 0.025 * s), (x, y - 0.015 * s))
            ground.polygon(fan, (0.99, 0.93, 0.89))
        else:
            ground.ellipse(x, y, 0.08 * s, 0.012 * s, (0.80, 0.71, 0.55), outline=False)

    _scatter(ground, seed, 0.18, find)


def _cactus(c: Canvas, x, y, s, colour):
    for dx, low, high in ((0.0, 0.0, 0.24), (-0.055, 0.09, 0.16), (0.055, 0.12, 0.20)):
        c.box(x + dx * s - 0.018 * s, y + low * s, x + dx * s + 0.018 * s, y + high * s, colour)
    c.box(x - 0.065 * s, y + 0.085 * s, x, y + 0.105 * s, colour, outline=False)
    c.box(x, y + 0.115 * s, x + 0.065 * s, y + 0.135 * s, colour, outline=False)


def desert(sky: Canvas, far: Canvas, ground: Canvas, seed: int):
    sky.fill((0.98, 0.92, 0.80), (0.93, 0.80, 0.66))
    _disc(sky, seed, (1.0, 0.97, 0.86), 0.11)
    far.below(hills(seed + 1, 0.29, 0.09, 0.9, sharp=0.7), (0.85, 0.70, 0.56))
    for x, u, _ in far.cells(0.55, seed, 2):
        _cactus(far, x, 0.15, 0.9 + 0.4 * u, (0.52, 0.58, 0.44))
    far.below(hills(seed + 2, 0.19, 0.04, 0.6), (0.80, 0.66, 0.51))
    ground.below(hills(seed + 3, HORIZON, 0.015, 0.8), (0.91, 0.78, 0.59), (0.86, 0.72, 0.54))

    def thing(x, y, s, u, v):
        if u < 0.4:
            line = ((x - 0.08 * s, y), (x - 0.03 * s, y + 0.012 * s), (x + 0.03 * s, y - 0.004 * s), (x + 0.08 * s, y + 0.008 * s))
            ground.line(line, 0.014 * s, (0.72, 0.58, 0.46))
        elif u < 0.75:
            _stone(ground, x, y, s, (0.62, 0.50, 0.42), (0.80, 0.68, 0.58))
        else:
            _tuft(ground, x, y, s, (0.50, 0.52, 0.38))

    _scatter(ground, seed, 0.17, thing)


def forest(sky: Canvas, far: Canvas, ground: Canvas, seed: int):
    sky.fill((0.80, 0.87, 0.76), (0.56, 0.68, 0.56))
    for x, u, _ in sky.cells(0.13, seed, 1):
        sky.box(x - 0.012, 0, x + 0.012, sky.top + 1, (0.60, 0.68, 0.58), outline=False)
    for x, u, v in far.cells(0.2, seed, 2):
        w = 0.022 + 0.016 * u
        far.polygon(((x - 1.5 * w, 0.0), (x + 1.5 * w, 0.0), (x + w, far.top), (x - w, far.top)), (0.45, 0.39, 0.33))
    for x, u, _ in far.cells(0.12, seed, 3):
        far.ellipse(x, 0.14, 0.09, 0.05 + 0.06 * u, (0.40, 0.51, 0.39))
    leaves = hills(seed + 5, far.top - 0.10, 0.03, 0.4)
    for x, u, v in far.cells(0.1, seed, 4):
        far.ellipse(x, float(leaves(x)) + 0.05, 0.10, 0.07 + 0.03 * u, (0.38, 0.50, 0.38), outline=v < 0.5)
    far.box(far.x0 - 1, far.top - 0.04, far.x1 + 1, far.top + 1, (0.38, 0.50, 0.38), outline=False)
    ground.below(hills(seed + 3, HORIZON, 0.015, 0.7), (0.55, 0.56, 0.41), (0.46, 0.45, 0.34))

    def grow(x, y, s, u, v):
        if u < 0.4:
            _tuft(ground, x, y, 1.1 * s, (0.34, 0.44, 0.31), ((-0.05, 0.035), (-0.025, 0.06), (0.025, 0.06), (0.05, 0.035)))
        elif u < 0.65:
            ground.box(x - 0.009 * s, y, x + 0.009 * s, y + 0.03 * s, (0.90, 0.87, 0.78))
            ground.polygon(((x - 0.035 * s, y + 0.026 * s), (x + 0.035 * s, y + 0.026 * s), (x, y + 0.062 * s)), (0.78, 0.64, 0.56))
        else:
            ground.ellipse(x, y, 0.03 * s, 0.013 * s, (0.66, 0.58, 0.44) if v < 0.5 else (0.34, 0.32, 0.26), outline=False)

    _scatter(ground, seed, 0.17, grow)


def city(sky: Canvas, far: Canvas, ground: Canvas, seed: int):
    sky.fill((0.90, 0.88, 0.86), (0.70, 0.77, 0.86))
    _clouds(sky, seed, (0.95, 0.95, 0.95), 0.20)
    for row, (width, base, colour) in enumerate(((0.17, 0.42, (0.68, 0.70, 0.76)), (0.23, 0.26, (0.54, 0.53, 0.58)))):
        for x, u, v in far.cells(width, seed, 1 + row):
            top, half = base + 0.22 * u, width * (0.40 + 0.14 * v)
            far.box(x - half, 0, x + half, top, colour)
            if row:
                for k in range(int((top - 0.16) / 0.075)):
                    for side in (-0.5, 0.5):
                        wx, wy = x + side * half, top - 0.06 - 0.075 * k
                        far.box(wx - 0.02, wy - 0.02, wx + 0.02, wy + 0.02, (0.88, 0.86, 0.74), outline=False)
    ground.below(lambda x: HORIZON + 0 * x, (0.78, 0.77, 0.76))
    ground.below(lambda x: 0.045 + 0 * x, (0.90, 0.90, 0.89))
    ground.below(lambda x: 0.025 + 0 * x, (0.52, 0.52, 0.55), (0.47, 0.47, 0.50))
    for x, u, _ in ground.cells(0.16, seed, 2):
        ground.line(((x, HORIZON), (x - 0.015, 0.045)), 0.012, (0.62, 0.61, 0.60))
    for x, u, v in ground.cells(0.27, 0, 3):
        x = round(x / 0.27 - 0.5) * 0.27
        ground.box(x - 0.07, -0.105, x + 0.07, -0.08, (0.94, 0.94, 0.90), outline=False)
    for x, u, v in ground.cells(0.45, seed, 5):
        ground.ellipse(x, -0.03 - 0.14 * u, 0.045, 0.016, (0.36, 0.36, 0.39))
    for x, u, v in ground.cells(0.8, seed, 4):
        ground.box(x - 0.011, 0.11, x + 0.011, 0.46, (0.34, 0.35, 0.39))
        ground.box(x - 0.011, 0.45, x + 0.07, 0.47, (0.34, 0.35, 0.39), outline=False)
        ground.ellipse(x + 0.065, 0.44, 0.026, 0.02, (0.97, 0.94, 0.80))


def night(sky: Canvas, far: Canvas, ground: Canvas, seed: int):
    sky.fill((0.15, 0.16, 0.24), (0.06, 0.07, 0.17))
    _stars(sky, seed, (0.92, 0.91, 0.84))
    crescent = (0.09, 0.10, 0.19)
    _disc(sky, seed, (0.96, 0.94, 0.80), 0.085, lambda x, y, r: sky.ellipse(x + 0.45 * r, y + 0.2 * r, 0.82 * r, 0.82 * r, crescent))
    far.below(hills(seed + 1, 0.26, 0.06, 0.9), (0.13, 0.15, 0.23))
    for x, u, v in far.cells(0.5, seed, 2):
        y, s = 0.12, 0.9 + 0.4 * u
        far.box(x - 0.08 * s, y, x + 0.08 * s, y + 0.12 * s, (0.17, 0.15, 0.19))
        far.polygon(((x - 0.1 * s, y + 0.12 * s), (x + 0.1 * s, y + 0.12 * s), (x, y + 0.2 * s)), (0.12, 0.11, 0.15))
        for dx in (-0.035, 0.035):
            far.box(x + dx * s - 0.018, y + 0.055 * s, x + dx * s + 0.018, y + 0.10 * s, (0.95, 0.86, 0.60), outline=False)
    ground.below(hills(seed + 3, HORIZON, 0.015, 0.9), (0.16, 0.21, 0.22), (0.11, 0.15, 0.17))

    def dark(x, y, s, u, v):
        if u < 0.65:
            _tuft(ground, x, y, s, (0.28, 0.36, 0.34))
        elif u < 0.85:
            _stone(ground, x, y, s, (0.27, 0.29, 0.34), (0.40, 0.42, 0.47))
        else:
            ground.ellipse(x, y + 0.04, 0.013, 0.013, (0.95, 0.94, 0.68), outline=False)

    _scatter(ground, seed, 0.16, dark)


def moon(sky: Canvas, far: Canvas, ground: Canvas, seed: int):
    sky.fill((0.05, 0.05, 0.07), (0.02, 0.02, 0.04))
    _stars(sky, seed, (0.85, 0.86, 0.90))

    def lands(x, y, r):
        sky.ellipse(x - 0.3 * r, y + 0.25 * r, 0.42 * r, 0.3 * r, (0.92, 0.94, 0.92), outline=False)
        sky.ellipse(x + 0.35 * r, y - 0.3 * r, 0.35 * r, 0.25 * r, (0.92, 0.94, 0.92), outline=False)

    _disc(sky, seed, (0.58, 0.74, 0.90), 0.105, lands)
    far.below(hills(seed + 1, 0.25, 0.09, 0.6, sharp=0.8), (0.50, 0.50, 0.53), (0.36, 0.36, 0.39))
    ground.below(hills(seed + 3, HORIZON, 0.018, 0.6), (0.70, 0.70, 0.72), (0.60, 0.60, 0.62))

    def crater(x, y, s, u, v):
        if u < 0.7:
            ground.ellipse(x, y - 0.004 * s, 0.066 * s, 0.026 * s, (0.84, 0.84, 0.86), outline=False)
            ground.ellipse(x, y + 0.002 * s, 0.058 * s, 0.021 * s, (0.42, 0.42, 0.45))
            ground.ellipse(x + 0.012 * s, y - 0.003 * s, 0.036 * s, 0.012 * s, (0.52, 0.52, 0.55), outline=False)
        else:
            _stone(ground, x, y, s, (0.45, 0.45, 0.48), (0.80, 0.80, 0.82))

    _scatter(ground, seed, 0.24, crater)


PLACES = {"meadow": meadow, "snow": snow, "beach": beach, "desert": desert, "forest": forest, "city": city, "night": night, "moon": moon}
