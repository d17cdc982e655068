"""A contact sheet: every view of a scene small, named and measured, on one picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from cinescene.errors import InputError
from cinescene.files import written_whole
from cinescene.scene.advice import SOFT
from cinescene.scene.fitting import Fitting
from cinescene.scene.inspect import Inspection, SceneReport, ViewReport
from cinescene.scene.panorama import Panorama
from cinescene.scene.scene import Scene
from cinescene.tensor_types import Tensor, UInt8

SHEET_WIDTH_PX = 1800
MARGIN_PX = 36
GAP_PX = 18
MOST_VIEWS = 48
MOST_WARNINGS = 10

PAPER = (24, 25, 28)
CELL = (36, 38, 43)
INK = (235, 236, 239)
FAINT = (150, 154, 163)
ACCENT = (255, 186, 73)
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 38, 21, 18


@dataclass(frozen=True)
class Fonts:
    """The letters of sheets."""

    title: ImageFont.FreeTypeFont
    text: ImageFont.FreeTypeFont
    small: ImageFont.FreeTypeFont

    @classmethod
    def load(cls) -> Fonts:
        """DejaVu, which comes with matplotlib and holds Latin, Greek and Cyrillic."""
        import matplotlib as mpl

        folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
        plain, bold = str(folder / "DejaVuSans.ttf"), str(folder / "DejaVuSans-Bold.ttf")
        return cls(
            title=ImageFont.truetype(bold, TITLE_SIZE),
            text=ImageFont.truetype(bold, TEXT_SIZE),
            small=ImageFont.truetype(plain, SMALL_SIZE),
        )


@contextmanager
def contact_sheet_file(path: str | Path) -> Iterator[Path]:
    """A place to save a sheet, found out before the work is done; `InputError` where the name or place will not do."""
    if Path(path).suffix.lower() != ".png":
        raise InputError(f"{path}: expected a name that ends in .png for the contact sheet")
    with written_whole(path) as temporary:
        yield temporary


def contact_sheet(scene: Scene, inspection: Inspection, warnings: Sequence[str] = ()) -> Image.Image:
    """The sheet as a picture, `SHEET_WIDTH_PX` wide. Of very many views an even choice is shown, and said."""
    fonts = Fonts.load()
    report = inspection.report
    shown = _even_choice(len(report.views), MOST_VIEWS)
    blocks = [_header(report, len(shown), fonts)]
    if scene.panorama is not None:
        blocks.append(_panorama_strip(scene, scene.panorama))
    columns = _columns(len(shown))
    cells = [_Cell.of(report, i, inspection.thumbnails[i], i == scene.start_view) for i in shown]
    blocks += [_row(cells[i : i + columns], columns, fonts) for i in range(0, len(cells), columns)]
    if warnings:
        blocks.append(_warnings(warnings, fonts))
    height = 2 * MARGIN_PX + sum(block.height for block in blocks) + GAP_PX * (len(blocks) - 1)
    sheet = Image.new("RGB", (SHEET_WIDTH_PX, height), PAPER)
    top = MARGIN_PX
    for block in blocks:
        sheet.paste(block, (MARGIN_PX, top))
        top += block.height + GAP_PX
    return sheet


def _even_choice(count: int, most: int) -> list[int]:
    return list(range(count)) if count <= most else sorted({round(i * (count - 1) / (most - 1)) for i in range(most)})


def _columns(count: int) -> int:
    """Few and large for few views; else the number, up to 6, that leaves the fewest places empty."""
    if count <= 4:
        return max(2, count)
    return min((5, 6, 4) if count <= 20 else (6, 5), key=lambda columns: -count % columns)


def _block(height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (SHEET_WIDTH_PX - 2 * MARGIN_PX, height), PAPER)
    return image, ImageDraw.Draw(image)


def _header(report: SceneReport, shown: int, fonts: Fonts) -> Image.Image:
    image, draw = _block(TITLE_SIZE + TEXT_SIZE + 34)
    draw.text((0, 0), _shortened(report.name, fonts.title, image.width), font=fonts.title, fill=INK)
    parts = [f"{len(report.views)} views" if len(report.views) > 1 else "1 view"]
    if shown < len(report.views):
        parts.append(f"{shown} of them shown")
    if report.panorama is not None:
        parts.append(f"from a panorama of {report.panorama.width_px}×{report.panorama.height_px}")
    sizes = {(view.width_px, view.height_px) for view in report.views}
    parts.append(_size_and_lens(report.views[0]) if len(sizes) == 1 else f"{len(sizes)} sizes")
    parts.append("poses known" if all(view.posed for view in report.views) else "poses not known")
    if report.exposure_spread_stops is not None and len(report.views) > 1:
        parts.append(f"light differs by {report.exposure_spread_stops:.1f} stops")
    draw.text((0, TITLE_SIZE + 18), "  ·  ".join(parts), font=fonts.small, fill=FAINT)
    return image


def _panorama_strip(scene: Scene, panorama: Panorama) -> Image.Image:
    """The panorama, with a dot where each view looks and a ring about the start view's."""
    width = SHEET_WIDTH_PX - 2 * MARGIN_PX
    height = width // 3
    pixels = panorama.image if panorama.image.dtype == torch.uint8 else (panorama.image * 255).round().to(torch.uint8)
    strip = _as_image(Fitting.of(panorama.size_px, (width, width // 2)).picture(pixels))
    draw = ImageDraw.Draw(strip)
    rotation = panorama.camera.camera_from_world[:3, :3].double()
    for index, view in enumerate(scene.views):
        if view.camera is None:
            continue
        x, y, z = (rotation @ view.camera.forward.double()).tolist()
        centre = (
            (math.atan2(x, z) / (2 * math.pi) + 0.5) * width,
            (math.atan2(y, math.hypot(x, z)) / math.pi + 0.5) * strip.height,
        )
        draw.circle(centre, 6, fill=ACCENT, outline=PAPER, width=2)
        if index == scene.start_view:
            draw.circle(centre, 14, outline=ACCENT, width=3)
    margin = (strip.height - height) // 2 if _all_level(scene) else 0
    return strip.crop((0, margin, width, strip.height - margin))


def _all_level(scene: Scene) -> bool:
    return all(view.camera is not None and abs(float(view.camera.forward[2])) < 0.5 for view in scene.views)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cell:
    """What is said of one view on the sheet: what is the same for all of them stands in the header instead."""

    title: str
    details: str
    flagged: bool
    shape: float
    thumbnail: UInt8[Tensor, "3 h w"] | None

    @classmethod
    def of(cls, report: SceneReport, index: int, thumbnail: Tensor | None, is_start: bool) -> _Cell:
        view = report.views[index]
        photographed = report.kind != "panorama"
        soft = photographed and view.sharpness is not None and view.sharpness < SOFT
        parts = [_size_and_lens(view)] if photographed else []
        if soft:
            parts.append("soft")
        if view.exposure_stops is not None:
            parts.append(f"{view.exposure_stops:+.1f} EV")
        if photographed and view.best_overlap is not None:
            parts.append(f"shared {view.best_overlap:.0%}")
        return cls(
            title=f"{view.name}  (start)" if is_start else view.name,
            details="  ".join(parts),
            flagged=soft or view.problem is not None,
            shape=view.height_px / view.width_px,
            thumbnail=thumbnail,
        )


def _size_and_lens(view: ViewReport) -> str:
    return f"{view.width_px}×{view.height_px}  {'≈' if view.lens == 'assumed' else ''}{view.horizontal_fov_deg:.0f}°"


def _row(cells: Sequence[_Cell], columns: int, fonts: Fonts) -> Image.Image:
    width = (SHEET_WIDTH_PX - 2 * MARGIN_PX - GAP_PX * (columns - 1)) // columns
    picture_height = round(width * min(1.0, max(cell.shape for cell in cells)))
    image, draw = _block(picture_height + TEXT_SIZE + SMALL_SIZE + 34)
    for column, cell in enumerate(cells):
        left = column * (width + GAP_PX)
        draw.rectangle((left, 0, left + width - 1, image.height - 1), fill=CELL)
        middle = left + width // 2, picture_height // 2
        if cell.thumbnail is None:
            draw.text(middle, "cannot be read", font=fonts.text, fill=ACCENT, anchor="mm")
        else:
            picture = _within(cell.thumbnail, width, picture_height)
            image.paste(picture, (middle[0] - picture.width // 2, middle[1] - picture.height // 2))
        top, ink = picture_height + 9, ACCENT if cell.flagged else INK
        draw.text((left + 10, top), _shortened(cell.title, fonts.text, width - 20), font=fonts.text, fill=ink)
        details = _shortened(cell.details, fonts.small, width - 20)
        draw.text((left + 10, top + TEXT_SIZE + 8), details, font=fonts.small, fill=FAINT)
    return image


def _within(thumbnail: UInt8[Tensor, "3 h w"], width: int, height: int) -> Image.Image:
    scale = min(width / thumbnail.shape[-1], height / thumbnail.shape[-2])
    size = max(1, round(thumbnail.shape[-1] * scale)), max(1, round(thumbnail.shape[-2] * scale))
    return _as_image(thumbnail).resize(size, Image.Resampling.LANCZOS)


def _as_image(pixels: UInt8[Tensor, "3 h w"]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels.movedim(0, -1).numpy()))


def _warnings(warnings: Sequence[str], fonts: Fonts) -> Image.Image:
    width = SHEET_WIDTH_PX - 2 * MARGIN_PX - 24
    lines: list[tuple[bool, str]] = []
    for warning in warnings[:MOST_WARNINGS]:
        lines += [(index == 0, line) for index, line in enumerate(_wrapped(warning, fonts.small, width))]
    if len(warnings) > MOST_WARNINGS:
        lines.append((False, f"and {len(warnings) - MOST_WARNINGS} more"))
    image, draw = _block(len(lines) * (SMALL_SIZE + 9) + 4)
    for index, (is_first, line) in enumerate(lines):
        y = index * (SMALL_SIZE + 9)
        if is_first:
            draw.circle((7, y + SMALL_SIZE / 2 + 2), 4, fill=ACCENT)
        draw.text((24, y), line, font=fonts.small, fill=INK)
    return image


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, or its beginning and end about an ellipsis, since file names often differ at their end."""
    if font.getlength(text) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        head = (kept + 1) // 2
        shorter = f"{text[:head]}…{text[len(text) - (kept - head) :]}"
        if font.getlength(shorter) <= width:
            return shorter
    return "…"
