"""Numbers and targets of moves: what is allowed, and how they are written."""

from decimal import Decimal

from cinescene.errors import InputError

Target = float | tuple[float, float, float]
"""A point in the world (x, y, z in metres), or the one so many metres ahead of the camera when the step begins."""

LARGEST_M = 1e5
LARGEST_DEG = 36_000.0
FOCAL_RANGE_MM = (1.0, 10_000.0)


def check_focal(focal_mm: float, name: str) -> None:
    """Raises `InputError` for a focal length that no lens has."""
    if not FOCAL_RANGE_MM[0] <= focal_mm <= FOCAL_RANGE_MM[1]:
        low, high = FOCAL_RANGE_MM
        raise InputError(f"{name}: expected a focal length from {low:g} to {high:g} mm, got {focal_mm:g} mm")


def check_angle(angle_deg: float, name: str) -> None:
    if not abs(angle_deg) <= LARGEST_DEG:
        raise InputError(f"{name}: expected an angle up to {LARGEST_DEG:g}°, got {angle_deg:g}°")


def check_length(length_m: float, name: str) -> None:
    if not abs(length_m) <= LARGEST_M:
        raise InputError(f"{name}: expected a length up to {LARGEST_M:g} m, got {length_m:g} m")


def check_target(target: Target, name: str) -> None:
    if isinstance(target, tuple):
        for coordinate in target:
            check_length(coordinate, name)
    elif not 0 < target <= LARGEST_M:
        raise InputError(f"{name}: expected a distance ahead above 0 m, got {target:g} m")


def number_text(value: float) -> str:
    """The shortest decimal without an exponent that reads back as the same number."""
    text = format(Decimal(repr(float(value))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed_text(value: float, positive: str, negative: str, unit: str) -> str:
    return f"{positive if value >= 0 else negative} {number_text(abs(value))}{unit}"


def target_text(target: Target) -> str:
    return f"{number_text(target)}m" if isinstance(target, float | int) else ",".join(number_text(c) for c in target)
