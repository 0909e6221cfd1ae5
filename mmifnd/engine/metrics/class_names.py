"""A comparison of what two data sets mean by a label."""

from collections.abc import Sequence


def class_difference(train: Sequence[str] | None, test: Sequence[str] | None) -> str:
    """What sets the named classes of test images apart from those of training images, in words; empty if nothing does.

    Folders number their classes by themselves: where one of them is missing, all labels after it mean other classes.
    """
    if not train or not test or tuple(train) == tuple(test):
        return ''
    for one, other, names in ((test, train, 'test images lack {} of the {} classes of the training images, such as {}'),
                              (train, test, 'training images lack {} of the {} classes of the test images, such as {}')):
        if lacking := sorted(set(other) - set(one)):
            return f'the {names.format(len(lacking), len(other), lacking[0])}; labels would not mean the same'
    return 'the test images have the classes of the training images in another order; labels would not mean the same'
