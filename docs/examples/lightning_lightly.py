"""GloFND in a LightningModule with lightly's data set and projection head."""

import torch
from lightly.data import LightlyDataset
from lightly.models.modules import SimCLRProjectionHead
from pytorch_lightning import LightningModule
from torch import nn
from torchvision.models import resnet18

from mmifnd.contrast import Contrast
from mmifnd.detectors import QuantileThresholdDetector
from mmifnd.functional import elimination_loss


class SimCLRWithThresholds(LightningModule):
    """SimCLR that learns one threshold per image of ``dataset``; negatives above it leave the loss."""

    def __init__(self, dataset: LightlyDataset) -> None:
        super().__init__()
        self.row = {name: row for row, name in enumerate(dataset.get_filenames())}
        self.backbone = nn.Sequential(*list(resnet18().children())[:-1], nn.Flatten())
        self.projection_head = SimCLRProjectionHead(512, 512, 128)
        self.detector = QuantileThresholdDetector(alpha=0.05, initialization='batch_quantile', start_epoch=1)
        self.detector.bind(len(dataset))

    def on_train_epoch_start(self) -> None:
        self.detector.start_epoch(self.current_epoch, self.trainer.max_epochs)

    def training_step(self, batch: tuple, batch_idx: int) -> torch.Tensor:
        views, _, names = batch
        z1, z2 = (self.projection_head(self.backbone(view)) for view in views)
        contrast = Contrast.in_batch(z1, z2, torch.tensor([self.row[name] for name in names], device=self.device))
        self.detector.observe(contrast)  # move the thresholds of these images, then use them
        return elimination_loss(contrast.positive_similarity, contrast.negative_similarity,
                                self.detector.detect(contrast), temperature=0.1, reweight=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.06, momentum=0.9)
