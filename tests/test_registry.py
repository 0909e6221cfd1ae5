"""The registries: complete beside mmpretrain's, and every registered name builds from a minimal config."""

import gc
import json
import tarfile
import time

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope, Registry
from mmpretrain import registry as parents
from torch.utils.data import Dataset

from mmifnd import registry
from mmifnd.configuration import build_runner, load_config
from mmifnd.datasets import PairShards
from mmifnd.models.backbones import give_backbone


def _registries(module, scope):
    return {name: value for name, value in vars(module).items() if isinstance(value, Registry) and value.scope == scope}


OURS = _registries(registry, 'mmifnd')
DIGITS = dict(type='Digits', split='val')
ACCEPTANCE = dict(type='ConfidenceAcceptance')
ENCODER = dict(backbone=dict(type='SmallCNN'),
               neck=dict(type='ProjectionMLP', in_channels=64, hidden_channels=8, out_channels=4),
               head=dict(type='ElimContrastiveHead'))


class ArrayImages(Dataset):
    """Hands out arrays, as mmpretrain's CIFAR does."""

    metainfo = dict(classes=('a', 'b'))

    def full_init(self):
        """Nothing to load."""

    def __len__(self):
        return 2

    def get_data_info(self, position):
        """A grey image."""
        return dict(img=np.zeros((4, 4), np.uint8), gt_label=position)


#: The smallest model config of open_clip.
OPEN_CLIP = dict(embed_dim=8, vision_cfg=dict(layers=1, width=8, head_width=8, patch_size=8, image_size=8),
                 text_cfg=dict(context_length=4, vocab_size=9, width=8, heads=1, layers=1))
#: What needs a package that is no requirement.
EXTRAS = dict(TimmBackbone='timm', CLIPTokenizer='open_clip', OpenCLIPImage='open_clip', OpenCLIPText='open_clip',
              HFTokenizer='transformers')


class TwoShards(PairShards):
    """Shards of no file."""

    def __init__(self):
        self.starts = [0, 3, 5]


#: Registry and name: the arguments that the component cannot do without.
MINIMAL = dict(
    DATASETS=dict(CustomDataset=dict(data_root='folders'), SplitFolder=dict(data_root='folders', holdout=0.),
                  CocoCaptions=dict(ann_file='coco.json', data_root='pairs'),
                  ImageTextTable=dict(ann_file='pairs.csv', data_root='pairs'),
                  KarpathyJson=dict(ann_file='karpathy.json', data_root='pairs'),
                  InMemoryPairs=dict(file='pairs/pairs.npz', tokenizer=dict(type='HashTokenizer')),
                  PairShards=dict(shards='0.tar', data_root='pairs'),
                  ClassSubset=dict(class_list='classes.txt', data_root='folders'), Digits={},
                  Glyphs=dict(data_file='idx/glyphs.npz'),
                  EmojiPairs=dict(split='test', tokenizer=dict(type='HashTokenizer')),
                  GroupedFolder=dict(groups='groups.txt', data_root='folders'),
                  IDXImages=dict(data_root='idx'), LabelledSubset=dict(data_root='folders'),
                  InMemoryImages=dict(dataset=ArrayImages()),
                  SubsetDataset=dict(dataset=DIGITS, indices=3), IndexedDataset=dict(dataset=DIGITS),
                  WordNetDepthDataset=dict(depth=3, data_root='wnids')),
    HOOKS=dict(CheckpointHook={}, ProgressHook={}, CostHook={}, DetectionHook={}, EarlyStopHook={}, NonFiniteHook={},
               HealthHook={},
               OnlineProbeHook={}, PlainCheckpointHook={}, RuntimeInfoHook={}, TemperatureRateHook={},
               FalseNegativeHook=dict(num_clusters=(2,), acceptance=ACCEPTANCE)),
    DATA_SAMPLERS=dict(ShardWindowSampler=dict(dataset=TwoShards()),
                       ResumableSampler=dict(sampler=dict(type='DefaultSampler', dataset=[0, 1], shuffle=True, seed=0))),
    TOKENIZER=dict(HashTokenizer={}, CLIPTokenizer={}, HFTokenizer=dict(path='pairs')),
    TRANSFORMS=dict(LoadImageFromFile={}, ResizeEdge=dict(scale=8), CutViews=dict(num_views=2, crops=dict(scale=8)),
                    MixedViews=dict(crop=dict(scale=8), further=[dict(scale=4)], transforms=[]), StrongOperations={},
                    Tokenize=dict(tokenizer=dict(type='HashTokenizer'))),
    METRICS=dict(KNNAccuracy={}, LinearProbe={}, FewShotProbe={}, ClusteringNMI={}, DetectionRates={},
                 DetectionQuality={}, QuantileError={}, BalancedAccuracy={}, LabelFractionProbe={}, LinearSVM={},
                 LogisticTransfer={}, ImageTextRetrieval={}, ModalityGap={}, ZeroShotClassification={},
                 GroupProbe=dict(groups={}), WordNetDepthProbe={}),
    MODELS=dict(
        TorchvisionBackbone=dict(name='resnet18'), TimmBackbone=dict(name='resnet10t'),
        GivenBackbone=dict(name=give_backbone(torch.nn.Identity())), SmallCNN={}, Encoder=dict(backbone=dict(type='SmallCNN')),
        DeepClusterNet=dict(arch='alexnet', hidden_channels=4),
        ProjectionMLP=dict(in_channels=8, hidden_channels=8, out_channels=4),
        ImageViewsPreprocessor={}, TensorViewsPreprocessor=dict(augmentation=[dict(type='RandomHorizontalFlip')]),
        ElimContrastiveHead={}, AttrContrastiveHead={}, GloFNDThresholdHead={}, ProtoNCEHead={}, SogCLRHead={},
        SANEHead={}, SCEHead={}, SwAVHead=dict(in_channels=4), MomentumMixup={},
        FastCLIPHead={}, SigmoidHead={}, LinearProjection=dict(in_channels=8, out_channels=4), PassThrough=dict(channels=4),
        OpenCLIPImage=dict(model=OPEN_CLIP), OpenCLIPText=dict(model=OPEN_CLIP), TokenBag=dict(vocab_size=9),
        TextTransformer=dict(vocab_size=9, width=8, layers=1, heads=2),
        ImageTextPreprocessor={}, TensorPairsPreprocessor={},
        CutViewsPreprocessor=dict(augmentation=[dict(type='RandomHorizontalFlip')]),
        QuantileThresholdDetector={}, BatchQuantileDetector={}, TopKDetector={}, PositiveMarginDetector={},
        NoDetector={}, PseudoLabelDetector={}, GroundTruthDetector={}, GroupDetector={},
        GuideDetector=dict(features='pairs/guide.npy', alpha=0.1), RandomDetector=dict(rate=0.1),
        UnionDetector=dict(detectors=dict(labels=dict(type='PseudoLabelDetector'))),
        MoCoAdapter=dict(ENCODER, queue_len=8), SimCLRAdapter=ENCODER,
        CLIPAdapter=dict(ENCODER, text_backbone=dict(type='TokenBag', vocab_size=9, width=8),
                         text_neck=dict(type='LinearProjection', in_channels=8, out_channels=4)),
        SwAVAdapter=dict(ENCODER, head=dict(type='SwAVHead', num_prototypes=8))),
    OPTIMIZERS=dict(LARS=dict(params=[torch.nn.Parameter(torch.zeros(2))], lr=0.1)),
    OPTIM_WRAPPERS=dict(Bfloat16OptimWrapper=dict(optimizer=torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], lr=0.1))),
    TASK_UTILS=dict(ConfidenceAcceptance={}, DistributedKMeans={}, KMeans={}))

#: Built by a runner only.
LOOPS = dict(EpochLoop='train_loop', RepresentationLoop='test_loop')


@pytest.fixture(autouse=True)
def scope():
    """Names without a prefix are looked up in mmifnd first, as under a runner."""
    with DefaultScope.overwrite_default_scope('mmifnd'):
        yield


@pytest.fixture
def idx_folder(tmp_path, monkeypatch):
    """A folder ``idx`` below the working directory, with one grey image."""
    (tmp_path / 'idx').mkdir()
    header = bytes([0, 0, 8, 3]) + np.array([1, 4, 4], '>u4').tobytes()
    (tmp_path / 'idx' / 'train-images-idx3-ubyte').write_bytes(header + bytes(16))
    zero, both = np.zeros(2, np.int16), np.arange(2, dtype=np.int16)
    np.savez(tmp_path / 'idx' / 'glyphs.npz', images=np.zeros((2, 4, 4), np.uint8), character=both, font=zero, family=zero,
             part=zero.astype(np.int8), characters=np.array(['A', 'B']), families=np.array(['a']), parts=np.array(['train']))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def class_folder(tmp_path):
    """A folder ``folders`` beside it, of one class with one empty file; ``classes.txt`` and ``groups.txt`` list them; and
    ``wnids``, whose one class is of ImageNet."""
    (tmp_path / 'folders' / 'cat').mkdir(parents=True)
    (tmp_path / 'folders' / 'cat' / '0.png').touch()
    (tmp_path / 'classes.txt').write_text('cat')
    (tmp_path / 'wnids' / 'n01440764').mkdir(parents=True)
    (tmp_path / 'wnids' / 'n01440764' / '0.png').touch()
    (tmp_path / 'groups.txt').write_text('cat/0.png a')


@pytest.fixture
def pair_folder(tmp_path):
    """A folder ``pairs`` beside it, of one image with a caption in every kind of file."""
    folder = tmp_path / 'pairs'
    folder.mkdir()
    (folder / 'a.png').touch()
    (folder / 'a.txt').write_text('a cat')
    (folder / 'pairs.csv').write_text('image,caption\na.png,a cat')
    np.savez(folder / 'pairs.npz', images=np.zeros((1, 3, 2, 2), np.uint8), captions=np.array(['a cat']))
    np.save(folder / 'guide.npy', np.ones((2, 2)))
    (folder / 'coco.json').write_text(json.dumps(dict(
        images=[dict(id=1, file_name='a.png')], annotations=[dict(image_id=1, caption='a cat')])))
    (folder / 'karpathy.json').write_text(json.dumps(dict(
        images=[dict(filename='a.png', split='train', sentences=[dict(raw='a cat')])])))
    with tarfile.open(folder / '0.tar', 'w', format=tarfile.USTAR_FORMAT) as archive:
        for name in ('a.png', 'a.txt'):
            archive.add(folder / name, name)


def test_every_registry_of_mmpretrain_has_a_child():
    theirs = _registries(parents, 'mmpretrain')
    assert set(OURS) == set(theirs)
    for name, child in OURS.items():
        assert child.parent is theirs[name]
        assert child.name == theirs[name].name


def test_the_table_of_minimal_configs_is_complete():
    registered = {}
    for name, entries in OURS.items():
        entries.import_from_location()
        registered[name] = {key for key, value in entries.module_dict.items() if value.__module__.startswith('mmifnd')}
    expected = {name: set(configs) for name, configs in MINIMAL.items()} | dict(LOOPS=set(LOOPS))
    difference = {name: sorted(found ^ expected.get(name, set())) for name, found in registered.items()}
    assert not {name: names for name, names in difference.items() if names}, 'add a minimal config to MINIMAL, or remove it'


@pytest.fixture(scope='module', autouse=True)
def _frozen():
    """Keep ``gc.collect()``, which mmengine calls for each data set, from going through all that was imported."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize('entries, name', [(entries, name) for entries, names in MINIMAL.items() for name in names])
def test_builds_from_a_minimal_config(entries, name, idx_folder, class_folder, pair_folder):
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    built = OURS[entries].build(dict(type=name, **MINIMAL[entries][name]))
    assert type(built) is OURS[entries].get(name)
    assert type(OURS[entries].build(dict(type=f'mmifnd.{name}', **MINIMAL[entries][name]))) is type(built)


def test_a_runner_builds_the_loops(tmp_path, restored_torch):
    config = load_config('configs/baselines/simclr_digits.py')
    config.work_dir, config.log_level = str(tmp_path), 'ERROR'
    config.experiment_name = f'loops_{time.time_ns()}'
    runner = build_runner(config)
    for name, attribute in LOOPS.items():
        built = getattr(runner, f'build_{attribute}')(getattr(runner, f'_{attribute}'))
        assert type(built) is registry.LOOPS.get(name)


@pytest.mark.parametrize('entries, name', [
    ('DATASETS', 'CIFAR10'), ('TRANSFORMS', 'torchvision/ColorJitter'), ('MODELS', 'ResNet_CIFAR'), ('OPTIMIZERS', 'LARS'),
    ('HOOKS', 'EMAHook'), ('VISUALIZERS', 'UniversalVisualizer'), ('METRICS', 'Accuracy'), ('DATA_SAMPLERS', 'DefaultSampler'),
    ('PARAM_SCHEDULERS', 'CosineAnnealingLR'), ('MODEL_WRAPPERS', 'MMDistributedDataParallel')])
def test_what_mmpretrain_and_mmengine_have_is_found(entries, name):
    assert OURS[entries].get(name) is not None


def test_one_config_mixes_both_scopes():
    config = dict(
        type='mmifnd.MoCoAdapter',
        queue_len=8,
        data_preprocessor=dict(type='mmpretrain.SelfSupDataPreprocessor'),
        backbone=dict(type='mmpretrain.ResNet', depth=18),
        neck=dict(type='mmpretrain.MoCoV2Neck', in_channels=512, hid_channels=16, out_channels=4),
        head=dict(type='ElimContrastiveHead', detector=dict(type='mmifnd.PseudoLabelDetector')))
    with pytest.raises(ValueError, match='neck MoCoV2Neck does not say its in_channels and out_channels; use ProjectionMLP'):
        registry.MODELS.build(config)
    config['neck'] = dict(type='mmifnd.ProjectionMLP', in_channels=512, hidden_channels=16, out_channels=4)
    model = registry.MODELS.build(config)
    assert type(model.backbone).__module__.startswith('mmpretrain.')
    assert type(model.data_preprocessor).__module__.startswith('mmpretrain.')
    assert type(model.head.detector).__name__ == 'PseudoLabelDetector'
