"""Batched steps that change the colours of each pixel."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmifnd.functional.counter_random import counter_hash

from .step import Draws, Range, Step, limits_of, per_image

_HUE = 3  # the number of that change, after brightness, contrast and saturation
_TINY = 1e-12  # in place of no chroma, where the hue is 0 by its numerator
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601: of red, green and blue


class RandomBrightness(Step):
    """Add a number to all pixels and clamp them to [0, 1].

    Args:
        brightness (float | Sequence[float]): range of 1 plus that number, within [0, 2].
        p (float): the share of images.
    """

    def __init__(self, brightness: Range = (1., 1.), p: float = 1.) -> None:
        self.brightness = limits_of(brightness, 'brightness', center=1., high=2.)
        super().__init__(p, (1,))

    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Change all images."""
        return images.clamp(0, 1).add_(per_image(draws.between(0, self.brightness) - 1)).clamp_(0, 1)


class RandomContrast(Step):
    """Multiply all pixels by a factor and clamp them to [0, 1].

    Args:
        contrast (float | Sequence[float]): range of the factor.
        p (float): the share of images.
    """

    def __init__(self, contrast: Range = (1., 1.), p: float = 1.) -> None:
        self.contrast = limits_of(contrast, 'contrast', center=1.)
        super().__init__(p, (1,))

    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Change all images."""
        return images.clamp(0, 1).mul_(per_image(draws.between(0, self.contrast))).clamp_(0, 1)


class RandomGrayscale(Step):
    """Replace the channels by their weighted sum: 0.299 red, 0.587 green, 0.114 blue; the mean of other than 3 channels.

    Args:
        p (float): the share of images.
    """

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p)

    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Change all images."""
        return grey_of(images).expand_as(images).contiguous()


class RandomSolarize(Step):
    """Add a number, clamp to [0, 1], and invert the pixels that are not below a threshold.

    Args:
        thresholds (float | Sequence[float]): range of the threshold; a number for 0.5 plus and minus.
        additions (float | Sequence[float]): range of what is added, within [-0.5, 0.5].
        p (float): the share of images.
    """

    def __init__(self, thresholds: Range = 0.1, additions: Range = 0.1, p: float = 0.5) -> None:
        self.thresholds = limits_of(thresholds, 'thresholds', center=0.5, high=1.)
        self.additions = limits_of(additions, 'additions', low=-0.5, high=0.5)
        super().__init__(p, (1, 1))

    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Change all images."""
        images = images.clamp(0, 1).add_(per_image(draws.between(1, self.additions))).clamp_(0, 1)
        return torch.where(images < per_image(draws.between(0, self.thresholds)), images, 1 - images)


class ColorJitter(Step):
    """Change brightness, contrast, saturation and hue as torchvision does, in a random order.

    Args:
        brightness (float | Sequence[float]): range of the factor of all pixels; a number for 1 plus and minus.
        contrast (float | Sequence[float]): range of the factor of the distance to the image's mean grey.
        saturation (float | Sequence[float]): range of the factor of the distance to each pixel's grey.
        hue (float | Sequence[float]): range of the shift, in turns of the colour circle, within [-0.5, 0.5].
        p (float): the share of images.
        order (str): ``'view'``, one order for each view of an epoch; ``'image'``, one for each image, as in torchvision.

    Raises:
        ValueError: if an argument is outside its range.
    """

    def __init__(self, brightness: Range = 0., contrast: Range = 0., saturation: Range = 0., hue: Range = 0., p: float = 1.,
                 order: str = 'view') -> None:
        if order not in ('view', 'image'):
            raise ValueError(f"order={order!r} of ColorJitter; choose 'view' or 'image'")
        self.factors = (*(limits_of(value, name, center=1.) for name, value in (
            ('brightness', brightness), ('contrast', contrast), ('saturation', saturation))),
            limits_of(hue, 'hue', low=-0.5, high=0.5))
        self.order = order
        super().__init__(p, (1, 1, 1, 1, *((4,) if order == 'image' else ())))

    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Change all images."""
        brightness, contrast, hue, saturation = (draws.uniform[:, i] for i in range(4))
        factors = tuple(per_image(low + (high - low) * drawn) for drawn, (low, high) in zip(
            (brightness, contrast, saturation, hue), self.factors))
        images = images.clamp(0, 1)
        if self.order == 'image':
            orders = draws.uniform[:, 4:].argsort(dim=1)
            each = _group_by_order if images.device.type == 'cpu' else _one_formula_for_all
            return each(images, factors, orders, self._changes())
        number = len(self.calls) + 1
        order = counter_hash(*draws.counters, number, torch.arange(4)).argsort().tolist()
        return _changed(images, factors, [change for change in order if change in self._changes()])

    def _changes(self) -> list[int]:
        """The numbers of the changes that do something: 0 brightness, 1 contrast, 2 saturation, 3 hue."""
        return [change for change, limits in enumerate(self.factors) if limits != ((0., 0.) if change == _HUE else (1., 1.))]


def _changed(images: Tensor, factors: Sequence[Tensor], order: Sequence[int]) -> Tensor:
    for change in order:
        images = shifted_hue(images, factors[_HUE]) if change == _HUE else _blended(images, change, factors[change])
    return images


def _group_by_order(images: Tensor, factors: Sequence[Tensor], orders: Tensor, changes: Sequence[int]) -> Tensor:
    """Change each image in its order (B, 4), what comes first to last: all images of one order at once."""
    result = torch.empty_like(images)
    for order in orders.unique(dim=0):
        rows = (orders == order).all(dim=1).nonzero().squeeze(1)
        result[rows] = _changed(images[rows], [factor[rows] for factor in factors],
                                [change for change in order.tolist() if change in changes])
    return result


def _one_formula_for_all(images: Tensor, factors: Sequence[Tensor], orders: Tensor, changes: Sequence[int]) -> Tensor:
    """:func:`_group_by_order` for a device whose orders the host does not know.

    Brightness, contrast and saturation are blends with black, the mean grey and the grey, so one formula serves all three.
    The hue, which costs most, is shifted once: blends that come after it have factor 1 before it, and the other way round.
    """
    place = orders.argsort(dim=1)
    blends = place[:, :_HUE].argsort(dim=1)
    for after_hue in (False, True):
        if after_hue and _HUE in changes:
            images = shifted_hue(images, factors[_HUE])
        for change in blends.unbind(dim=1):
            at_work = (place.gather(1, change[:, None]).squeeze(1) > place[:, _HUE]) == after_hue
            images = _blended_by_choice(images, factors, change, at_work)
    return images


def _blended(images: Tensor, change: int, factor: Tensor) -> Tensor:
    """Images times ``factor``, and the rest of black (0), of their mean grey (1), or of their grey (2)."""
    if change == 0:
        return (images * factor).clamp_(0, 1)
    if change == 2 and images.shape[1] == 1:
        return images
    other = grey_of(images)
    if change == 1:
        other = other.mean(dim=(-2, -1), keepdim=True)
    return (images * factor).add_(other * (1 - factor)).clamp_(0, 1)


def _blended_by_choice(images: Tensor, factors: Sequence[Tensor], change: Tensor, at_work: Tensor) -> Tensor:
    """:func:`_blended` with a ``change`` of each image, (B,); images that are not ``at_work`` stay."""
    chosen = [per_image((change == which) & at_work) for which in range(_HUE)]
    factor = torch.ones_like(factors[0])
    for mask, value in zip(chosen, factors):
        factor = torch.where(mask, value, factor)
    grey = grey_of(images)
    other = torch.where(chosen[1], grey.mean(dim=(-2, -1), keepdim=True), torch.where(chosen[2], grey, 0.))
    return (images * factor).add_(other * (1 - factor)).clamp_(0, 1)


def grey_of(images: Tensor) -> Tensor:
    """Grey images (B, 1, H, W): the luma of red, green and blue, the mean of any other number of channels."""
    if images.shape[1] != 3:
        return images.mean(dim=1, keepdim=True)
    red, green, blue = images.split(1, dim=1)
    return (red * _LUMA[0]).add_(green, alpha=_LUMA[1]).add_(blue, alpha=_LUMA[2])


def shifted_hue(images: Tensor, turns: Tensor) -> Tensor:
    """Turn the hue of RGB images (B, 3, H, W) in [0, 1] by a share of the colour circle, (B, 1, 1, 1); value, saturation stay.

    Raises:
        ValueError: if the images do not have 3 channels.
    """
    if images.shape[1] != 3:
        raise ValueError(f'the hue of images with {images.shape[1]} channels cannot be shifted; set hue=0 of ColorJitter')
    red, green, blue = images.split(1, dim=1)
    value, least = images.amax(dim=1, keepdim=True), images.amin(dim=1, keepdim=True)
    chroma = value - least
    # Masks in numbers: selecting by masks of bool costs several times as much on a CPU.
    is_red, is_green = (torch.eq(value, channel, out=torch.empty_like(value)) for channel in (red, green))
    is_green.mul_(1 - is_red)
    is_blue = 1 - is_red - is_green
    hue = (is_red * (green - blue)).addcmul_(is_green, blue - red).addcmul_(is_blue, red - green)
    hue.div_(chroma.clamp(min=_TINY)).add_(is_green, alpha=2).add_(is_blue, alpha=4)  # in sixths of the circle, from -1 to 5
    # A channel of the colour with that hue: least + chroma * clamp(|(6 hue + offset) mod 6 - 3| - 1, 0, 1).
    offset = torch.arange(0, -6, -2, device=images.device).remainder(6).view(-1, 1, 1) / 6
    place = (hue.div_(6).add_(turns + 1) + offset).frac_().mul_(6).sub_(3).abs_().sub_(1).clamp_(0, 1)
    return place.mul_(chroma).add_(least)
