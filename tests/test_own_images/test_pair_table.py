"""A table of pairs with all that tables have, from the look at it to the report."""

import numpy as np
import pytest
from pair_table import write_table

from mmifnd.apis import audit, evaluate, inspect, pretrain
from mmifnd.apis.audit_report import write_audit
from mmifnd.cli import main
from mmifnd.datasets import BROKEN_LIST
from mmifnd.datasets.thumbnails import Thumbnails

TINY = {'model.backbone.base_channels': 4, 'model.neck.in_channels': 32, 'model.text_backbone.layers': 1, 'log_level': 'ERROR'}


@pytest.mark.slow
def test_the_whole_way(tmp_path, restored_torch):
    table = write_table(tmp_path / 'pairs')
    found = inspect(table.file)
    rows = dict(found.rows())
    assert rows['folder'] == f'{2 * table.images} captions of {table.images} images'
    assert rows['broken'] == f'5 cannot be read, such as {table.missing[0]} (No such file or directory)'
    assert sorted(found.broken) == table.missing and set(found.findings()['repeated_captions']) == set(table.repeated)

    result = pretrain(table.file, tmp_path / 'run', framework='clip', method='glofnd', epochs=3, batch_size=32, image_size=32,
                      num_workers=0, options=TINY)
    listed = (tmp_path / 'run' / BROKEN_LIST).read_text()
    assert all(name in listed for name in table.missing)
    measures = evaluate(result.checkpoint, options=dict(log_level='ERROR'))
    assert {'i2t_R@1', 't2i_R@10_same_caption', 'modality_gap', 'knn', 'zero_shot'} <= set(measures)
    assert np.isfinite(list(measures.values())).all()

    for feature in 'zt':
        found = audit(result.checkpoint, str(table.file), clusters=[8], feature=feature)
        assert found.num_images == table.images - (len(table.missing) if feature == 'z' else 0)  # their texts can be read
        files = write_audit(found, tmp_path / f'audit_{feature}', Thumbnails(str(table.file)))
        assert [path.suffix for path in files] == ['.json', '.png']

    assert main(['report', str(tmp_path / 'run'), '--out', str(tmp_path / 'report.html')]) == 0
    page = (tmp_path / 'report.html').read_text()
    assert 'captions that no longer count as its negatives' in page and 'text of ' in page
    assert all(words in page for words in ('run, image anchors', 'run, text anchors', 'Image to text R@1', 'Modality gap'))
    assert any(caption in page for caption in table.repeated)
