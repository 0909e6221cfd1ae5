"""SimCLR code of your own with a queue of earlier embeddings, and groups that you know (frames of one video)."""

import torch
from torch import Tensor, nn

from mmifnd.contrast import Contrast
from mmifnd.detectors import GroupDetector
from mmifnd.functional import elimination_loss


def train(images: Tensor, groups: Tensor, epochs: int = 10, batch_size: int = 64, queue_len: int = 128) -> list[float]:
    """Train on ``images`` (N, D) whose ``groups`` (N,) are known (-1: unknown); return the loss of each step."""
    encoder = nn.Sequential(nn.Linear(images.shape[1], 128), nn.ReLU(), nn.Linear(128, 32))
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=1e-3)
    detector = GroupDetector()
    detector.bind(len(images))
    detector.bind_groups(groups)
    queue, queue_index = torch.zeros(queue_len, 32), torch.full((queue_len,), -1)  # -1: an empty slot
    losses = []
    for _ in range(epochs):
        for index in torch.randperm(len(images)).split(batch_size):
            z1, z2 = (nn.functional.normalize(encoder(images[index] + 0.1 * torch.randn(len(index), images.shape[1])))
                      for _ in range(2))
            candidate, candidate_index = torch.cat([z2, queue]), torch.cat([index, queue_index])
            absent = (candidate_index < 0) | (candidate_index == index[:, None])  # empty, or the anchor's own image
            contrast = Contrast.build(z1, z2, candidate, index, candidate_index, absent)
            loss = elimination_loss(contrast.positive_similarity, contrast.negative_similarity,
                                    detector.detect(contrast), temperature=0.2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            queue = torch.cat([z2.detach(), queue])[:queue_len]
            queue_index = torch.cat([index, queue_index])[:queue_len]
            losses.append(loss.item())
    return losses
