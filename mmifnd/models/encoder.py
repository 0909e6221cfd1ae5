"""A backbone alone: what is left of a pre-training when its features are judged."""

from mmengine.model import BaseModel
from torch import Tensor

from mmifnd.registry import MODELS

from .embedding import pool


@MODELS.register_module()
class Encoder(BaseModel):
    """The backbone of any framework, for :class:`~mmifnd.engine.loops.RepresentationLoop`; it takes all their checkpoints.

    Args:
        backbone (dict): as in pre-training.
        data_preprocessor (dict, optional): gives ``inputs``, a list of views, and ``index``.
        init_cfg (dict, optional): initialisation, as in mmengine.
    """

    def __init__(self, backbone: dict, data_preprocessor: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(MODELS.build(data_preprocessor or dict(type='ImageViewsPreprocessor')), init_cfg)
        self.backbone = MODELS.build(backbone)
        self._register_load_state_dict_pre_hook(_keep_backbone)

    def forward(self, inputs: Tensor | list[Tensor], index: Tensor | None = None, mode: str = 'tensor') -> Tensor:
        """Features (B, C) of the images, or of their first view; there is nothing to train."""
        if mode != 'tensor':
            raise ValueError(f"mode={mode!r} is unknown; an Encoder gives features only, mode='tensor'")
        return self.extract_feat(inputs[0] if isinstance(inputs, (list, tuple)) else inputs)

    def extract_feat(self, images: Tensor) -> Tensor:
        """Pooled features of the backbone, (B, C)."""
        return pool(self.backbone(images))


def _keep_backbone(state_dict: dict, prefix: str, *others) -> None:
    """Drop, in place, what the framework had besides: mmengine would name each tensor as unexpected."""
    for key in [key for key in state_dict if not key.startswith(f'{prefix}backbone.')]:
        del state_dict[key]
