"""Batched steps that move pixels."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from .step import Draws, Range, Step, limits_of

_RESAMPLE, _PADDING = ('bilinear', 'nearest'), ('zeros', 'border', 'reflection')
_TRIES = 10  # of a random crop, as in torchvision


class RandomHorizontalFlip(Step):
    """Mirror images left to right.

    Args:
        p (float): the share of images.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)

    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Mirror all images."""
        return images.flip(-1)


class RandomVerticalFlip(Step):
    """Turn images upside down, mirrored.

    Args:
        p (float): the share of images.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)

    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Mirror all images."""
        return images.flip(-2)


class RandomAffine(Step):
    """Rotate, scale, shear and shift images about their centre.

    Args:
        degrees (float | Sequence[float]): range of the angle, clockwise; a number for plus and minus.
        translate (Sequence[float] | None): largest shift to the right and down, as a share of width and height.
        scale (Sequence[float] | None): range of the factor of both sides.
        shear (float | Sequence[float] | None): range of the angle of shear along x, in degrees; with four numbers, also y.
        resample (str): ``'bilinear'`` or ``'nearest'``.
        padding_mode (str): what lies outside the image: ``'zeros'``, ``'border'`` or ``'reflection'``.
        p (float): the share of images.

    Raises:
        ValueError: if an argument is outside its range.
    """

    def __init__(self, degrees: Range, translate: Sequence[float] | None = None, scale: Sequence[float] | None = None,
                 shear: Range | None = None, resample: str = 'bilinear', padding_mode: str = 'zeros', p: float = 0.5) -> None:
        self.degrees = limits_of(degrees, 'degrees', low=-360., high=360.)
        if translate is not None and (len(translate) != 2 or not all(0 <= share <= 1 for share in translate)):
            raise ValueError(f'translate={translate} of RandomAffine must be two shares of width and height, each in [0, 1]')
        self.translate = translate
        self.scale = None if scale is None else limits_of(scale, 'scale')
        self.shear = None if shear is None else _shear_limits(shear)
        if resample not in _RESAMPLE or padding_mode not in _PADDING:
            raise ValueError(f'resample={resample!r} and padding_mode={padding_mode!r} of RandomAffine; choose one of '
                             f'{", ".join(_RESAMPLE)} and one of {", ".join(_PADDING)}')
        self.resample, self.padding_mode = resample, padding_mode
        super().__init__(p, [1] * (1 + (scale is not None) + 2 * (translate is not None) + 2 * (shear is not None)))

    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Sample all images at the places that the inverse of the map gives."""
        height, width = images.shape[-2:]
        angle, scale, shift, shear = self._parameters(draws, height, width)
        inverse = _inverse_map(angle, scale, shear)
        # A row of pixel centres in [-1, 1] (align_corners=False), about the centre of the image.
        x = _centres(width, images.device)
        y = _centres(height, images.device)[:, None]
        (xx, xy), (yx, yy) = ((entry.view(-1, 1, 1) for entry in row) for row in inverse)
        right, down = (2 * part.view(-1, 1, 1) / side for part, side in zip(shift, (width, height)))
        x, y = x - right, y - down
        grid = torch.stack([xx * x + xy * (height / width) * y, yx * (width / height) * x + yy * y], dim=-1)
        return grid_sample(images, grid, self.resample, self.padding_mode, align_corners=False)

    def _parameters(self, draws: Draws, height: int, width: int) -> tuple:
        """Angle (radians), scale, shift (pixels, right and down) and shear (radians, along x and y), each (B,)."""
        column, none = iter(range(len(self.calls))), torch.zeros_like(draws.uniform[:, 0])
        angle = draws.between(next(column), self.degrees) * (math.pi / 180)
        scale = none + 1 if self.scale is None else draws.between(next(column), self.scale)
        shift = shear = (none, none)
        if self.translate is not None:
            shift = tuple(draws.between(next(column), (-most, most)) * side
                          for most, side in zip(self.translate, (width, height)))
        if self.shear is not None:
            shear = tuple(draws.between(next(column), limits) * (math.pi / 180) for limits in self.shear)
        return angle, scale, shift, shear


def _shear_limits(shear: Range) -> tuple[tuple[float, float], tuple[float, float]]:
    values = (shear,) if isinstance(shear, (int, float)) else tuple(shear)
    along_x = values[0] if len(values) == 1 else values[:2]
    along_y = values[2:] if len(values) == 4 else 0.
    return limits_of(along_x, 'shear', low=-90., high=90.), limits_of(along_y, 'shear', low=-90., high=90.)


def _inverse_map(angle: Tensor, scale: Tensor, shear: tuple[Tensor, Tensor]) -> tuple[tuple[Tensor, Tensor], ...]:
    """The inverse of rotation x scale x shear: a shear along x, then y, by minus the tangent of its angles."""
    cosine, sine = angle.cos() / scale, angle.sin() / scale
    along_x, along_y = shear[0].tan(), shear[1].tan()
    return ((cosine + along_x * (along_y * cosine - sine), sine + along_x * (along_y * sine + cosine)),
            (along_y * cosine - sine, along_y * sine + cosine))


def _centres(side: int, device: torch.device) -> Tensor:
    return torch.linspace(-1 + 1 / side, 1 - 1 / side, side, device=device)


class RandomResizedCrop(Step):
    """Cut out a random part and resize it, by bilinear interpolation between the centres of its corners' pixels.

    The size of the part is drawn as in torchvision: of ten tries, the first one that fits.

    Args:
        size (int | Sequence[int]): height and width of the result; one number for both.
        scale (Sequence[float]): range of the part's area, as a share of the image's.
        ratio (Sequence[float]): range of the part's width divided by its height.
        p (float): must be 1, since a crop changes the size.

    Raises:
        ValueError: if an argument is outside its range.
    """

    def __init__(self, size: int | Sequence[int], scale: Sequence[float] = (0.08, 1.), ratio: Sequence[float] = (3 / 4, 4 / 3),
                 p: float = 1.) -> None:
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        if len(self.size) != 2 or not all(isinstance(side, int) and side > 0 for side in self.size):
            raise ValueError(f'size={size} of RandomResizedCrop must be one or two positive integers')
        self.scale, self.ratio = limits_of(scale, 'scale'), limits_of(ratio, 'ratio')
        if not self.ratio[0] > 0:
            raise ValueError(f'ratio={ratio} of RandomResizedCrop must be positive')
        if p != 1:
            raise ValueError(f'p={p} of RandomResizedCrop: crops change the size of an image, so they need p=1')
        super().__init__(p, (_TRIES, _TRIES, 1, 1))

    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Crop all images."""
        left, top, width, height = self.boxes(draws.uniform, *images.shape[-2:])
        x, y = (_between_corners(start, extent, side, whole) for start, extent, side, whole in zip(
            (left, top), (width, height), self.size[::-1], images.shape[:-3:-1]))
        grid = torch.stack(torch.broadcast_tensors(x[:, None], y[:, :, None]), dim=-1)
        return grid_sample(images, grid, 'bilinear', 'zeros', align_corners=True)

    def boxes(self, uniform: Tensor, height: int, width: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Left, top, width and height of the parts, whole numbers in float32, each (B,)."""
        low, high = self.scale
        area = (uniform[:, :_TRIES] * (high - low) + low) * height * width
        low, high = (math.log(value) for value in self.ratio)
        ratio = (low + uniform[:, _TRIES:2 * _TRIES] * (high - low)).exp()
        widths, heights = (area * ratio).sqrt().round(), (area / ratio).sqrt().round()
        fits = (widths > 0) & (widths <= width) & (heights > 0) & (heights <= height)
        first = fits.int().argmax(dim=1, keepdim=True)
        any_fits = fits.any(dim=1)
        spare = self._fallback(height, width)
        part_width, part_height = (
            torch.where(any_fits, sides.gather(1, first).squeeze(1), side).clamp(1, whole)
            for sides, side, whole in ((widths, spare[1], width), (heights, spare[0], height)))
        left, top = ((uniform[:, 2 * _TRIES + i] * (whole - part + 1)).floor()
                     for i, (whole, part) in enumerate(((width, part_width), (height, part_height))))
        return left, top, part_width, part_height

    def _fallback(self, height: int, width: int) -> tuple[float, float]:
        """The part if no try fits: the largest one in the middle of the range of ratios, as in torchvision."""
        if width / height < self.ratio[0]:
            return round(width / self.ratio[0]), width
        if width / height > self.ratio[1]:
            return height, round(height * self.ratio[1])
        return height, width


def _between_corners(start: Tensor, extent: Tensor, side: int, whole: int) -> Tensor:
    """Places (B, ``side``) from the first to the last pixel of a part, in [-1, 1] over the ``whole`` (align_corners=True)."""
    steps = torch.linspace(0, 1, side, device=start.device) if side > 1 else torch.zeros(1, device=start.device)
    return (start[:, None] + steps * (extent[:, None] - 1)) * (2 / max(whole - 1, 1)) - 1
