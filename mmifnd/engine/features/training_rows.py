"""Rows of the training's own steps, by which the representation is judged without a pass over the images."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmifnd.distributed import gather, world_size
from mmifnd.models.embedding import pool


class TrainingRows:
    """Embeddings and backbone features of the first views in the last steps of an epoch.

    They are in training mode and augmented, and nobody computes them for this purpose.

    Args:
        framework: whose steps are looked at until :meth:`stop`; nothing waits for the device.
        max_images (int): of all ranks, rounded up to whole steps.
    """

    def __init__(self, framework: nn.Module, max_images: int) -> None:
        self.max_images = max_images
        self.layers: dict[str, list[Tensor]] = dict(embedding=[], backbone=[])
        self._wanted = 0
        self.stop = framework.cluster_neck.register_forward_hook(self._keep).remove

    def expect(self, batch: int, steps_left: int) -> None:
        """A step of ``batch`` images on each rank begins, the first of ``steps_left`` in this epoch."""
        self._wanted = batch if (steps_left - 1) * batch * world_size() < self.max_images else 0

    def collect(self) -> dict[str, Tensor]:
        """Collect and clear the rows of all ranks: ``embedding``, unit vectors (n, D), and ``backbone`` (n, C), in float32.

        Every rank must call it. Empty if no step was looked at.
        """
        rows = {layer: gather(torch.cat(parts)) for layer, parts in self.layers.items() if parts}
        for parts in self.layers.values():
            parts.clear()
        return rows

    def state(self) -> dict[str, list[Tensor]]:
        """What was noted of this epoch, on the host."""
        return {layer: [part.cpu() for part in parts] for layer, parts in self.layers.items()}

    def load(self, state: dict[str, list[Tensor]], device: torch.device) -> None:
        """Continue with it."""
        self.layers = {layer: [part.to(device) for part in state.get(layer, ())] for layer in self.layers}

    def _keep(self, neck: nn.Module, inputs: tuple, outputs: tuple[Tensor, ...]) -> None:
        if self._wanted and neck.training:
            self.layers['embedding'].append(F.normalize(outputs[0].detach()[:self._wanted].float(), dim=1))
            self.layers['backbone'].append(pool(inputs[0]).detach()[:self._wanted].float())
            self._wanted = 0  # further views follow
