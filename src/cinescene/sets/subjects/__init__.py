"""Moving subjects: people, dogs and cats, balls, toy cars, robots and drones; what they do, and captions for it.

A `Subject` says what somebody or something looks like, a `Performance` what it does where; both are plain frozen
values that go to JSON and back. ``Performance.meshes_at(time_s)`` gives the meshes of a moment.
"""

from cinescene.sets.subjects.caption_facts import CaptionFacts, caption_facts
from cinescene.sets.subjects.captions import caption
from cinescene.sets.subjects.cast import (
    KINDS,
    Subject,
    SubjectKind,
    plausible_speed_m_s,
    random_subject,
    subject_from_json,
    subject_to_json,
)
from cinescene.sets.subjects.directing import random_performance
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.performance import Performance

__all__ = [
    "KINDS",
    "CaptionFacts",
    "GroundPath",
    "Performance",
    "Subject",
    "SubjectKind",
    "caption",
    "caption_facts",
    "plausible_speed_m_s",
    "random_performance",
    "random_subject",
    "subject_from_json",
    "subject_to_json",
]
