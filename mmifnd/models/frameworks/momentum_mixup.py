"""Momentum mixup (SANE: Zhou et al., NeurIPS 2021, arXiv 2106.14749, Eq. 8 and 9)."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from mmifnd.checks import check_choice, check_inside
from mmifnd.contrast import Contrast
from mmifnd.distributed import gather
from mmifnd.functional.counter_random import counter_hash, counter_uniform
from mmifnd.parts import DrawsBySeed
from mmifnd.registry import MODELS

_SHARE, _PARTNER = 0, 1  # names of the draws
_INTERVALS = 4096  # of the table of quantiles: no probability is off by more than one of them
#: Which views are mixed, and with which view of the other image, the first by default.
MATES = dict(pair=('key', 'query'), further=('further', 'key'))
SHARES = ('step', 'image')


@MODELS.register_module()
class MomentumMixup(nn.Module, DrawsBySeed):
    """Virtual queries, part query view and part key view of another image, labelled with the keys of both (SANE, Eq. 8).

    ``x' = s * x_i + (1 - s) * x~_j`` and ``L' = s * L(x', label of i) + (1 - s) * L(x', label of j)``; the training loss
    becomes ``(1 - weight) * L + weight * L'`` (Eq. 9). L' is the head's :meth:`virtual_criterion`: SANE's head refines the
    labels of virtual queries only. Any head and detector will do; nothing that they keep of an image is learned from virtual
    queries.

    The share ``s ~ Beta(beta, beta)`` is a hash of (seed, step), or of (seed, step, image). Partners are neighbours in the
    order of a hash of (seed, step, image) over the batch of all ranks: no image is its own, unless alone. Both are the same on
    any number of processes and after a resume.

    Args:
        beta (float): kappa, parameter of the distribution of shares, > 0; 2 on CIFAR-10, 0.1 on ImageNet.
        weight (float): lambda, of the virtual queries' loss, in (0, 1]. The paper says 0.5 in its sweep on CIFAR-10 (Table 5)
            and does not say what it takes elsewhere.
        views (str): ``'pair'`` mixes the query view; ``'further'`` mixes each view beyond the second, such as a small crop or
            a strongly augmented view, and averages their losses (SANE-Single has one, SANE-Multi five).
        mate (str, optional): the view of the other image that a view is mixed with. With ``'pair'`` its ``'key'`` view
            (default), or its ``'query'`` view, which is vanilla mixup (Table 6). With ``'further'`` its ``'further'`` view of
            the same kind (default; how the paper mixes a crop with a larger key view is not said), or its ``'key'`` view if
            that has the same size.
        share_of (str): ``'step'`` draws one share for all images of a step, as mixup's code does, ``'image'`` one for each
            image; the paper does not say. ``'image'`` needs a head that weighs anchors (SANEHead, ElimContrastiveHead).
        seed (int): of the draws.

    Raises:
        ValueError: if a value is out of range.
    """

    def __init__(self, beta: float = 0.1, weight: float = 0.5, views: str = 'pair', mate: str | None = None,
                 share_of: str = 'step', seed: int = 0) -> None:
        super().__init__()
        if not 0 < beta < float('inf'):
            raise ValueError(f'beta={beta} of MomentumMixup is not a positive number; 0.1 and 2 are usual')
        check_inside('weight', weight, 0, 1, 'right', 'MomentumMixup', '0.5 is usual, and mixup=None turns it off')
        check_choice('views', views, MATES, 'MomentumMixup')
        mate = MATES[views][0] if mate is None else mate
        check_choice('mate', mate, MATES[views], f'MomentumMixup with views={views!r}')
        check_choice('share_of', share_of, SHARES, 'MomentumMixup')
        self.weight, self.views, self.mate, self.share_of, self.seed = weight, views, mate, share_of, seed
        from scipy.stats import beta as beta_distribution
        # The inverse of the cumulative distribution, since a draw from counters cannot reject and try again.
        quantiles = beta_distribution.ppf(np.linspace(0, 1, _INTERVALS + 1), beta, beta)
        self.register_buffer('quantiles', torch.from_numpy(quantiles).float(), persistent=False)

    def seed_draws(self, seed: int) -> None:
        """Take the run's seed; the train loop calls this, also after a resume."""
        self.seed = seed

    def share(self, step: Tensor, index: Tensor | None = None) -> Tensor:
        """The query view's share in this step, a scalar in [0, 1]; with a share per image those of ``index`` (B,), (B,)."""
        counters = (step,) if self.share_of == 'step' or index is None else (step, index)
        level = counter_uniform(self.seed, _SHARE, *counters, dtype=self.quantiles.dtype) * _INTERVALS
        below = level.long()
        return torch.lerp(self.quantiles.take(below), self.quantiles.take(below + 1), level.frac())

    def partners(self, step: Tensor, index: Tensor) -> Tensor:
        """The position, int64 (N,), of each image's partner among the images ``index`` (N,) of the global batch."""
        order = counter_hash(self.seed, _PARTNER, step, index).argsort(stable=True)
        return torch.empty_like(order).scatter_(0, order, order.roll(-1))

    def pairs(self, inputs: list[Tensor], key_views: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Views of this rank (B, C, H, W), and views of all ranks (N, C, H, W) that they are mixed with.

        Raises:
            ValueError: if there are no further views to mix.
        """
        if self.views == 'pair':
            return [(inputs[0], key_views if self.mate == 'key' else gather(inputs[0]))]
        if len(inputs) == 2:
            raise ValueError("views='further' of MomentumMixup mixes views beyond the second, and the batch has two; add views "
                             "to the pipeline, or set views='pair'")
        return [(view, key_views if self.mate == 'key' else gather(view)) for view in inputs[2:]]

    def mix(self, images: Tensor, others: Tensor, share: Tensor) -> Tensor:
        """Virtual queries (B, C, H, W).

        Raises:
            ValueError: if the views differ in size.
        """
        if images.shape != others.shape:
            remedy = "set mate='further'" if self.views == 'further' else 'give the first two views one size'
            raise ValueError(f'MomentumMixup cannot mix views of shape {tuple(images.shape[1:])} with key views of '
                             f'{tuple(others.shape[1:])}; {remedy}')
        share = share.view(-1, 1, 1, 1)
        return share * images + (1 - share) * others

    def loss(self, head: nn.Module, contrasts: tuple[Contrast, Contrast], share: Tensor) -> Tensor:
        """L' of the same virtual queries against their own images' keys and against their partners'."""
        with _not_training(head):
            false_negatives = [head.detector.detect(contrast) for contrast in contrasts]
            if share.dim():  # one per image: a factor on each anchor's loss
                first, second = map(head.virtual_criterion, contrasts, false_negatives, (share, 1 - share))
                return first + second
            own_term, partner_term = map(head.virtual_criterion, contrasts, false_negatives)
        return share * own_term + (1 - share) * partner_term

    def join(self, losses: dict[str, Tensor], virtual: Tensor) -> dict[str, Tensor]:
        """The losses of the real queries with L' joined in, which is logged as ``mixup``."""
        return dict(losses, loss=(1 - self.weight) * losses['loss'] + self.weight * virtual, mixup=virtual.detach())


@contextmanager
def _not_training(head: nn.Module) -> Iterator[None]:
    """Heads that keep something of each image do not learn from what they see here."""
    training = head.training
    head.eval()
    try:
        yield
    finally:
        head.train(training)
