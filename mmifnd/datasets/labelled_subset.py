"""Folders of classes; only some images have labels to learn from."""

from pathlib import Path

from mmifnd.evaluation import draw_fraction
from mmifnd.registry import DATASETS

from .class_subset import ClassSubset
from .text_files import lines_of, read_text


@DATASETS.register_module()
class LabelledSubset(ClassSubset):
    """mmpretrain's :class:`CustomDataset` with the images of a list, or with a seeded share of each class.

    Args:
        image_list (str, optional): text file with the name of an image a line, such as n01440764_10026.JPEG or
            n01440764/n01440764_10026.JPEG; SimCLR's lists of 1 % and 10 % of ImageNet are of the first kind.
        fraction (float): without a list, floor(fraction N_c) images of each class c (:func:`mmifnd.evaluation.draw_fraction`).
        seed (int): of that draw.
        class_list (str, optional): as of :class:`ClassSubset`, where not all folders are classes.
        **kwargs: see :class:`CustomDataset`; folders name the classes, so there is no ``ann_file``.

    Raises:
        FileNotFoundError: if there is no such list, or images that it names are not in the folders.
        ValueError: if the list is empty, a class would get no image, ``ann_file`` is given, or a fraction is to be drawn
            without labels.
    """

    def __init__(self, image_list: str | None = None, fraction: float = 1., seed: int = 0,
                 class_list: str | None = None, **kwargs) -> None:
        if kwargs.get('ann_file'):
            raise ValueError(f'ann_file={kwargs["ann_file"]} of LabelledSubset: folders say the classes and image_list the '
                             'images; use CustomDataset for a list of images with labels')
        if image_list is None and not kwargs.get('with_label', True):
            raise ValueError('with_label=False of LabelledSubset: a fraction is drawn of each class; leave it out, or give an '
                             'image_list')
        self.image_list, self.fraction, self.seed = image_list, fraction, seed
        super().__init__(class_list, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Path and label of each image that is taken."""
        infos = super().load_data_list()
        if self.image_list is None:
            labels = [info['gt_label'] for info in infos]
            return [infos[position] for position in draw_fraction(labels, self.fraction, self.seed)]
        names = read_image_list(self.image_list)
        chosen = [info for info in infos if Path(info['img_path']).name in names]
        if len(chosen) < len(names):
            missing = sorted(names - {Path(info['img_path']).name for info in chosen})
            raise FileNotFoundError(f'{len(missing)} of the {len(names)} images in {self.image_list} are not in '
                                    f'{self.img_prefix}, such as {missing[0]}; check data_root, data_prefix and image_list')
        return chosen


def read_image_list(path: str) -> set[str]:
    """File names in a list of images, without folders.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is empty.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f'no image list {path}; set image_list to a text file with one image name a line, or to None')
    names = {Path(line.strip()).name for line in lines_of(read_text(file, f'the image list {path}')) if line.strip()}
    if not names:
        raise ValueError(f'the image list {path} is empty; name one image a line, such as n01440764_10026.JPEG')
    return names
