"""PCL's head: besides the instance, the prototype of its cluster."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmifnd.buffers import take_loaded_shapes
from mmifnd.contrast import Contrast
from mmifnd.detectors import PseudoLabelDetector
from mmifnd.distributed import gather
from mmifnd.functional import counter_uniform, draw_prototypes, proto_nce_loss, prototype_temperatures
from mmifnd.parts import DrawsBySeed, TakesPseudoLabels
from mmifnd.registry import MODELS

from .contrastive import ElimContrastiveHead


@MODELS.register_module()
class ProtoNCEHead(ElimContrastiveHead, DrawsBySeed):
    """ProtoNCE (PCL: Li et al., ICLR 2021): the instance loss, plus the mean over granularities of the prototypes' loss.

    An anchor whose label is not accepted has its instance loss only. Works with any detector: detected false negatives
    leave the instance loss (Eq. 3 of IFND).

    Args:
        concentration (bool): a temperature for each prototype, from the concentration of its cluster; False gives all that
            of the instance loss.
        num_negatives (int, optional): prototypes that are drawn in each step besides the positives of the batch, as PCL does
            for ImageNet (16384); default: all. Drawn by (seed of the run, step, granularity), the same on all ranks.
        **kwargs: see :class:`ElimContrastiveHead`.

    Raises:
        ValueError: if ``num_negatives`` is below 1.
    """

    can_learn_temperature = False  # the prototypes' temperatures have it as their mean

    def __init__(self, concentration: bool = True, num_negatives: int | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        if num_negatives is not None and num_negatives < 1:
            raise ValueError(f'num_negatives={num_negatives} of ProtoNCEHead must be at least 1; None takes all prototypes')
        self.num_negatives, self.seed = num_negatives, 0
        self.clusters = PseudoLabelDetector()  # keeps the label of each image; asked for labels only, not for pairs
        self.prototypes = Prototypes(self.temperature, concentration)
        self.register_buffer('step', torch.zeros((), dtype=torch.int64))

    def seed_draws(self, seed: int) -> None:
        """Draw prototypes by this seed from now on."""
        self.seed = seed

    def loss(self, contrast: Contrast) -> dict[str, Tensor]:
        """Also gives ``prototype_term``, what the prototypes add to the loss."""
        if self.training:
            self.step += 1
        return super().loss(contrast)

    def terms(self, contrast: Contrast, false_negative: Tensor) -> dict[str, Tensor]:
        """``loss``, which is the instance loss alone until the first clustering, and ``prototype_term``."""
        term = self.prototype_term(contrast)
        return dict(loss=super().criterion(contrast, false_negative) + term, prototype_term=term.detach())

    def criterion(self, contrast: Contrast, false_negative: Tensor) -> Tensor:
        """The instance loss plus the prototypes' loss."""
        return self.terms(contrast, false_negative)['loss']

    def prototype_term(self, contrast: Contrast) -> Tensor:
        """Mean over granularities of :func:`mmifnd.functional.proto_nce_loss`; 0 before the first clustering."""
        levels = self.prototypes.levels()
        if not levels:
            return contrast.positive_similarity.new_zeros(())
        labels = self.clusters.labels_of(contrast.anchor_index)
        terms = [
            proto_nce_loss(contrast.anchor, prototypes, assigned, temperatures, chosen)
            for (prototypes, temperatures), assigned, chosen in zip(levels, labels, self._chosen(contrast, levels))
        ]
        return torch.stack(terms).mean()

    def _chosen(self, contrast: Contrast, levels: list[tuple[Tensor, Tensor]]) -> list[Tensor | None]:
        """Prototypes of this step at each granularity, bool (K,); None for all."""
        if self.num_negatives is None:
            return [None] * len(levels)
        labels = self.clusters.labels_of(gather(contrast.anchor_index))
        chosen = []
        for position, (prototypes, _) in enumerate(levels):
            number = torch.arange(len(prototypes), device=prototypes.device)
            draw = counter_uniform(self.seed, position, self.step, number, dtype=torch.float64)
            chosen.append(draw_prototypes(labels[position], draw, self.num_negatives))
        return chosen


class Prototypes(nn.Module, TakesPseudoLabels):
    """Centroids of the last clustering, of all granularities, and their temperatures; in persistent buffers.

    Args:
        temperature (float): mean of the prototypes' temperatures.
        concentration (bool): whether they follow the concentration of the clusters, or are all the same.
    """

    uses_centroids = True

    def __init__(self, temperature: float, concentration: bool) -> None:
        super().__init__()
        self.temperature, self.concentration = temperature, concentration
        self.register_buffer('centroids', torch.zeros(0, 0))
        self.register_buffer('temperatures', torch.zeros(0))
        self.register_buffer('counts', torch.zeros(0, dtype=torch.int64))
        self._counts: list[int] = []  # the same on the host

    def publish(self, pseudo_labels) -> None:
        """Take the centroids of a :class:`mmifnd.clustering.PseudoLabels`, normalised."""
        levels = pseudo_labels.granularities
        self._counts = [len(level.centroids) for level in levels]
        self.counts = torch.tensor(self._counts, device=self.counts.device)
        self.centroids = torch.cat([F.normalize(level.centroids, dim=1) for level in levels]).to(self.centroids)
        self.temperatures = torch.cat([self._temperatures_of(level) for level in levels]).to(self.temperatures)

    def levels(self) -> list[tuple[Tensor, Tensor]]:
        """Prototypes (K, D) and their temperatures (K,), of each granularity; empty before the first clustering."""
        return list(zip(self.centroids.split(self._counts), self.temperatures.split(self._counts))) if self._counts else []

    def _temperatures_of(self, level) -> Tensor:
        if self.concentration:
            return prototype_temperatures(level.concentration, self.temperature)
        return torch.full_like(level.concentration, self.temperature)

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs) -> None:
        take_loaded_shapes(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        self._counts = self.counts.tolist()
