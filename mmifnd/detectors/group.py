"""Detection by groups that the data set knows: same patient, video, product, caption."""

import warnings

from torch import Tensor

from .pseudo_label import LabelDetector


class GroupDetector(LabelDetector):
    """Candidates of the anchor's group: certain truth at no cost, where images come in groups.

    A group is no class label: whoever collected the images knows that two frames are of one video. Images without a group
    (-1) are equal to nobody. Kept in a persistent buffer, so that a checkpoint is tested with the groups of its training.
    """

    filled_by = 'bind_groups(groups)'

    def bind_groups(self, groups: Tensor | None) -> None:
        """Keep the group of each image, integers (N,), -1 = unknown; after :meth:`bind`.

        Raises:
            ValueError: where the data set has no groups, or they are not of the training set.
        """
        if groups is None:
            raise ValueError("GroupDetector needs groups and the data set has none; name a file: groups='groups.csv' of a "
                             "GroupedFolder, groups='groups.npy' of images in tensors, or a group in each annotation")
        if self.num_samples is not None and len(groups) != self.num_samples:
            raise ValueError(f'{len(groups)} groups were given to a training set of {self.num_samples} images; give one an '
                             'image, -1 where it is unknown')
        known = groups[groups >= 0]
        if len(known.unique()) == len(known):
            warnings.warn(f'no two of the {len(groups)} images are in one group: GroupDetector will detect nobody; check the '
                          'groups of the data set', stacklevel=2)
        self._set_labels(groups.reshape(1, -1))

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs) -> None:
        own, loaded = self.labels.clone(), state_dict.get(prefix + 'labels')
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        if self.num_samples is not None and own.numel() and loaded is not None and not own.equal(loaded.to(own.device)):
            raise ValueError('the checkpoint was made with other groups than the data set has now; resume with those, or '
                             'begin anew')
