"""Random views of small grey images, drawn where the images are."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

#: Bounds of the draws: as in configs/studies/_base_/glyphs.py.
DEGREES, SHIFT, SCALE, SHEAR, CONTRAST, BRIGHTNESS, NOISE = 10., 0.12, (0.8, 1.15), 8., (0.6, 1.3), (0.8, 1.2), 0.06


@torch.no_grad()
def random_views(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Turn, shear, scale and shift each image at random; then change contrast and brightness, and add noise.

    Args:
        images (Tensor): uint8 (B, 1, H, W); black behind the edges.
        generator (torch.Generator, optional): of the images' device.

    Returns:
        Tensor: float32 (B, 1, H, W), in about [0, 1].
    """
    draws = torch.rand(8, len(images), device=images.device, generator=generator)
    angle, shear = ((2 * row - 1) * math.radians(bound) for row, bound in zip(draws, (DEGREES, SHEAR)))
    scale = SCALE[0] + (SCALE[1] - SCALE[0]) * draws[2]
    shift = (4 * draws[3:5] - 2) * SHIFT  # the grid is 2 wide
    sine, cosine, slope = angle.sin() / scale, angle.cos() / scale, shear.tan()
    rows = torch.stack([cosine, slope * cosine - sine, shift[0], sine, slope * sine + cosine, shift[1]], dim=1)
    grid = F.affine_grid(rows.view(-1, 2, 3), list(images.shape), align_corners=False)
    views = F.grid_sample(images.float() / 255, grid, align_corners=False)
    contrast, brightness = ((low + (high - low) * row).view(-1, 1, 1, 1)
                            for row, (low, high) in zip(draws[5:7], (CONTRAST, BRIGHTNESS)))
    noise = torch.randn(views.shape, device=views.device, generator=generator)
    return (views * contrast + (brightness - 1) + NOISE * noise).clamp(0, 1)
