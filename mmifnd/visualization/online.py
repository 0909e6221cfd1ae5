"""How well the classes can be told apart while the encoder is still being trained."""

from dataclasses import replace

from .curves import Curve, Group, Quantity, method_curves

TEST = Quantity('linear_test', 'Online linear probe (top-1, %)',
                'A linear classifier that learns beside the encoder, from its detached features; solid: test images, dashed: '
                'training images.', source='online')
TRAIN = replace(TEST, key='linear_train')
NEIGHBOURS = Quantity('knn_test', 'Nearest neighbours (top-1, %)',
                      'The vote of the nearest training images for each test image.', source='online')
READING_OF_TRAINING = 'A linear classifier that learns beside the encoder, on training images: there are no others.'


def probe_curves(groups: list[Group]) -> tuple[list[Curve], list[Curve], Quantity]:
    """Curves on test images, those on training images to be drawn thin, and the quantity; without test images, the latter."""
    test, train = method_curves(groups, TEST), method_curves(groups, TRAIN)
    if not test:
        return train, [], replace(TRAIN, reading=READING_OF_TRAINING)
    if len(groups) == 1:
        return [replace(curve, label='test') for curve in test], [replace(curve, label='training') for curve in train], TEST
    return test, [replace(curve, label='') for curve in train], TEST
