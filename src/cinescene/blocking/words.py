"""From a prompt to roles: who is in it, what they look like, what they do and where they go. A small grammar.

It knows what the set factory knows: people, dogs, cats, balls, toy cars, robots and drones; clothes, hair and colours;
walking, running, standing, turning, sitting down and a few gestures; left, right, towards and away. Other words are
left to the text encoder. Everything that a prompt leaves open stays None here.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from cinescene.sets.subjects.cast import SubjectKind
from cinescene.sets.subjects.colours import HAIR, NAMED, Colour
from cinescene.sets.subjects.deeds import Deed
from cinescene.sets.subjects.gestures import Gesture
from cinescene.sets.subjects.person import Bottom, Footwear, HairCut, Headwear, Outer, Top

T = TypeVar("T")

Motion = Literal["move", "run", "stand", "turn"]
Heading = Literal["left", "right", "towards", "away"]

MOST_ROLES = 4
"""Further subjects of a prompt get no stand-in."""

NOUNS: Mapping[str, tuple[SubjectKind, str]] = {
    **dict.fromkeys(("woman", "women", "lady", "ladies", "actress", "mother", "grandmother"), ("person", "woman")),
    **dict.fromkeys(("man", "men", "guy", "guys", "gentleman", "actor", "father", "grandfather"), ("person", "man")),
    **dict.fromkeys(("girl", "girls"), ("person", "girl")),
    **dict.fromkeys(("boy", "boys"), ("person", "boy")),
    **dict.fromkeys(("child", "children", "kid", "kids"), ("person", "child")),
    **dict.fromkeys(
        ("person", "people", "somebody", "someone", "pedestrian", "dancer", "runner", "tourist", "waiter", "waitress"),
        ("person", "anyone"),
    ),
    **dict.fromkeys(("dog", "dogs", "puppy"), ("dog", "")),
    **dict.fromkeys(("cat", "cats", "kitten"), ("cat", "")),
    **dict.fromkeys(("ball", "balls", "football"), ("ball", "")),
    **dict.fromkeys(("toy car", "toy cars", "remote-controlled car"), ("toy car", "")),
    **dict.fromkeys(("robot", "robots"), ("robot", "")),
    **dict.fromkeys(("drone", "drones", "quadcopter"), ("drone", "")),
}
PLURALS = (
    *("women", "ladies", "men", "guys", "girls", "boys", "children", "kids", "people"),
    *("dogs", "cats", "balls", "toy cars", "robots", "drones"),
)
COUNTS: Mapping[str, int] = {"two": 2, "three": 3, "four": 4, "pair": 2, "couple": 2, "group": 3, "crowd": 4}
COLOURS: Mapping[str, Colour] = {
    **NAMED,
    "gray": NAMED["grey"],
    "dark gray": NAMED["dark grey"],
    "light grey": (0.72, 0.72, 0.72),
    "light gray": (0.72, 0.72, 0.72),
    "navy": NAMED["dark blue"],
    "navy blue": NAMED["dark blue"],
    "cyan": NAMED["turquoise"],
    "teal": NAMED["turquoise"],
    "violet": NAMED["purple"],
    "crimson": NAMED["dark red"],
    "burgundy": NAMED["dark red"],
    "scarlet": NAMED["red"],
    "golden": NAMED["yellow"],
    "gold": NAMED["yellow"],
    "tan": NAMED["beige"],
    "cream": (0.93, 0.89, 0.78),
    "khaki": NAMED["olive green"],
    "olive": NAMED["olive green"],
    "light green": (0.55, 0.78, 0.50),
    "dark brown": (0.24, 0.15, 0.10),
    "light brown": (0.62, 0.45, 0.30),
    "ginger": (0.88, 0.52, 0.22),
    "silver": (0.75, 0.76, 0.78),
}
TOPS: Mapping[str, Top] = {
    "t-shirt": "t-shirt",
    "tee": "t-shirt",
    "tank top": "tank top",
    "shirt": "shirt",
    "blouse": "blouse",
    "sweater": "sweater",
    "jumper": "sweater",
    "pullover": "sweater",
    "hoodie": "sweater",
    "cardigan": "sweater",
    "dress": "dress",
}
OUTERS: Mapping[str, Outer] = {"coat": "coat", "raincoat": "coat", "overcoat": "coat", "jacket": "jacket"}
BOTTOMS: Mapping[str, Bottom] = {
    "trousers": "trousers",
    "pants": "trousers",
    "jeans": "jeans",
    "leggings": "leggings",
    "shorts": "shorts",
    "short skirt": "short skirt",
    "long skirt": "long skirt",
    "skirt": "skirt",
}
SHOES: Mapping[str, Footwear] = {"shoes": "shoes", "sneakers": "sneakers", "trainers": "sneakers", "boots": "boots"}
HATS: Mapping[str, Headwear] = {"beanie": "beanie", "cap": "cap", "hat": "brimmed hat", "brimmed hat": "brimmed hat"}
_GARMENTS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("outer", OUTERS),
    ("top", TOPS),
    ("bottom", BOTTOMS),
    ("shoes", SHOES),
    ("hat", HATS),
    ("scarf", {"scarf": "scarf"}),
    ("backpack", {"backpack": "backpack", "rucksack": "backpack"}),
)
_WORN = {word: place for place, table in _GARMENTS for word in table}
CUTS: Mapping[str, HairCut] = {
    "buzz cut": "buzz cut",
    "ponytail": "ponytail",
    "bun": "bun",
    "bob": "bob",
    "afro": "afro",
    "long hair": "long",
    "short hair": "short",
    "curly hair": "curly",
}

_MOTIONS: tuple[tuple[Motion, str], ...] = (
    ("run", r"runs?|running|jogs?|jogging|sprint(?:s|ing)?|rush(?:es|ing)?|dash(?:es|ing)?"),
    (
        "move",
        r"walk(?:s|ing)?|stroll(?:s|ing)?|wander(?:s|ing)?|march(?:es|ing)?|strid(?:es|ing)|steps|stepping|comes?|"
        r"coming|goes|going|moves?|moving|cross(?:es|ing)?|pass(?:es|ing)|approach(?:es|ing)?|enters?|entering|leav(?:es|ing)|"
        r"trots?|trotting|rolls?|rolling|bounc(?:es|ing)|hops along|drives?|driving|fl(?:ies|ying)|glid(?:es|ing)",
    ),
    ("turn", r"turns? around|turns? on the spot|turning|spin(?:s|ning)?|twirl(?:s|ing)?"),
    ("stand", r"stands?|standing|waits?|waiting|hover(?:s|ing)?|hangs in the air|still|sits?|sitting"),
)
_HEADINGS: tuple[tuple[Heading, str], ...] = (
    ("right", r"from left to right|from the left|rightwards?|(?:to|towards) the right|to its right"),
    ("left", r"from right to left|from the right|leftwards?|(?:to|towards) the left|to its left"),
    ("towards", r"towards? (?:the camera|us|me|the viewer)|closer|approach(?:es|ing)?|comes? forward"),
    ("away", r"away from (?:the camera|us|me)|into the distance|\baway\b"),
)
_GESTURES: tuple[tuple[Gesture, str], ...] = (
    ("wave", r"wav(?:es?|ing)"),
    ("point", r"points?|pointing"),
    ("look around", r"look(?:s|ing) around|looking left and right|glanc(?:es|ing) about"),
    ("stretch", r"stretch(?:es|ing)?|reaching up"),
    ("hands on hips", r"hands on (?:the |her |his |their )?hips"),
    ("cheer", r"cheer(?:s|ing)?|arms raised|raised arms|celebrat(?:es|ing)|danc(?:es|ing)"),
)
_DEEDS: tuple[tuple[Deed, str], ...] = (
    ("sit down", r"sits? down|sitting down|takes a seat"),
    ("bend down", r"bends? down|bending down|crouch(?:es|ing)?|picks? up|picking up"),
    ("jump", r"jump(?:s|ing)?|hops on the spot|skips?"),
)
_STOPS = re.compile(r"\b(?:stops|and stops|comes to a (?:halt|stop))\b")
_EMPTY = re.compile(r"\b(?:no(?:body| one)|empty|without (?:people|anybody|anyone)|deserted)\b")


@dataclass(frozen=True, kw_only=True)
class Role:
    """A subject of a prompt, as far as its words say.

    ``garments`` maps a kind of garment ("top", "outer", "bottom", "shoes", "hat", "scarf", "backpack") to its name
    there and its colour, None where no colour is said.
    """

    kind: SubjectKind
    sort: str = ""
    old: bool = False
    young: bool = False
    size: Literal["", "small", "large"] = ""
    colour: Colour | None = None
    second: Colour | None = None
    garments: Mapping[str, tuple[str, Colour | None]] = field(default_factory=dict)
    hair: Colour | None = None
    cut: HairCut | None = None
    motion: Motion | None = None
    headings: tuple[Heading, ...] = ()
    bounces: bool = False
    stops: bool = False
    gesture: Gesture = "none"
    deed: Deed = "none"


def roles_in(prompt: str) -> tuple[Role, ...]:
    """The roles of a prompt, in its order; none where it says that nobody is there, or names nothing that is known.

    A verb that one subject lacks is taken from the next one's clause ("two women and a dog walk to the left").
    """
    text = re.sub(r"\s+", " ", prompt.lower().replace("’", "'"))
    found = list(re.finditer(rf"\b(?:{_words(NOUNS)})\b(?!'s)", text))
    found = [match for match in found if not _by_the_way(text[: match.start()])]
    if not found or (_EMPTY.search(text) and not any(_article(text[: m.start()]) for m in found)):
        return ()
    starts = [_phrase_start(text, found, number) for number in range(len(found))]
    ends = [*starts[1:], len(text)]
    roles: list[Role] = []
    for match, start, end in zip(found, starts, ends, strict=True):
        before, after = text[start : match.start()], text[match.end() : end]
        count = next((n for word, n in COUNTS.items() if re.search(rf"\b{word}\b", before)), 0)
        count = count or (2 if match[0] in PLURALS else 1)
        roles += [_role(match[0], before, after)] * count
    return tuple(_with_shared_deeds(roles[:MOST_ROLES]))


def _words(table: Mapping[str, object]) -> str:
    return "|".join(re.escape(word) for word in sorted(table, key=len, reverse=True))


def _by_the_way(before: str) -> bool:
    """Whether what follows is only passed, or looked at: "past a dog", "like a cat"; not so "a group of people"."""
    if re.search(r"\b(?:group|crowd|pair|couple|number|lot|bunch) of (?:[\w-]+ )?$", before):
        return False
    passed = r"\b(?:past|behind|beside|near|like) (?:an? |the )?(?:[\w-]+ )?$"
    meant = r"\b(?:as|of|for|to|at) (?:(?:an?|the) (?:[\w-]+ )?)?$"
    return bool(re.search(f"{passed}|{meant}", before))


def _article(before: str) -> bool:
    return bool(re.search(r"\b(?:an?|the|one|two|three|four)\b[^,.;]*$", before))


def _phrase_start(text: str, found: list[re.Match[str]], number: int) -> int:
    """Where the noun phrase of a subject begins: at its article, or after the last comma, "and" or "while"."""
    low = found[number - 1].end() if number else 0
    between = text[low : found[number].start()]
    marks = [m.start() for m in re.finditer(r"\b(?:an?|the|one|two|three|four|another)\b", between)]
    if marks:
        return low + marks[-1]
    joints = [m.end() for m in re.finditer(r"[,;.]|\b(?:and|while|with)\b", between)]
    return low + (joints[-1] if joints else (0 if not number else len(between)))


def _role(noun: str, before: str, after: str) -> Role:
    kind, sort = NOUNS[noun]
    both = f"{before} {after}"
    garments = _garments(both) if kind == "person" else {}
    colours = _colours_in(before) if kind != "person" else []
    hair, cut = _hair(both) if kind == "person" else (None, None)
    return Role(
        kind=kind,
        sort=sort,
        old=bool(re.search(r"\b(?:old|elderly|aged|senior)\b", before)) or noun.startswith("grand"),
        young=bool(re.search(r"\byoung\b", before)),
        size=_size(before),
        colour=colours[0] if colours else None,
        second=colours[1] if len(colours) > 1 else None,
        garments=garments,
        hair=hair,
        cut=cut,
        motion=_first(_MOTIONS, after),
        headings=tuple(sorted(_all(_HEADINGS, after), key=lambda h: _place(_HEADINGS, h, after))[:2]),
        bounces=bool(re.search(r"\b(?:bounc\w+|hops along)\b", both)),
        stops=bool(_STOPS.search(after)),
        gesture=(_first(_GESTURES, after) or "none") if kind == "person" else "none",
        deed=(_first(_DEEDS, after) or "none") if kind == "person" else "none",
    )


def _size(before: str) -> Literal["", "small", "large"]:
    if re.search(r"\b(?:tall|big|large|huge)\b", before):
        return "large"
    return "small" if re.search(r"\b(?:short|small|little|tiny)\b", before) else ""


def _first(table: tuple[tuple[T, str], ...], text: str) -> T | None:
    """What is said first."""
    said = [(m.start(), value) for value, pattern in table if (m := re.search(rf"\b(?:{pattern})\b", text))]
    return min(said, key=lambda item: item[0])[1] if said else None


def _all(table: tuple[tuple[T, str], ...], text: str) -> list[T]:
    return [value for value, pattern in table if re.search(rf"\b(?:{pattern})\b", text)]


def _place(table: tuple[tuple[T, str], ...], value: T, text: str) -> int:
    match = re.search(rf"\b(?:{dict(table)[value]})\b", text)
    return match.start() if match else len(text)


def _colours_in(text: str) -> list[Colour]:
    return [COLOURS[said] for said in re.findall(rf"\b(?:{_words(COLOURS)})\b", text)]


def _garments(text: str) -> dict[str, tuple[str, Colour | None]]:
    worn: dict[str, tuple[str, Colour | None]] = {}
    for place, table in _GARMENTS:
        match = re.search(rf"\b(?:{_words(table)})\b", text)
        if match:
            worn[place] = table[match[0]], _nearest_colour(text, match.start())
    if re.search(r"\bsuit\b", text) and "outer" not in worn:
        colour = _nearest_colour(text, text.index("suit"))
        worn |= {"outer": ("jacket", colour), "bottom": ("trousers", colour)}
    if not worn:
        plain = re.search(rf"\b(?:in|wearing) (?:all )?({_words(COLOURS)})\b", text)
        if plain:
            worn["top"] = ("shirt", COLOURS[plain[1]])
    return worn


def _nearest_colour(text: str, end: int) -> Colour | None:
    """The colour said of a garment whose name begins at ``end``: the first one since the last "and", comma or "in"."""
    phrase = re.split(rf",|\b(?:in|wearing|with|an?|{_words(_WORN)})\b", text[:end])[-1]
    said = _colours_in(phrase)
    return said[0] if said else None


def _hair(text: str) -> tuple[Colour | None, HairCut | None]:
    cut = next((CUTS[word] for word in sorted(CUTS, key=len, reverse=True) if re.search(rf"\b{word}\b", text)), None)
    if re.search(r"\bbald\b", text):
        cut = "buzz cut"
    names = {**HAIR, "blonde": HAIR["blond"], "dark": HAIR["dark brown"], "ginger": HAIR["red"], "gray": HAIR["grey"]}
    match = re.search(rf"\b({_words(names)})(?: [a-z]+)? (?:hair|bun|ponytail|bob|afro)\b", text)
    if match:
        return names[match[1]], cut
    return (HAIR["blond"] if re.search(r"\bblonde?\b", text) else None), cut


def _with_shared_deeds(roles: list[Role]) -> list[Role]:
    """Roles without any verb do what the next one does that has one."""
    shared: Role | None = None
    out: list[Role] = []
    for role in reversed(roles):
        idle = role.motion is None and role.gesture == "none" and role.deed == "none"
        if idle and shared is not None:
            role = dataclasses.replace(role, motion=shared.motion, headings=shared.headings, stops=shared.stops)
        elif not idle:
            shared = role
        out.append(role)
    return out[::-1]
