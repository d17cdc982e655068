"""How a move spends its time: progress as a function of time, both from 0 to 1."""

from typing import Literal, get_args

from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor

Easing = Literal["linear", "ease", "ease-in", "ease-out", "hold"]
EASINGS: tuple[str, ...] = get_args(Easing)


def check_easing(easing: object) -> None:
    """Raises `InputError` for a name that is no easing."""
    if easing not in EASINGS:
        raise InputError(f"easing: expected one of {', '.join(EASINGS)}, got {easing!r}")


def eased(easing: Easing, time: Float[Tensor, "*b"]) -> Float[Tensor, "*b"]:
    """Progress at a share of the duration; both lie in [0, 1], and what lies outside is clamped.

    ``linear``
        Constant speed; starts and stops at once.
    ``ease``
        From rest to rest along the minimum-jerk curve 10u³ − 15u⁴ + 6u⁵, which practised human motion follows (Flash
        and Hogan, "The coordination of arm movements", J. Neuroscience 1985). Peak speed is 15/8 of the mean.
    ``ease-in``, ``ease-out``
        From rest to a steady speed of twice the mean, 2u³ − u⁴, and its mirror image; no acceleration at either end.
    ``hold``
        Stays at 0 and jumps to 1 at the very end.
    """
    check_easing(easing)
    u = time.clamp(0, 1)
    if easing == "linear":
        return u
    if easing == "ease":
        return u * u * u * (10 - u * (15 - 6 * u))
    if easing == "ease-in":
        return u * u * u * (2 - u)
    if easing == "ease-out":
        rest = 1 - u
        return 1 - rest * rest * rest * (2 - rest)
    return (u >= 1).to(u)
