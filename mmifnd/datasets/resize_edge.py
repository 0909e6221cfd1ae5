"""Resizing by one edge, within a limit of what comes out."""

from mmpretrain.datasets.transforms import ResizeEdge as _ResizeEdge

from mmifnd.registry import TRANSFORMS

from .file_bytes import TooLargeError
from .pixels import MAX_PIXELS


@TRANSFORMS.register_module()
class ResizeEdge(_ResizeEdge):
    """mmpretrain's transform, which refuses to make an image of more than ``max_pixels``.

    With the short edge of a thin image set to 256 pixels, the long one can grow to gigabytes: 20,000 x 1 pixels would become
    5,120,000 x 256.

    Args:
        max_pixels (int): width times height of what comes out.
        **kwargs: see :class:`mmpretrain.datasets.transforms.ResizeEdge`.

    Raises:
        TooLargeError: when an image would grow beyond the limit; it is then treated as one that cannot be read.
    """

    def __init__(self, *args, max_pixels: int = MAX_PIXELS, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.max_pixels = max_pixels

    def transform(self, results: dict) -> dict:
        """Resize ``img``."""
        height, width = results['img'].shape[:2]
        edge = dict(short=min(height, width), long=max(height, width), width=width, height=height)[self.edge]
        new_width, new_height = (max(1, round(side * self.scale / edge)) for side in (width, height))
        if new_width * new_height > self.max_pixels:
            raise TooLargeError(f'the image of {width} x {height} pixels would be resized to {new_width} x {new_height}, '
                                f'more than max_pixels={self.max_pixels} of ResizeEdge; crop it, or raise that limit',
                                results.get('img_path'))
        return super().transform(results)
