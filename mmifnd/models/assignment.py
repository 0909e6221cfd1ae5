"""`AssignmentContrast`: the rows that are assigned to prototypes together, and the crops that predict their codes."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from mmifnd.contrast import Contrast


@dataclass(frozen=True)
class RowsOfCrops:
    """Rows that are assigned to prototypes together, of all processes: a queue, if there is one, and then the batch.

    E crops of each image are assigned, each among the rows of that crop.

    Attributes:
        rows (Tensor): unit vectors, (R, E, D), no gradient; the same on every process.
        index (Tensor): int64, stable global index of each row's image, (R,).
        queued (Tensor): int64, positions of this process's share of the queue, (S,).
        batch (Tensor): int64, positions of this process's batch, (B,).
        same_image (str): whether further rows of an anchor's image are candidates: ``'exclude'`` or ``'negative'``.
    """

    rows: Tensor
    index: Tensor
    queued: Tensor
    batch: Tensor
    same_image: str

    @property
    def own(self) -> Tensor:
        """Positions of this process's rows, (S + B,), the batch last."""
        return torch.cat([self.queued, self.batch])

    def contrast(self, position: Tensor) -> Contrast:
        """Rows ``position`` (A,) of all crops against all rows, (E * A, E * R), crop by crop.

        A row's candidates are the rows of the same crop; its positive is the same image's next crop.
        """
        count, crops, dim = self.rows.shape
        anchor = self.rows[position].transpose(0, 1)
        own_row = position.unsqueeze(1) == torch.arange(count, device=position.device)
        index = self.index[position]
        if self.same_image == 'exclude':
            own_row = own_row | (index.unsqueeze(1) == self.index)
        other_crop = ~torch.eye(crops, dtype=torch.bool, device=position.device).view(crops, 1, crops, 1)
        absent = (own_row.unsqueeze(1) | other_crop).view(crops * len(position), crops * count)
        return Contrast.build(
            anchor.flatten(0, 1), anchor.roll(-1, dims=0).flatten(0, 1), self.rows.transpose(0, 1).flatten(0, 1),
            index.repeat(crops), self.index.repeat(crops), absent)


@dataclass(frozen=True, kw_only=True)
class AssignmentContrast(Contrast):
    """This process's batch, all assigned crops, against the rows of all processes; and all that SwAV's loss needs besides.

    Attributes:
        crops (Tensor): unit vectors of all V crops of this process's batch, (V, B, D), with gradient.
        crops_for_assign (tuple[int, ...]): which of them are assigned, E numbers.
        assigned (RowsOfCrops): the rows.
    """

    crops: Tensor
    crops_for_assign: tuple[int, ...]
    assigned: RowsOfCrops

    @classmethod
    def of(cls, crops: Tensor, crops_for_assign: tuple[int, ...], assigned: RowsOfCrops) -> 'AssignmentContrast':
        """The contrast of ``assigned.batch``."""
        return cls(**vars(assigned.contrast(assigned.batch)), crops=crops, crops_for_assign=crops_for_assign,
                   assigned=assigned)

    @cached_property
    def of_queue(self) -> Contrast:
        """The rows of this process's share of the queue."""
        return self.assigned.contrast(self.assigned.queued)
