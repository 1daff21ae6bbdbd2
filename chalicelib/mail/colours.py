"""A business's colour, made readable: the nearest shade with WCAG AA contrast on light and on dark grounds.

Leaves to others: where it is used (the stylesheet, the mails' buttons).
"""

from __future__ import annotations

from dataclasses import dataclass

AA = 4.5
SEEN = 1.9  # a button is known by its words; its ground need only be seen
LIGHT_GROUNDS = ("#ffffff", "#f6f6f3")
DARK_GROUNDS = ("#15171b", "#1e2127")
INK, PAPER = "#14161a", "#ffffff"
Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Accent:
    """The colour as text (`text`), as the ground of a button (`fill`), and what can be read on that (`on`)."""

    text: str
    fill: str
    on: str


def light(colour: str) -> Accent:
    """Readable on white pages."""
    return _accent(colour, LIGHT_GROUNDS, towards=(0.0, 0.0, 0.0))


def dark(colour: str) -> Accent:
    """Readable on dark pages."""
    return _accent(colour, DARK_GROUNDS, towards=(255.0, 255.0, 255.0))


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two colours, 1 to 21."""
    a, b = sorted((_luminance(one), _luminance(other)))
    return (b + 0.05) / (a + 0.05)


def _accent(colour: str, grounds: tuple[str, ...], towards: Rgb) -> Accent:
    shades = [_mix(colour, towards, step / 50) for step in range(51)]
    text = next(s for s in shades if _stands_out(s, grounds, AA))
    fill = next(s for s in shades if _stands_out(s, grounds, SEEN) and contrast(s, _on(s)) >= AA)
    return Accent(text, fill, _on(fill))


def _stands_out(shade: str, grounds: tuple[str, ...], ratio: float) -> bool:
    return min(contrast(shade, ground) for ground in grounds) >= ratio


def _on(fill: str) -> str:
    return max((PAPER, INK), key=lambda text: contrast(text, fill))


def _mix(colour: str, towards: Rgb, share: float) -> str:
    return "#" + "".join(f"{round(c + (t - c) * share):02x}" for c, t in zip(_rgb(colour), towards, strict=True))


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    r, g, b = (_linear(c / 255) for c in _rgb(colour))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
