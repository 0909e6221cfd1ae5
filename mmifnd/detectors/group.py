"""Detection by groups that the data set knows: images of one patient, video, product or caption."""

import warnings
from typing import Any

from torch import Tensor

from mmifnd.parts import KnowsGroups

from .pseudo_label import LabelDetector


class GroupDetector(LabelDetector, KnowsGroups):
    """Detects candidates of the anchor's group: certain and free of charge if images come in groups.

    A group is no class label: whoever collected the images knows that two frames are from one video. Images without a group
    (-1) are equal to no other. Groups are kept in a persistent buffer, so that a checkpoint is tested with the groups that
    it was trained with.
    """

    filled_by = 'bind_groups(groups)'

    def bind_groups(self, groups: Tensor | None) -> None:
        """Keep the group of each image; called after :meth:`bind`.

        Args:
            groups (Tensor, optional): integers, (N,); -1 means unknown.

        Raises:
            ValueError: if the data set has no groups, or they are not those of the training set.
        """
        if groups is None:
            raise ValueError("GroupDetector needs groups and the data set has none; name a file: groups='groups.csv' of a "
                             "GroupedFolder, groups='groups.npy' of images in tensors, or a group in each annotation")
        if self.num_samples is not None and len(groups) != self.num_samples:
            raise ValueError(f'{len(groups)} groups were given to a training set of {self.num_samples} images; give one '
                             'per image, -1 if it is unknown')
        grouped = groups[groups >= 0]
        if len(grouped.unique()) == len(grouped):
            warnings.warn(f'no two of the {len(groups)} images are in one group: GroupDetector will detect nothing; check '
                          'the groups of the data set', stacklevel=2)
        self._set_labels(groups.reshape(1, -1))

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any, **kwargs: Any) -> None:
        bound, loaded = self.labels.clone(), state_dict.get(prefix + 'labels')
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        if self.num_samples is not None and bound.numel() and loaded is not None and not bound.equal(loaded.to(bound.device)):
            raise ValueError('the checkpoint was made with other groups than the data set has now; resume with those, or '
                             'start a new run')
