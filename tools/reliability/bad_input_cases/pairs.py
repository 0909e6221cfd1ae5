"""Tables, files, shards and settings of image-text pairs that cannot be used; and captions that look odd and must be taken."""

import gzip
import io
import json
import tarfile
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .case import Case, train, written

#: A small training on the eight pairs of ``{here}/data/pairs.csv``.
PAIRS = """
tokenizer = dict(type='HashTokenizer', buckets=99, ngrams=None, context_length=6)
train_dataloader = dict(
    batch_size=4, num_workers=0, drop_last=True, collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='ImageTextTable', ann_file='pairs.csv', data_root='{here}/data', pipeline=[
        dict(type='LoadImageFromFile'), dict(type='Tokenize', tokenizer=tokenizer),
        dict(type='PackInputs', meta_keys=('text',))]))
train_cfg = dict(type='EpochLoop', max_epochs=1)
test_cfg = None
test_evaluator = None
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.1))
model = dict(
    type='CLIPAdapter', data_preprocessor=dict(type='ImageTextPreprocessor'),
    backbone=dict(type='SmallCNN', in_channels=3, widths=(4, 8)),
    neck=dict(type='LinearProjection', in_channels=8, out_channels=8),
    text_backbone=dict(type='TokenBag', vocab_size=100, width=8),
    text_neck=dict(type='LinearProjection', in_channels=8, out_channels=8),
    head=dict(type='ElimContrastiveHead', temperature=0.1))
"""
ROWS = [(f'{number}.png', f'picture number {number}') for number in range(8)]
TABLE = 'image,caption\n' + ''.join(f'{image},{caption}\n' for image, caption in ROWS)


def pairs(text: str = '', files=lambda data: None):
    """Eight sound pairs, the config of a training on them followed by ``text``, and what ``files`` does to them."""
    def write(here: Path) -> None:
        data = here / 'data'
        data.mkdir()
        for number, (image, _) in enumerate(ROWS):
            Image.new('RGB', (12, 12), (30 * number, 90, 0)).save(data / image)
        (data / 'pairs.csv').write_text(TABLE)
        files(data)
        written('_base_/default_runtime.py', PAIRS + text)(here)
    return write


def _bytes(name, content, data):
    (data / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def _first_caption(caption, data):
    rows = [(image, caption if number == 0 else other) for number, (image, other) in enumerate(ROWS)]
    lines = [json.dumps(dict(image=image, caption=text)) for image, text in rows]
    (data / 'pairs.jsonl').write_text('\n'.join(lines))


def _shard(data, members, spoil=lambda content: content):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode='w', format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    (data / '0.tar').write_bytes(spoil(file.getvalue()))


def _samples(data):
    return [(name, (data / image).read_bytes() if name.endswith('png') else caption.encode())
            for image, caption in ROWS for name in (image, image.replace('png', 'txt'))]


def _guide(array, data):
    np.save(data / 'guide.npy', array, allow_pickle=True)


def _dataset(settings: str) -> str:
    return f"train_dataloader['dataset'].update({settings})\n"


JSONL = _dataset("ann_file='pairs.jsonl'")
SHARDS = "train_dataloader['dataset'].pop('ann_file')\n" + _dataset("type='PairShards', shards='0.tar'")
#: Tables: content, and what the line must say; None for what must be taken.
TABLES = [
    ('a table without the column of captions', 'image,text\n0.png,a\n', "has no column 'caption', but image, text"),
    ('a table with tabs that is called .csv', TABLE.replace(',', '\t'), "separated by '\\t': set sep"),
    ('an empty table', '', 'is empty; its first line must name the columns'),
    ('a table with an empty caption', TABLE + '0.png,  \n', 'without a caption, such as 0.png'),
    ('a table in Latin-1', (TABLE + '0.png,café\n').encode('latin-1'), 'is not UTF-8: byte 0xe9 in line 10'),
    ('a table in UTF-16', TABLE.encode('utf-16'), 'is UTF-16; save it as UTF-8'),
    ('a table with an absolute path', TABLE + '/etc/0.png,a\n', 'names /etc/0.png, which is absolute or outside'),
    ('a table that leaves the folder', TABLE + '../0.png,a\n', 'names ../0.png, which is absolute or outside'),
    ('a table of images that do not exist', 'image,caption\n' + 'x.png,a\ny.png,b\n', '2 of the 2 images looked for'),
    ('a table with an open quotation mark', TABLE + '0.png,"a\n', 'is a quotation mark missing?'),
    ('a table with too many columns', TABLE + '0.png,a,b\n', 'has more than its 2 columns'),
    ('a table with a byte order mark and Windows lines', ('\ufeff' + TABLE).replace('\n', '\r\n'), None),
    ('a table whose captions are emoji and Chinese', TABLE.replace('picture', '🦊 狐狸'), None),
    ('a table with captions over several lines', TABLE.replace('picture number 3', '"a\nb, c"'), None),
    ('a table whose captions are all the same', 'image,caption\n' + ''.join(f'{image},a\n' for image, _ in ROWS), None),
    ('captions longer than the context', TABLE.replace('picture', 'a b c d e f g h'), None)]
#: Captions of JSON lines.
CAPTIONS = [
    ('a caption that is NaN', float('nan'), 'the caption is nan, no text'), ('a caption that is a number', 7, 'is 7, no text'),
    ('half of a surrogate pair', '\ud83d', 'holds half of a surrogate pair'),
    ('a caption of a megabyte', 'x' * 2**20, 'than 64 kB'),
    ('a list of captions', ['a', 'b'], None)]
SPOILT = [
    ('a shard that is cut off', lambda content: content[:700], 'is cut off'),
    ('a compressed shard', gzip.compress, 'is compressed (gzip)'),
    ('a shard that is text', lambda content: b'hello', 'is cut off after 5 bytes, or no tar file'),
    ('a damaged shard', lambda content: b'Z' + content[1:], 'is damaged at byte 0'),
    ('a sound shard', lambda content: content, None)]
MEMBERS = [
    ('a shard with two images of a key', lambda data: [*_samples(data), ('7.jpg', b'x')], "has 2 images of the key '7'"),
    ('a shard with a key twice', lambda data: [*_samples(data), ('0.json', b'{}')], "has the key '0' twice"),
    ('a shard with a path that leaves it', lambda data: [('../a.png', b'x')], 'leaves the archive; remove it'),
    ('a shard without captions', lambda data: [(name, content) for name, content in _samples(data) if 'png' in name],
     'hold no image with a caption')]
COCO = dict(images=[dict(id=1, file_name='0.png')], annotations=[dict(image_id=1, bbox=[0, 0, 1, 1])])
KARPATHY = dict(images=[dict(filename='0.png', split='val', sentences=[dict(raw='a')])])
JSON = [
    ("COCO's instances instead of captions", 'CocoCaptions', COCO, 'has no captions, but bbox, image_id; take captions_*.json'),
    ("a split that Karpathy's file has not", 'KarpathyJson', KARPATHY, "split='train' does not occur in"),
    ("COCO's captions as Karpathy's", 'KarpathyJson', COCO, 'has no sentences and splits; use CocoCaptions')]
GUIDES = [
    ('a guide of another number of images', np.ones((5, 2)), 'has 5 rows, but the training set has 8 images'),
    ('a guide of objects', np.array([dict()], dtype=object), 'is no .npy of numbers'),
    ('a guide with NaN', np.full((8, 2), np.nan), 'has rows that are NaN, infinite or zero, such as row 0')]
SETTINGS = [
    ('a text tower with a smaller vocabulary', "model['text_backbone'].update(vocab_size=50)", 'vocab_size=100, more than'),
    ('a text tower with a shorter context', "model['text_backbone'].update(context_length=3)", 'context_length=6, more than'),
    ('towers of different dimensions', "model['text_neck'].update(out_channels=4)", 'text_neck.out_channels=4 differs from'),
    ('a batch of one pair', 'train_dataloader.update(batch_size=1)', 'a batch of 1 pair on 1 process has no negatives'),
    ('an unknown version of FastCLIP', "model.update(head=dict(type='FastCLIPHead', version='v4'))",
     "version='v4' of FastCLIPHead"),
    ('FastCLIP with a negative rho', "model.update(head=dict(type='FastCLIPHead', rho=-1.))", 'rho=-1.0 of FastCLIPHead'),
    ('a temperature outside its bounds', "model['head'].update(learned_temperature=dict(bounds=(0.2, 1.)))",
     'temperature=0.1 lies outside bounds=(0.2, 1.0) of learned_temperature'),
    ('temperatures of pairs above 1', "model.update(head=dict(type='FastCLIPHead', version='v2', "
     "image_temperature=dict(bounds=(0.1, 2.))))", 'bounds=(0.1, 2.0) of image_temperature are not in (0, 1]'),
    ('an unknown action of SigmoidHead', "model.update(head=dict(type='SigmoidHead', action='drop'))",
     "action='drop' of SigmoidHead"),
    ('a text head with a temperature of its own', "model['head'].update(learned_temperature=dict())\n"
     'model.update(text_head=dict(temperature=0.2))', 'text_head.temperature of CLIPAdapter'),
    ('a pipeline without Tokenize', "train_dataloader['dataset']['pipeline'].pop(1)", 'the data set gives no texts'),
    ('a tokenizer of the hub', "train_dataloader['dataset']['pipeline'][1].update("
     "tokenizer=dict(type='HFTokenizer', path='no/such'))",
     'path=no/such of HFTokenizer is no folder'),
    ('an unknown source of similarities', "model['head'].update(detector=dict(type='BatchQuantileDetector', source='sound'))",
     "source='sound' is unknown")]

SMALL = ('--epochs', '1', '--image-size', '16', '--num-workers', '0', '--batch-size', '4', '--holdout', '0')
CLIP = ('--framework', 'clip')
#: What is wrong, data and further arguments, what the line must say.
PRETRAIN = [
    ('a table for a framework of images', ('{here}/data/pairs.csv',), "holds images with captions, and framework='mocov2'"),
    ('a folder of images for CLIP', ('{here}/data', *CLIP), "framework='clip' learns from images and captions"),
    ('a table that does not exist', ('{here}/data/no.csv', *CLIP), 'no.csv does not exist; give a table with the columns'),
    ("COCO's instances for CLIP", ('{here}/data/instances.json', *CLIP), 'has no captions, but bbox, image_id'),
    ('a method that does not go with pairs', ('{here}/data/pairs.csv', *CLIP, '--method', 'pcl'), "method='pcl' is unknown"),
    ('groups of pairs by an unknown key', ('{here}/data/pairs.csv', *CLIP, '--groups', 'author'),
     "groups='author' is unknown for pairs; choose one of either, caption"),
    ('classes that pairs do not have', ('{here}/data/pairs.csv', *CLIP, '--method', 'oracle'), 'has no column label')]
EXPORT = [
    ('an image-text model of other towers for open_clip',
     ('{here}/out.pth', '--to', 'open_clip', '--config', '{here}/config.py'), 'needs both towers of one open_clip model')]


def _instances(data):
    (data / 'instances.json').write_text(json.dumps(COCO))


def _weights(data):
    torch.save(dict(state_dict={'backbone.layers.0.0.weight': torch.zeros(4, 3, 3, 3)}), data.parent / 'weights.pth')


def _cases():
    config = '{here}/config.py'
    for name, content, words in TABLES:
        yield train(name, config, words, files=pairs(files=partial(_bytes, 'pairs.csv', content)))
    for name, caption, words in CAPTIONS:
        yield train(name, config, words, files=pairs(JSONL, partial(_first_caption, caption)))
    for name, spoil, words in SPOILT:
        yield train(name, config, words, files=pairs(SHARDS, lambda data, spoil=spoil: _shard(data, _samples(data), spoil)))
    for name, members, words in MEMBERS:
        yield train(name, config, words, files=pairs(SHARDS, lambda data, members=members: _shard(data, members(data))))
    for name, kind, content, words in JSON:
        yield train(name, config, words, files=pairs(
            _dataset(f"type='{kind}', ann_file='captions.json'"), partial(_bytes, 'captions.json', json.dumps(content))))
    for name, array, words in GUIDES:
        text = "model['head'].update(detector=dict(type='GuideDetector', features='{here}/data/guide.npy', alpha=0.1))"
        yield train(name, config, words, files=pairs(text, partial(_guide, array)))
    for name, text, words in SETTINGS:
        yield train(name, config, words, files=pairs(text))
    yield train('shards that do not exist', config, 'shards=', files=pairs(SHARDS))
    yield train('shards in a stream', config, 'is a stream', files=pairs(
        "train_dataloader['dataset'].pop('ann_file')\n" + _dataset("type='PairShards', shards='s3://bucket/0.tar'")))

    for name, arguments, words in PRETRAIN:
        yield Case(name, 'pretrain', (*arguments, '{here}/out', *SMALL), words, pairs(files=_instances))
    for name, arguments, words in EXPORT:
        yield Case(name, 'export', ('{here}/weights.pth', *arguments), words, pairs(files=_weights))


CASES: list[Case] = list(_cases())
