"""People that the tests share: described once, so that their figures are built once."""

from functools import lru_cache

from cinescene.sets.subjects.body_shape import BodyShape
from cinescene.sets.subjects.fabrics import Cloth
from cinescene.sets.subjects.person import Hair, Outfit, Person

RED, BLUE, WHITE = Cloth(colour=(0.76, 0.11, 0.12)), Cloth(colour=(0.13, 0.30, 0.72)), Cloth(colour=(0.9, 0.9, 0.9))


@lru_cache
def man() -> Person:
    """In jacket, shirt, jeans and boots, with cap, scarf and rucksack."""
    return Person(
        body=BodyShape(femininity=0.05, age_years=35, weight=0.6),
        height_m=1.82,
        outfit=Outfit(
            top="shirt",
            top_cloth=WHITE,
            bottom="jeans",
            bottom_cloth=Cloth(colour=(0.09, 0.13, 0.32), pattern="denim"),
            outer="jacket",
            outer_cloth=RED,
            footwear="boots",
            headwear="cap",
            headwear_cloth=BLUE,
            scarf=Cloth(colour=(0.94, 0.8, 0.18), pattern="striped"),
            backpack=BLUE,
        ),
        hair=Hair(cut="short", beard=0.8),
        seed=3,
    )


@lru_cache
def woman() -> Person:
    """In a coat over a dress, with long hair."""
    return Person(
        body=BodyShape(femininity=0.95, age_years=28),
        height_m=1.66,
        outfit=Outfit(
            top="dress",
            top_cloth=Cloth(colour=(0.16, 0.52, 0.22), pattern="dotted"),
            bottom="none",
            bottom_cloth=WHITE,
            outer="coat",
            outer_cloth=RED,
            footwear="shoes",
        ),
        hair=Hair(cut="long", colour=(0.74, 0.57, 0.32)),
        seed=4,
    )


@lru_cache
def child() -> Person:
    """In t-shirt, shorts and sneakers."""
    return Person(
        body=BodyShape(femininity=0.9, age_years=8),
        height_m=1.27,
        outfit=Outfit(top="t-shirt", top_cloth=RED, bottom="shorts", bottom_cloth=BLUE, footwear="sneakers"),
        hair=Hair(cut="ponytail"),
        seed=5,
    )


ALL = (man, woman, child)
