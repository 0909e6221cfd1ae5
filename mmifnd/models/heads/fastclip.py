"""FastCLIP's head: the global contrastive loss of image-text pairs."""

import torch
from torch import Tensor

from mmifnd.checks import check_choice
from mmifnd.contrast import Contrast
from mmifnd.functional import relative_contrastive_loss
from mmifnd.registry import MODELS

from .sogclr import SogCLRHead

#: What becomes of the temperature in each version.
VERSIONS = dict(v0='learned', v1='fixed', v2='of each image', v3='learned')
_RHO = dict(v2=7., v3=6.5)
_IMAGE_TEMPERATURE = dict(optimizer='adam', gradient_limit=5., bounds=(0.01, 1.))


@MODELS.register_module()
class FastCLIPHead(SogCLRHead):
    """Compares similarities relative to the positive's with the whole data set (FastCLIP: Wei et al., arXiv 2407.01445).

    With ``g = mean over kept j of exp((s_j - p) / t)`` and its moving average u of each pair, one direction's loss is

    - v0, v1 and v2: ``mean g / u``, with a learned, a fixed and one temperature for each pair; v1 is the SogCLR of GloFND's
      image-text tables, v2 is iSogCLR;
    - v3 (the FastCLIP of those tables): ``stop_gradient(t) * mean g / u + t / 2 * (rho + mean log u)``, t learned.

    A pair that has lost all negatives contributes nothing to ``g / u``, and its average stays.

    Args:
        version (str): ``'v0'`` to ``'v3'``.
        rho (float, optional): weight of the constraint on the temperature, at least 0; 6.5 for v3 and 7 for v2 by default, and
            without meaning in the others.
        temperature (float): at the start.
        gamma (float): weight of the new estimate in the end, in (0, 1].
        gamma_schedule (str): ``'cosine'`` from 1 in the first epoch, or ``'constant'``.
        learned_temperature (dict, optional): options of v0 and v3, see :class:`ContrastiveHead`.
        image_temperature (dict, optional): options of v2, see :class:`SogCLRHead`.
        **kwargs: see :class:`SogCLRHead`.

    Raises:
        ValueError: if the version is unknown or an option belongs to another one.
    """

    can_learn_temperature = True

    def __init__(self, version: str = 'v3', rho: float | None = None, temperature: float = 0.07, gamma: float = 0.2,
                 gamma_schedule: str = 'cosine', learned_temperature: dict | None = None,
                 image_temperature: dict | None = None, **kwargs) -> None:
        _check_options(version, rho, learned_temperature, image_temperature)
        rho = _RHO.get(version) if rho is None else rho
        if VERSIONS[version] == 'learned':
            learned_temperature = learned_temperature or {}
        elif VERSIONS[version] == 'of each image':
            image_temperature = {**_IMAGE_TEMPERATURE, 'rho': rho, **(image_temperature or {})}
        super().__init__(gamma=gamma, gamma_schedule=gamma_schedule, image_temperature=image_temperature,
                         temperature=temperature, learned_temperature=learned_temperature, **kwargs)
        self.version, self.rho = version, rho

    def criterion(self, contrast: Contrast, false_negative: Tensor) -> Tensor:
        """The loss of one direction; in training the averages, and temperatures of pairs, move."""
        difference = contrast.negative_similarity - contrast.positive_similarity
        temperature = self.temperature_of(contrast.anchor_index)
        average = self.averages(contrast.anchor_index, difference, false_negative, temperature)
        loss = relative_contrastive_loss(difference, false_negative, average, temperature)
        if self.version != 'v3':
            return loss
        constraint = self.rho + torch.where(average > -torch.inf, average, 0).mean()
        return temperature.detach() * loss + temperature / 2 * constraint


def _check_options(version: str, rho: float | None, learned_temperature: dict | None, image_temperature: dict | None) -> None:
    check_choice('version', version, VERSIONS, 'FastCLIPHead')
    if rho is not None and (version not in _RHO or not rho >= 0):
        raise ValueError(f'rho={rho} of FastCLIPHead: v2 and v3 take a weight of at least 0, 7 and 6.5 are usual; version='
                         f'{version!r}')
    if learned_temperature is not None and VERSIONS[version] != 'learned':
        raise ValueError(f'learned_temperature of FastCLIPHead belongs to v0 and v3; the temperature of {version} is '
                         f'{VERSIONS[version]}')
    if image_temperature is not None and VERSIONS[version] != 'of each image':
        raise ValueError(f'image_temperature of FastCLIPHead belongs to v2; the temperature of {version} is '
                         f'{VERSIONS[version]}')
