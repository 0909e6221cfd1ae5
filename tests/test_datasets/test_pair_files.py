"""Tables of pairs, COCO's captions and Karpathy's splits: what is read, and what is refused in one line."""

import json

import pytest
import torch
from PIL import Image

from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.pairs import CocoCaptions, ImageTextTable, KarpathyJson
from mmifnd.models.preprocessors import ImageTextPreprocessor
from mmifnd.registry import default_scope

PIPELINE = [dict(type='LoadImageFromFile'),
            dict(type='Tokenize', tokenizer=dict(type='HashTokenizer', ngrams=None, context_length=4)),
            dict(type='PackInputs', meta_keys=('text',))]


@pytest.fixture
def here(tmp_path):
    """A folder ``images`` with a.png to d.png, of one colour each."""
    (tmp_path / 'images').mkdir()
    for number, name in enumerate('abcd'):
        Image.new('RGB', (6, 5), (40 * number, 0, 0)).save(tmp_path / 'images' / f'{name}.png')
    return tmp_path


def table(here, text, name='pairs.csv', **options):
    content = text if isinstance(text, bytes) else text.encode()
    (here / name).write_bytes(content)
    with default_scope():
        return ImageTextTable(name, data_root=str(here), data_prefix='images', **options)


def items(dataset):
    return [(info['img_path'].rsplit('/', 1)[1], info['captions']) for info in map(dataset.get_data_info, range(len(dataset)))]


AB = [('a.png', ['a cat', 'two']), ('b.png', ['dog, big'])]


@pytest.mark.parametrize('name, text', [
    ('pairs.csv', 'image,caption\na.png,a cat\nb.png,"dog, big"\na.png,two\n'),
    ('pairs.csv', '\ufeffcaption,other,image\r\na cat,1,a.png\r\n"dog, big",2,b.png\r\ntwo,3,./a.png\r\n'),
    ('pairs.csv', 'image,caption\na.png,"[""a cat"", ""two""]"\nb.png,"dog, big"\n'),
    ('pairs.tsv', 'image\tcaption\na.png\ta cat\nb.png\tdog, big\na.png\ttwo\n'),
    ('pairs.jsonl', '{"image": "a.png", "caption": ["a cat", "two"]}\n\n{"image": "b.png", "caption": "dog, big"}\n')])
def test_rows_of_one_image_are_joined(here, name, text):
    assert items(table(here, text, name)) == AB


def test_a_caption_may_have_several_lines_and_any_script(here):
    text = 'image,caption\na.png,"one\ntwo"\nb.png,日本語 🦊\nc.png,[not a list\n'
    assert items(table(here, text)) == [('a.png', ['one\ntwo']), ('b.png', ['日本語 🦊']), ('c.png', ['[not a list'])]


def test_each_caption_may_be_an_item_with_a_state_of_its_own(here):
    dataset = table(here, 'image,caption\na.png,a cat\nb.png,dog\na.png,two\n', captions='each', groups='image')
    assert items(dataset) == [('a.png', ['a cat']), ('a.png', ['two']), ('b.png', ['dog'])]
    indexed = IndexedDataset(dataset)
    assert indexed.num_samples == 3 and indexed.groups().tolist() == [0, 0, 1]
    assert indexed.captions() == [['a cat'], ['two'], ['dog']]


@pytest.mark.parametrize('groups, expected', [('caption', [0, 0, 1, 2]), ('image', [0, 1, 1, 2]), ('either', [0, 0, 0, 1])])
def test_groups_by_caption_image_or_either(here, groups, expected):
    text = 'image,caption\na.png,a cat\nb.png,A Cat!\nb.png,two\nc.png,three\n'
    assert IndexedDataset(table(here, text, captions='each', groups=groups)).groups().tolist() == expected


def test_given_groups_labels_and_splits(here):
    text = 'image,caption,label,group,split\na.png,x,fox,p1,train\nb.png,y,cat,p1,train\nc.png,z,,,train\nd.png,w,fox,p2,val\n'
    indexed = IndexedDataset(table(here, text, split='train', groups='given'))
    assert indexed.labels().tolist() == [1, 0, -1] and indexed.metainfo['classes'] == ('cat', 'fox')
    assert indexed.groups().tolist() == [0, 0, -1]
    numbers = IndexedDataset(table(here, 'image,caption,label\na.png,x,3\nb.png,y,0\n'))
    assert numbers.labels().tolist() == [3, 0] and numbers.groups() is None


def test_batches_have_images_and_their_own_texts(here):
    dataset = IndexedDataset(table(here, 'image,caption\na.png,a cat\nb.png,dog\nc.png,four\n', pipeline=PIPELINE))
    assert dataset.text_format() == (8193, 4)
    samples = [dataset[position] for position in (2, 0)]
    batch = ImageTextPreprocessor()(dict(
        inputs=torch.stack([sample['inputs'] for sample in samples]), data_samples=[s['data_samples'] for s in samples]), True)
    assert batch['index'].tolist() == [2, 0] and batch['text'].shape == (2, 4) and batch['text'][0, 1] == 0
    assert batch['inputs'][0].shape == (2, 3, 5, 6)


def test_captions_are_part_of_the_fingerprint(here):
    prints = {IndexedDataset(table(here, f'image,caption\na.png,{caption}\n')).fingerprint() for caption in ('x', 'y')}
    assert len(prints) == 2


def test_a_text_is_drawn_by_seed_epoch_and_image(here):
    dataset = IndexedDataset(table(here, 'image,caption\na.png,one\na.png,two\na.png,three\n', pipeline=PIPELINE), seed=1)
    drawn = []
    for epoch in range(12):
        dataset.set_epoch(epoch)
        drawn.append(dataset[0]['data_samples'].text[0].item())
        assert dataset[0]['data_samples'].text[0].item() == drawn[-1]
    assert len(set(drawn)) == 3


def test_empty_captions_are_left_out_if_asked_for(here, capsys):
    text = 'image,caption\na.png,a cat\nb.png,  \na.png,\nc.png,x\n'
    with pytest.raises(ValueError, match='has 2 images or rows without a caption, such as a.png in line 2; .* skip_empty=True'):
        table(here, text)
    assert items(table(here, text, skip_empty=True)) == [('a.png', ['a cat']), ('c.png', ['x'])]


@pytest.mark.parametrize('text, options, words', [
    ('', {}, 'is empty; its first line must name the columns image and caption'),
    ('path,text\na.png,x\n', {}, "has no column 'image', but path, text; set image_key and caption_key"),
    ('image\tcaption\na.png\tx\n', {}, "has no column 'image', .* separated by '\\\\t': set sep"),
    ('image;caption\na.png;x\n', {}, "separated by ';': set sep"),
    ('image,caption\na.png,x,y\n', {}, 'line 2 of .* has more than its 2 columns; quote'),
    ('image,caption\na.png,"x\n', {}, 'cannot be read after line 1: .*; is a quotation mark missing'),
    ('image,caption\n', {}, 'names no image with a caption'),
    ('image,caption\n,x\n', {}, 'line 2 of .* names no image'),
    ('image,caption\n/etc/a.png,x\n', {}, 'names /etc/a.png, which is absolute or outside'),
    ('image,caption\n../a.png,x\n', {}, 'names ../a.png, which is absolute or outside'),
    ('image,caption\nsub/../../a.png,x\n', {}, 'which is absolute or outside'),
    ('image,caption\nno.png,x\nno2.png,y\n', {}, '2 of the 2 images looked for in .* do not exist'),
    ('image,caption\na.png,' + 'x' * 70_000 + '\n', {}, 'line 2 of .*: the caption has more than 64 kB'),
    ('image,caption\na.png,x\n'.encode('utf-16'), {}, 'is UTF-16; save it as UTF-8'),
    ('image,caption\na.png,caf\u00e9\n'.encode('latin-1'), {}, 'is not UTF-8: byte 0xe9 in line 2'),
    ('image,caption\na.png,x\n', dict(split='val'), "split='val', but line 2 of .* has no column split"),
    ('image,caption,split\na.png,x,train\n', dict(split='val'), "split='val' does not occur in .*; it has train"),
    ('image,caption,label\na.png,x,1\na.png,y,2\n', {}, 'a.png has label 1 in line 2 of .* and 2 in line 3'),
    ('image,caption\na.png,x\n', dict(captions='all'), "captions='all' of ImageTextTable is unknown; .* joined, each"),
    ('image,caption,caption\na.png,x,y\n', {}, "has the column 'caption' twice; remove one"),
    ('image,caption\na.png,x\n', dict(groups='label'), "groups='label' of ImageTextTable is unknown")])
def test_tables_that_cannot_be_used(here, text, options, words):
    with pytest.raises((ValueError, FileNotFoundError), match=words) as error:
        table(here, text, **options)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('text, words', [
    ('{"image": "a.png", "caption": NaN}', 'line 1 of .*: the caption is nan, no text'),
    ('{"image": "a.png", "caption": 7}', 'the caption is 7, no text'),
    ('{"image": "a.png", "caption": null}', 'the caption is None, no text'),
    ('{"image": 3, "caption": "x"}', 'line 1 of .* names no image'),
    ('{"image": "a.png"}', "line 1 of .* has no 'caption', but image"),
    ('["a.png", "x"]', 'line 1 of .* is a list; write an object on each line'),
    ('{"image": "a.png", ', 'line 1 of .* is no JSON'),
    ('[' * 100_000, 'line 1 of .* is no JSON'),
    ('{"image": "a.png", "caption": "x", "label": ' + '1' * 5000 + '}', 'line 1 of .* is no JSON .*4300 digits'),
    ('{"image": "a.png", "caption": "x", "caption": "y"}', "line 1 of .* is no JSON .the key 'caption' stands twice"),
    *(('{"image": "a.png", "caption": "x", "label": ' + label + '}', 'line 1 of .* for its label; give the number or the name')
      for label in ('[1]', '1.5', '{}', '-2', str(10**30))),
    ('{"image": "a.png", "caption": "\\ud83d"}', 'holds half of a surrogate pair')])
def test_json_lines_that_cannot_be_used(here, text, words):
    with pytest.raises(ValueError, match=words) as error:
        table(here, text, 'pairs.jsonl')
    assert '\n' not in str(error.value)


def test_a_file_that_does_not_exist(here):
    with pytest.raises(FileNotFoundError, match='ann_file=.*no.csv of ImageTextTable does not exist'):
        ImageTextTable('no.csv', data_root=str(here))


COCO = dict(images=[dict(id=7, file_name='a.png'), dict(id=9, file_name='b.png')],
            annotations=[dict(image_id=9, caption='dog'), dict(image_id=7, caption='a cat'), dict(image_id=9, caption='big\n')])
KARPATHY = dict(dataset='coco', images=[
    dict(filepath='images', filename='a.png', split='train', sentences=[dict(raw='a cat', tokens=[]), dict(raw='two')]),
    dict(filepath='images', filename='b.png', split='restval', sentences=[dict(raw='dog')]),
    dict(filepath='images', filename='c.png', split='test', sentences=[dict(raw='fox')])])


def written(here, content):
    (here / 'file.json').write_text(content if isinstance(content, str) else json.dumps(content))
    return dict(ann_file='file.json', data_root=str(here))


def test_captions_of_coco(here):
    assert items(CocoCaptions(**written(here, COCO), data_prefix='images')) == [('a.png', ['a cat']), ('b.png', ['dog', 'big'])]


def test_splits_of_karpathy(here):
    files = written(here, KARPATHY)
    assert items(KarpathyJson(**files)) == [('a.png', ['a cat', 'two']), ('b.png', ['dog'])]
    assert items(KarpathyJson(**files, restval=False)) == [('a.png', ['a cat', 'two'])]
    assert items(KarpathyJson(**files, split='test')) == [('c.png', ['fox'])]


@pytest.mark.parametrize('kind, content, words', [
    (CocoCaptions, dict(COCO, annotations=[dict(image_id=7, bbox=[0], id=1)]), 'has no captions, but bbox, id, image_id; take'),
    (CocoCaptions, dict(COCO, annotations=[dict(image_id=1, caption='x')]), 'has a caption of image 1, which is not among'),
    (CocoCaptions, dict(COCO, images=[*COCO['images'], dict(id=7, file_name='c.png')]), 'has the id 7 for two images'),
    (CocoCaptions, dict(COCO, images=[dict(id=[7], file_name='a.png')]), r"has \[7\] under 'id'; it must be a text"),
    (CocoCaptions, dict(COCO, annotations=[dict(image_id=[7], caption='x')]), r"has \[7\] under 'image_id'"),
    (KarpathyJson, dict(images=[dict(KARPATHY['images'][0], split=['train'])]), r"has \['train'\] under 'split'"),
    (CocoCaptions, dict(COCO, images=[dict(id=7)], annotations=[]), "has an image without 'file_name', but with id"),
    (CocoCaptions, KARPATHY, "has no list 'annotations' of objects, but dataset, images"),
    (CocoCaptions, '[1, 2]', "has no list 'images' of objects, but a list"),
    (CocoCaptions, '{', 'is no JSON'),
    (CocoCaptions, dict(COCO, annotations=COCO['annotations'][:1]), 'has 1 images or rows without a caption, such as a.png'),
    (KarpathyJson, COCO, 'has no sentences and splits; use CocoCaptions'),
    (KarpathyJson, dict(images=KARPATHY['images'][2:]), "split='train' does not occur in .*; it has test")])
def test_json_of_another_kind(here, kind, content, words):
    prefix = dict(data_prefix='images') if kind is CocoCaptions else {}
    with pytest.raises(ValueError, match=words):
        kind(**written(here, content), **prefix)


