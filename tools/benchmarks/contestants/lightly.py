"""The contestant of lightly: the loop of its examples, in plain PyTorch."""

import argparse
import copy
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from .turns import Turns

TEMPERATURE, WIDTH, DIM, MOMENTUM = 0.2, 512, 128, 0.999


def lightly(name: str, args: argparse.Namespace) -> None:
    """MoCo or SimCLR with lightly's transforms, heads, losses and data set, and torchvision's ResNet."""
    from lightly.data import LightlyDataset
    from lightly.transforms import MoCoV2Transform
    from torchvision.models import resnet18
    transform = MoCoV2Transform(input_size=args.size, cj_strength=1., cj_bright=0.4, cj_contrast=0.4, cj_sat=0.4, cj_hue=0.1)
    loader = DataLoader(LightlyDataset(args.folder, transform=transform), args.batch_size, shuffle=True, drop_last=True)
    backbone = resnet18()
    backbone.fc = nn.Identity()
    model, loss_of = {'moco': moco, 'simclr': simclr}[args.framework](backbone, args)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer, turns = torch.optim.SGD(parameters, lr=0.03, momentum=0.9, weight_decay=1e-4), Turns()
    for epoch in range(args.epochs):
        turns.begin()
        for views, *_ in loader:
            loss = loss_of(*views[:2])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            turns.step()
        Path(args.work_dir).mkdir(parents=True, exist_ok=True)
        torch.save(dict(model=model.state_dict(), optimizer=optimizer.state_dict()), Path(args.work_dir) / f'epoch_{epoch}.pth')
        turns.end()


def simclr(backbone: nn.Module, args: argparse.Namespace) -> tuple[nn.Module, Callable[[Tensor, Tensor], Tensor]]:
    """The model and its loss of two views."""
    from lightly.loss import NTXentLoss
    from lightly.models.modules import SimCLRProjectionHead
    model = nn.Sequential(backbone, SimCLRProjectionHead(WIDTH, WIDTH, DIM, batch_norm=False))
    criterion = NTXentLoss(temperature=TEMPERATURE)
    return model, lambda first, second: criterion(model(first), model(second))


def moco(backbone: nn.Module, args: argparse.Namespace) -> tuple[nn.Module, Callable[[Tensor, Tensor], Tensor]]:
    """The query and key encoders, and the loss of two views."""
    from lightly.loss import NTXentLoss
    from lightly.models.modules import MoCoProjectionHead
    from lightly.models.utils import deactivate_requires_grad, update_momentum
    query = nn.Sequential(backbone, MoCoProjectionHead(WIDTH, WIDTH, DIM))
    key = copy.deepcopy(query)
    deactivate_requires_grad(key)
    criterion = NTXentLoss(temperature=TEMPERATURE, memory_bank_size=(args.queue_len, DIM))

    def loss_of(first: Tensor, second: Tensor) -> Tensor:
        update_momentum(query, key, m=MOMENTUM)
        with torch.no_grad():
            keys = key(second)
        return criterion(query(first), keys)

    return nn.ModuleDict(dict(query=query, key=key)), loss_of
