"""The augmentation of all views of a batch: steps in order, and the random numbers of each image."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmifnd.functional.counter_random import counter_uniform

from .augmentation_steps import build_step
from .step import Draws, Step


class ViewAugmentation(nn.Module):
    """Steps of several views; a view is a function of (seed, epoch, image, number of the view).

    All uniform numbers of a batch come from one hash, on the device of the images; nothing is read back from it.

    Args:
        augmentation (dict | Sequence[dict] | Sequence[Sequence[dict]]): steps, in order, see
            :data:`mmifnd.models.preprocessors.augmentation_steps.STEPS`; or one such list for each entry of ``num_views``.
        num_views (int | Sequence[int]): how many views; a list for groups of views.

    Raises:
        ValueError: if a step is unknown, or the arguments do not fit together.
    """

    def __init__(self, augmentation: dict | Sequence, num_views: int | Sequence[int]) -> None:
        super().__init__()
        self.steps = tuple(_steps_of_views(augmentation, num_views))
        self.register_buffer('draw_names', _draw_names(self.steps), persistent=False)

    def __len__(self) -> int:
        return len(self.steps)

    def forward(self, images: Sequence[Tensor], index: Tensor, host_index: Tensor, seed: int, epoch: int) -> list[Tensor]:
        """Augment images, float32 (B, C, H, W) in [0, 1], one tensor for each view.

        Args:
            images: may be one tensor several times.
            index: int64 (B,), the stable index of each image, on their device.
            host_index: the same on the CPU.
            seed: of the run.
            epoch: 0-based.
        """
        view, position, call, element = self.draw_names
        uniform = counter_uniform(seed, epoch, view, position, call, index[:, None], element)
        views, column = [], 0
        for number, (view, steps) in enumerate(zip(images, self.steps)):
            for position, step in enumerate(steps):
                width = sum(step.calls)
                draws = Draws((seed, epoch, number, position), index, host_index, uniform[:, column:column + width])
                view, column = step(view, draws), column + width
            views.append(view)
        return views


def _steps_of_views(augmentation: dict | Sequence, num_views: int | Sequence[int]) -> list[list[Step]]:
    """The steps of each view; views of a group share them."""
    augmentation = [augmentation] if isinstance(augmentation, dict) else list(augmentation)
    if isinstance(num_views, int):
        num_views, augmentation = [num_views], [augmentation]
    if not num_views or min(num_views) < 1:
        raise ValueError(f'num_views={list(num_views)} must be at least 1; 2 is usual')
    if len(num_views) != len(augmentation) or any(isinstance(group, dict) for group in augmentation):
        raise ValueError(f'num_views={list(num_views)} needs {len(num_views)} lists of transforms in augmentation')
    groups = [[build_step(config) for config in group] for group in augmentation]
    return [group for group, count in zip(groups, num_views) for _ in range(count)]


def _draw_names(views: Sequence[Sequence[Step]]) -> Tensor:
    """View, position of the step, number of the call and of its element, of each uniform number of an image; int64 (4, D)."""
    names = [(number, position, call, element)
             for number, steps in enumerate(views) for position, step in enumerate(steps)
             for call, width in enumerate(step.calls, 1) for element in range(width)]
    return torch.tensor(names, dtype=torch.int64).reshape(-1, 4).T.contiguous()
