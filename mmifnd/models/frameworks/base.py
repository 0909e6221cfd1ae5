"""The base of all frameworks: they encode images, hand one `Contrast` to the head, and pass news to their parts."""

from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property, partial

import torch.nn.functional as F
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmifnd.checks import check_choice
from mmifnd.parts import (
    DrawsBySeed,
    FollowsEpochs,
    FollowsSteps,
    KnowsFingerprint,
    KnowsGroups,
    KnowsImages,
    TakesPseudoLabels,
)
from mmifnd.registry import MODELS

from ..embedding import FEATURES, check_feature, embed, pool
from ..heads.step_record import StepRecord
from .feature_bank import FeatureBank

SAME_IMAGE = ('exclude', 'negative')


class ContrastiveFramework(BaseModel):
    """Base of the frameworks: backbone, projection neck, head with its detector.

    Args:
        backbone (dict): returns a tuple whose last item is a map (B, C, H, W) or a vector (B, C).
        neck (dict): takes that tuple, returns a tuple of the embedding (B, D), not normalised.
        head (dict): turns a :class:`mmifnd.contrast.Contrast` into losses.
        data_preprocessor (dict): gives ``inputs``, a list of views (B, 3, H, W), and ``index`` int64 (B,).
        same_image (str): whether further rows of the anchor's own image are ``'exclude'``-d (IFND) or count as
            ``'negative'`` (the plain baselines).
        init_cfg (dict, optional): initialisation, as in mmengine.

    Raises:
        ValueError: if an option is unknown, or the neck does not say its dimensions.
    """

    #: What :meth:`cluster_feature` gives.
    features = FEATURES

    def __init__(self, backbone: dict, neck: dict, head: dict, data_preprocessor: dict | None = None,
                 same_image: str = 'exclude', init_cfg: dict | None = None) -> None:
        super().__init__(MODELS.build(data_preprocessor or dict(type='ImageViewsPreprocessor')), init_cfg)
        check_choice('same_image', same_image, SAME_IMAGE)
        self.backbone = MODELS.build(backbone)
        self.neck = MODELS.build(neck)
        if not (hasattr(self.neck, 'in_channels') and hasattr(self.neck, 'out_channels')):
            raise ValueError(
                f'neck {type(self.neck).__name__} does not say its in_channels and out_channels; use ProjectionMLP')
        self.head = MODELS.build(head)
        self.same_image = same_image
        self.feature_bank: FeatureBank | None = None
        self._bank_feature = 'z'

    def forward(self, inputs: Tensor | list[Tensor], index: Tensor | None = None, mode: str = 'tensor'):
        """Run mmengine's entry: ``'loss'`` gives a dict of losses, ``'tensor'`` the backbone's features (B, C)."""
        if mode == 'loss':
            return self.loss(inputs, index)
        if mode == 'tensor':
            return self.extract_feat(inputs[0] if isinstance(inputs, (list, tuple)) else inputs)
        raise ValueError(f"mode={mode!r} is unknown; pre-training knows 'loss' and 'tensor'")

    @abstractmethod
    def loss(self, inputs: list[Tensor], index: Tensor) -> dict[str, Tensor]:
        """Losses, and what is worth logging, of one batch of views."""

    #: Whether the last step moved the parameters; false while gradients are accumulated, as the train loop says.
    has_updated = True

    def before_update(self) -> None:
        """Let heads see the gradients before the update; the train loop calls it."""
        for head in self.heads.values():
            head.before_update()

    def finish_step(self) -> None:
        """Finish a step after the update (bounds of what heads learn, a queue's push); the train loop calls it."""
        for head in self.heads.values():
            head.finish_step()

    def drop_step(self) -> None:
        """Instead of :meth:`finish_step` where the update was left out, for an overflow in mixed precision."""
        self._pending = None

    # --- heads ------------------------------------------------------------------------------------------------------

    @property
    def heads(self) -> dict[str, nn.Module]:
        """The head of each direction, by its name: ``{'': head}`` for images; image-text models have ``image`` and ``text``."""
        return {'': self.head}

    @property
    def temperature(self) -> float:
        """The temperature of the loss (of the first head); Eq. 2 also uses it by default.

        A learned one has to be waited for: ask between two epochs only.
        """
        temperature = next(iter(self.heads.values())).current_temperature
        return temperature.item() if isinstance(temperature, Tensor) else temperature

    def watch_steps(self, watch: Callable[[str, StepRecord], None]) -> Callable[[], None]:
        """Call ``watch(direction, record)`` for each contrast that a head judges, while its loss is computed.

        Returns:
            Callable: ends the watching.
        """
        handles = [head.register_step_hook(partial(watch, direction)) for direction, head in self.heads.items()]

        def stop() -> None:
            for handle in handles:
                handle.remove()

        return stop

    # --- embeddings -------------------------------------------------------------------------------------------------

    def extract_feat(self, images: Tensor) -> Tensor:
        """Pooled features f of the backbone, (B, C): what downstream tasks use."""
        return pool(self.backbone(images))

    def cluster_feature(self, images: Tensor, kind: str = 'z') -> Tensor:
        """Unit vectors to cluster, (B, D): the embedding ``'z'`` or the backbone's feature ``'f'`` (IFND, section 3.2)."""
        return embed(self.backbone, self.neck, images, kind)

    @property
    def cluster_neck(self) -> nn.Module:
        """The neck behind :meth:`cluster_feature`; it takes the backbone's maps, in a step those of the first views first."""
        return self.neck

    # --- news from the training loop and its hooks ------------------------------------------------------------------

    def bind(self, num_samples: int, labels: Tensor | None = None) -> None:
        """Tell every part the size of the training set; true labels go to declared controls only."""
        for part in self._parts_that(KnowsImages):
            part.bind(num_samples, labels if part.uses_labels else None)

    @property
    def uses_labels(self) -> bool:
        """Whether any part is a declared control, which may see the true labels."""
        return any(part.uses_labels for part in self._parts_that(KnowsImages))

    def bind_texts(self, text_format: tuple[int, int] | None) -> None:
        """Take the vocabulary and the length of the texts that come with the images; None if none come."""

    def bind_groups(self, groups: Tensor | None) -> None:
        """Hand the group of each image, (N,), -1 = unknown, to every part that wants groups; after :meth:`bind`."""
        for part in self._parts_that(KnowsGroups):
            part.bind_groups(groups)

    @property
    def uses_groups(self) -> bool:
        """Whether any part uses groups. They are no labels: whoever collected the images knows them."""
        return bool(self._parts_that(KnowsGroups))

    def bind_fingerprint(self, fingerprint: str) -> None:
        """Hand the training set's fingerprint to every part that was made for one data set; after :meth:`bind`."""
        for part in self._parts_that(KnowsFingerprint):
            part.bind_fingerprint(fingerprint)

    @property
    def uses_fingerprint(self) -> bool:
        """Whether any part was made for one data set."""
        return bool(self._parts_that(KnowsFingerprint))

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Tell every part that epoch ``epoch`` (0-based) of ``max_epochs`` begins."""
        for part in self._parts_that(FollowsEpochs):
            part.start_epoch(epoch, max_epochs)

    def start_step(self, step: int, max_steps: int) -> None:
        """Tell every part that step ``step`` (0-based) of ``max_steps`` begins."""
        for part in self._step_parts:
            part.start_step(step, max_steps)

    def seed_draws(self, seed: int) -> None:
        """Tell every part that draws by a counter-based hash the seed of the run."""
        for part in self._parts_that(DrawsBySeed):
            part.seed_draws(seed)

    def publish(self, pseudo_labels) -> None:
        """Hand new pseudo labels to every part that wants them."""
        for part in self._parts_that(TakesPseudoLabels):
            part.publish(pseudo_labels)

    @property
    def uses_pseudo_labels(self) -> bool:
        """Whether any part wants pseudo labels."""
        return bool(self._parts_that(TakesPseudoLabels))

    @property
    def uses_centroids(self) -> bool:
        """Whether any part compares embeddings with the centroids that come with pseudo labels."""
        return any(part.uses_centroids for part in self._parts_that(TakesPseudoLabels))

    def keep_features(self, kind: str, num_samples: int) -> None:
        """Keep the features of every training step from now on in :attr:`feature_bank`."""
        check_feature(kind, self.features)
        self._bank_feature = kind
        self.feature_bank = FeatureBank(num_samples, self._feature_dim(kind), next(self.parameters()).device)

    def remember(self, index: Tensor, maps: tuple[Tensor, ...], embedding: Tensor) -> None:
        """Write a step's rows to the bank, if there is one: the pooled ``maps`` or the ``embedding`` (B, D)."""
        if self.feature_bank is not None:
            rows = pool(maps) if self._bank_feature == 'f' else embedding
            self.feature_bank.write(index, F.normalize(rows.detach().float(), dim=1))

    def _feature_dim(self, kind: str) -> int:
        return self.neck.out_channels if kind == 'z' else self.neck.in_channels

    @cached_property
    def _step_parts(self) -> list:
        return self._parts_that(FollowsSteps)  # looked for once, since a step is short

    def _parts_that(self, kind: type) -> list:
        return [part for part in self.modules() if part is not self and isinstance(part, kind)]


def two_views(inputs: list[Tensor]) -> tuple[Tensor, Tensor]:
    """The first two views of each image.

    Raises:
        ValueError: if there are fewer.
    """
    if len(inputs) < 2:
        raise ValueError(f'the batch has {len(inputs)} view of each image, and contrastive learning needs two; set '
                         'num_views=2 in the pipeline (MultiView) or the data_preprocessor')
    return inputs[0], inputs[1]
