"""What cannot be known of a run is asked for, in one line."""

import pytest

from mmifnd.apis import UserError
from mmifnd.configuration.run_config import training_images


def test_images_of_a_checkpoint_without_a_config(tmp_path):
    with pytest.raises(UserError, match='last.pth: no config beside it, so say which images: a folder, or config=CONFIG'):
        training_images(tmp_path / 'last.pth')


def test_images_of_a_config_that_trains_on_nothing(tmp_path):
    (tmp_path / 'empty.py').write_text('model = dict()\n')
    with pytest.raises(UserError, match='empty.py trains on nothing, so say which images: give a folder'):
        training_images(tmp_path / 'last.pth', tmp_path / 'empty.py')
