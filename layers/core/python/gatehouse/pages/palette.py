"""The colours of pages and mails: neutrals, and what follows from the brand colour by WCAG 2.2 contrast."""

import colorsys
import re
from collections.abc import Iterable, Mapping
from functools import cache

DEFAULT_BRAND = "#3730a3"

TEXT_CONTRAST = 4.5
SHAPE_CONTRAST = 3.0
# Below this a button in the brand's colour melts into the card; above it, an edge in SHAPE_CONTRAST is enough.
VISIBLE_CONTRAST = 1.25

_WHITE = "#ffffff"
_BLACK = "#000000"
_LIGHT = {
    "page": "#f3f4f7",
    "surface": "#ffffff",
    "band": "#f8f9fb",
    "field": "#ffffff",
    "field-line": "#838b99",
    "line": "#e2e5eb",
    "ink": "#161a21",
    "muted": "#59616e",
    "danger": "#b3261e",
    "danger-surface": "#fdf1ef",
    "danger-line": "#f1c5c0",
    "good": "#166c41",
    "good-surface": "#e9f6ee",
    "shadow": "rgb(20 26 40 / 8%)",
}
_DARK = {
    "page": "#0d0f13",
    "surface": "#16191f",
    "band": "#1a1e25",
    "field": "#101318",
    "field-line": "#717a89",
    "line": "#2a2f38",
    "ink": "#eceef2",
    "muted": "#a4acb9",
    "danger": "#ff9e94",
    "danger-surface": "#2b1716",
    "danger-line": "#5c2b27",
    "good": "#7fd6a4",
    "good-surface": "#14271d",
    "shadow": "rgb(0 0 0 / 50%)",
}


def brand_color(configured: str | None) -> str:
    """Return the configured colour as lower-case #rrggbb, or the default when it is anything else."""
    if configured and re.fullmatch(r"#[0-9a-fA-F]{6}", configured):
        return configured.lower()
    return DEFAULT_BRAND


def contrast(one: str, other: str) -> float:
    """Return the WCAG 2.2 contrast ratio of two #rrggbb colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@cache
def light(brand: str) -> Mapping[str, str]:
    """Return every custom property of the light scheme for a brand colour (#rrggbb), by name without the dashes."""
    return _LIGHT | _from_brand(brand, _LIGHT, hardest="page", pole=_BLACK)


@cache
def dark(brand: str) -> Mapping[str, str]:
    """Return every custom property of the dark scheme for a brand colour (#rrggbb), by name without the dashes."""
    return _DARK | _from_brand(brand, _DARK, hardest="band", pole=_WHITE)


def _from_brand(brand: str, neutral: Mapping[str, str], hardest: str, pole: str) -> dict[str, str]:
    surface = neutral["surface"]
    # A grey brand made readable would be a middle grey, which says "disabled": the ink stands in for it.
    voice = neutral["ink"] if _is_grey(brand) else brand
    fill = brand
    if contrast(brand, surface) < VISIBLE_CONTRAST:
        fill = _readable(voice, surface, SHAPE_CONTRAST, pole)
    on_fill = _WHITE if contrast(fill, _WHITE) >= TEXT_CONTRAST else _BLACK
    tint = _mix(surface, brand, 0.12)
    return {
        "fill": fill,
        "on-fill": on_fill,
        "fill-hover": _mix(fill, _BLACK if on_fill == _WHITE else _WHITE, 0.14),
        "fill-edge": _readable(fill, surface, SHAPE_CONTRAST, pole),
        "accent": _readable(voice, neutral[hardest], TEXT_CONTRAST, pole),
        "tint": tint,
        "on-tint": _readable(voice, tint, TEXT_CONTRAST, pole),
        "glow": _mix(neutral["page"], brand, 0.1),
    }


def _is_grey(color: str) -> bool:
    channels = _channels(color)
    return max(channels) - min(channels) < 32


def _readable(color: str, backdrop: str, ratio: float, pole: str) -> str:
    # Moves only the lightness, so that an adjusted colour is still recognisably the brand's.
    hue, lightness, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in _channels(color)))
    target = 1.0 if pole == _WHITE else 0.0
    for percent in range(100):
        moved = lightness + (target - lightness) * percent / 100
        candidate = _hex(channel * 255 for channel in colorsys.hls_to_rgb(hue, moved, saturation))
        if contrast(candidate, backdrop) >= ratio:
            return candidate
    return pole


def _mix(color: str, other: str, share: float) -> str:
    pairs = zip(_channels(color), _channels(other), strict=True)
    return _hex(own + (foreign - own) * share for own, foreign in pairs)


def _hex(channels: Iterable[float]) -> str:
    return "#" + "".join(f"{round(channel):02x}" for channel in channels)


def _channels(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color[1:]))


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
