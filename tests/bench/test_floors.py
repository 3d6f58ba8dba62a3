"""Floors: on which side of one a number is, the autoencoder's share of the truth, and which dimensions are the worst."""

import pytest

from minisora.bench.floors import FLOORS, floors, worst
from minisora.bench.report import median, share


def row(**shares: float) -> dict:
    return {line: {"value": value, "low": value - 0.01, "high": value + 0.01, "n": 50} for line, value in shares.items()}


def suites(**dimensions: dict) -> dict[str, dict]:
    """Reports in which everything is just at its floor, but for what is given: suite_dimension=row."""
    made: dict[str, dict] = {name: {"dimensions": {}} for name in ("core", "world", "modes")}
    for floor in FLOORS:
        made[floor.suite]["dimensions"][floor.dimension] = row(model=floor.least, truth=1.0, autoencoder=0.97)
    made["world"]["dimensions"]["velocity inside"] = {"model": median([0.3]), "truth": median([0.1]), "autoencoder": median([0.2])}
    for size, value in (("64x64", 0.80), ("96x64", 0.75), ("64x96", 0.75)):
        made["modes"]["dimensions"][f"size {size} score"] = row(model=value)
    made["modes"]["dimensions"]["loop jump"] = {"model": median([1.0])}
    for name, value in dimensions.items():
        suite, dimension = name.split("_", 1)
        made[suite]["dimensions"][dimension.replace("_", " ")] = value
    return made


def answers(rows: list[dict]) -> dict[str, bool | None]:
    return {one["what"]: one["yes"] for one in rows}


def test_a_number_at_its_floor_reaches_it():
    rows = floors(suites())
    assert len(rows) == len(FLOORS) + 5 and all(one["yes"] for one in rows), answers(rows)
    colour = next(one for one in rows if one["what"] == "colour")
    assert (colour["floor"], colour["reached"], colour["low"], colour["n"]) == ("≥ 0.97", 0.97, pytest.approx(0.96), 50)


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: floor.dimension)
def test_a_number_below_its_floor_does_not(floor):
    rows = floors(suites(**{f"{floor.suite}_{floor.dimension}": row(model=floor.least - 0.0001, truth=1.0, autoencoder=1.0)}))
    assert [what for what, yes in answers(rows).items() if not yes] == [floor.dimension]


def test_velocity_is_compared_with_the_parsers_own_error():
    def what(model: float, truth: float) -> dict:
        rows = floors(suites(world_velocity_inside={"model": median([model]), "truth": median([truth])}))
        return next(one for one in rows if one["what"].startswith("velocity"))

    assert what(0.06, 0.03)["reached"] == 2.0 and what(0.06, 0.03)["yes"]
    assert what(0.12, 0.03)["yes"] is False
    assert what(0.06, 0.0)["yes"] is None, "without an error of its own the parser gives no measure"


def test_wide_and_tall_are_compared_with_square():
    rows = answers(floors(suites(**{"modes_size 96x64 score": row(model=0.7499)})))
    assert rows["score of wide videos"] is False and rows["score of tall videos"] is True


def test_the_autoencoder_is_asked_of_every_share():
    found = suites(
        core_kind=row(model=0.95, truth=0.98, autoencoder=0.784),
        modes_fill_score=row(model=0.9, truth=0.5, autoencoder=0.45),
        modes_size_cut_off=row(truth=0.5, autoencoder=0.1),
        world_drift={"truth": median([0.5]), "autoencoder": median([0.01])},
    )
    found["splits"] = {"splits": {"outside": {"dimensions": {"look": row(truth=1.0, autoencoder=0.96)}}}}
    first = floors(found)[0]
    assert first["reached"] == 0.8 and first["yes"] is False and first["what"].endswith("core kind")
    assert first["below"] == ["core kind (0.80)", "modes fill score (0.90)", "splits outside look (0.96)"]


def test_what_was_not_asked_is_neither_reached_nor_missed():
    rows = floors({"core": {"dimensions": {"colour": {"model": share([])}}}})
    assert set(answers(rows).values()) == {None} and all(one["reached"] is None for one in rows)


def test_the_worst_keep_least_of_the_truth():
    found = suites(core_kind=row(model=0.4, truth=0.5), core_order=row(model=0.6, truth=1.0), world_identity=row(model=0.5, truth=1.0))
    found["core"]["dimensions"]["all with 3"] = row(model=0.1, truth=1.0)
    assert [(one["suite"], one["dimension"], one["kept"]) for one in worst(found)] == [
        ("world", "identity", 0.5), ("core", "order", 0.6), ("core", "kind", 0.8),
    ]  # fmt: skip
    assert worst({}) == [] and worst({"core": {"dimensions": {"kind": {"truth": share([True])}}}}) == []
