"""Examples of what training steps removed for a few images."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmifnd.distributed import gather_objects_on_main
from mmifnd.evaluation import even_anchors
from mmifnd.models.heads.step_record import StepRecord
from mmifnd.records.steps import Removed, write_steps


class Visit(NamedTuple):
    """What a step decided for one of its anchors and its C candidates, still on the model's device.

    Attributes:
        anchor (Tensor): int64 (), the anchor's image.
        candidate (Tensor): int32 (C,), the candidates' images; -1 for an empty slot.
        removed (Tensor): bool (C,), by any granularity.
        similarity (Tensor): cosine similarities, (C,).
        total (Tensor): int64 (), candidates that the anchor had.
        threshold (Tensor | None): (), the similarity above which candidates were removed, of a detector that has one.
    """

    anchor: Tensor
    candidate: Tensor
    removed: Tensor
    similarity: Tensor
    total: Tensor
    threshold: Tensor | None

    def on_host(self) -> dict:
        """The removed images, each once with its highest similarity, and the share of the candidates that was removed."""
        images, similarity = (column[self.removed].cpu() for column in (self.candidate, self.similarity.float()))
        order = similarity.argsort(descending=True, stable=True)
        images, similarity = images[order], similarity[order]
        _, first = np.unique(images.numpy(), return_index=True)
        first = torch.from_numpy(np.sort(first[images.numpy()[first] >= 0]))
        return dict(anchor=int(self.anchor), images=images[first], similarity=similarity[first],
                    threshold=np.nan if self.threshold is None else float(self.threshold),
                    share=len(order) / max(int(self.total), 1))


class StepExamples:
    """Notes for a few images, spread evenly over the data set, what the steps that train on them remove.

    Where they stand in a batch is known on the host, so that nothing waits for the device before :meth:`collect`.

    Args:
        num_samples (int): images in the training set, N.
        count (int): of the few, at most; 0 for none.
    """

    def __init__(self, num_samples: int, count: int) -> None:
        self.num_samples = num_samples
        self.anchors = frozenset(even_anchors(num_samples, count).tolist())
        self._visits: list[Visit] = []
        self._found: list[dict] = []

    def rows(self, index: Tensor) -> list[int]:
        """Positions of the anchors among the images ``index`` (B,) of this rank's batch, a tensor on the host."""
        return [row for row, image in enumerate(index.tolist()) if image in self.anchors]

    def note(self, record: StepRecord, rows: list[int]) -> None:
        """Copy ``rows`` of a step; the rows of the first view come first in every framework."""
        if not rows:
            return
        candidate, threshold = record.candidate_index.int(), record.threshold()
        for row in rows:
            self._visits.append(Visit(
                record.anchor_index[row], candidate, record.false_negative[:, row].any(dim=0),
                record.similarity[row].clone(), record.is_candidate[row].sum(),
                None if threshold is None else threshold[row].clone()))

    def state(self) -> list[dict]:
        """What was noted since the last :meth:`collect` on this rank; tensors on the host and plain values."""
        self._found += [visit.on_host() for visit in self._visits]
        self._visits.clear()
        return list(self._found)

    def load(self, state: list[dict]) -> None:
        """Continue with a :meth:`state`."""
        self._found = [dict(visit, images=visit['images'].cpu(), similarity=visit['similarity'].cpu()) for visit in state]

    def collect(self) -> list[dict]:
        """Collect on rank 0, and clear, the examples of all ranks, one per anchor, ordered by anchor; the others get none."""
        visit_of_anchor: dict[int, dict] = {}
        for state in gather_objects_on_main(self.state()) or ():
            for visit in state:
                visit_of_anchor.setdefault(visit['anchor'], visit)
        self._found.clear()
        return [visit_of_anchor[anchor] for anchor in sorted(visit_of_anchor)]

    def write(self, folder: Path, epoch: int, visits: list[dict], direction: str = '') -> None:
        """Write the record of what :meth:`collect` gave."""
        write_steps(folder, epoch, self.num_samples, [
            Removed(visit['anchor'], visit['images'].numpy(), visit['similarity'].numpy(), visit['threshold'], visit['share'])
            for visit in visits], direction)


def is_shown(epoch: int, max_epochs: int, times: int = 10) -> bool:
    """Whether epoch ``epoch`` (0-based) is kept: ``times`` epochs are, spread evenly, the last one among them."""
    return (epoch + 1) * times // max_epochs > epoch * times // max_epochs
