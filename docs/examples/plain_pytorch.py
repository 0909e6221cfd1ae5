"""IFND in a plain PyTorch loop: k-means after each epoch says which negatives are false. The digits of scikit-learn."""

import torch
from sklearn.datasets import load_digits
from torch import nn

from mmifnd.clustering import ConfidenceAcceptance, PseudoLabeler
from mmifnd.contrast import Contrast
from mmifnd.detectors import PseudoLabelDetector
from mmifnd.functional import elimination_loss


def train(epochs: int = 20, batch_size: int = 256) -> tuple[nn.Module, PseudoLabelDetector]:
    """Return the encoder and the detector that it was trained with."""
    images = torch.tensor(load_digits().data / 16, dtype=torch.float32)  # (1797, 64)
    encoder = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 32))
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=1e-3)
    detector = PseudoLabelDetector()
    detector.bind(len(images))  # one label per image; none is accepted yet
    labeler = PseudoLabeler(num_clusters=(10, 30), acceptance=ConfidenceAcceptance('linear'), temperature=0.2)
    for epoch in range(epochs):
        for index in torch.randperm(len(images)).split(batch_size):
            z1, z2 = (encoder(images[index] + 0.2 * torch.randn(len(index), 64)) for _ in range(2))
            contrast = Contrast.in_batch(z1, z2, index)
            loss = elimination_loss(contrast.positive_similarity, contrast.negative_similarity,
                                    detector.detect(contrast), temperature=0.2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            features = nn.functional.normalize(encoder(images), dim=1)
        detector.publish(labeler(features, progress=(epoch + 1) / epochs))
    return encoder, detector
