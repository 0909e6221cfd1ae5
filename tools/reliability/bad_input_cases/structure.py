"""Configs whose structure is wrong: missing, extra and misspelt keys, paths that lead nowhere, files that are no config."""

from .case import ROOT, Case, train, written
from .config_values import MOCO, SIMCLR

BASE = 'ifnd/ifnd_simclr_digits.py'
#: By what is wrong: the text behind ``_base_``, and what the line must say.
TEXTS = {
    'a misspelt head key': ('model = dict(head=dict(temprature=0.2))', 'model.head: ElimContrastiveHead has no temprature'),
    'a misspelt backbone key': ('model = dict(backbone=dict(width=(8, 8)))', 'model.backbone: SmallCNN has no width'),
    'a misspelt neck key': ('model = dict(neck=dict(layers=2))', 'model.neck: ProjectionMLP has no layers'),
    'a misspelt framework key': ('model = dict(same_images="exclude")', 'model: SimCLRAdapter has no same_images'),
    'a misspelt preprocessor key': ('model = dict(data_preprocessor=dict(num_view=2))',
                                    'model.data_preprocessor: TensorViewsPreprocessor has no num_view'),
    'a misspelt augmentation key': ('model = dict(data_preprocessor=dict(augmentation='
                                    "[dict(type='RandomAffine', degree=5.)]))", 'degree'),
    'a misspelt part of the model': ('model = dict(hed=dict(temperature=0.1))', 'model: SimCLRAdapter has no hed'),
    'a misspelt hook key': ('default_hooks = dict(false_negative=dict(num_cluster=(5,)))',
                            'FalseNegativeHook has no num_cluster'),
    'a misspelt acceptance key': ('default_hooks = dict(false_negative=dict(acceptance=dict(ful_at=1.)))',
                                  'ConfidenceAcceptance has no ful_at'),
    'a misspelt hook': ('default_hooks = dict(false_negativ=dict(interval=2))',
                        'default_hooks.false_negativ has no type; did you mean false_negative'),
    'a misspelt top-level name': (
        'default_hook = dict()', 'default_hook is no part of a config; did you mean default_hooks'),
    'a misspelt loader key': (
        'train_dataloader = dict(batchsize=64)', 'train_dataloader has no batchsize; did you mean batch_size'),
    'a misspelt data set key': ("train_dataloader = dict(dataset=dict(splits='val'))",
                                'train_dataloader.dataset: Digits has no splits'),
    'a misspelt loop key': ('train_cfg = dict(max_epoch=4)', 'train_cfg: EpochLoop has no max_epoch'),
    'a misspelt optimizer key': ('optim_wrapper = dict(optimizer=dict(weight_decays=0.))', 'AdamW has no weight_decays'),
    'a misspelt schedule key': ("param_scheduler = [dict(type='CosineAnnealingLR', T_maximum=4)]", 'T_maximum'),
    'a detector that does not exist': ("model = dict(head=dict(detector=dict(_delete_=True, type='PseudoLabelDetectr')))",
                                       'PseudoLabelDetectr is not registered; did you mean PseudoLabelDetector'),
    'a framework that does not exist': ("model = dict(type='SimCLRAdaptor')",
                                        'model: SimCLRAdaptor is not registered; did you mean SimCLRAdapter'),
    'a head without a type': ('model = dict(head=dict(_delete_=True, temperature=0.1))', 'model.head has no type'),
    'a backbone without a type': ('model = dict(backbone=dict(_delete_=True, in_channels=1))', 'model.backbone has no type'),
    'a neck without in_channels': ("model = dict(neck=dict(_delete_=True, type='ProjectionMLP', hidden_channels=8, "
                                   'out_channels=8))', 'model.neck: ProjectionMLP needs in_channels'),
    'a model without a neck': ('model = dict(neck=None)', 'model.neck=None must be a dict'),
    'a hook without num_clusters': ("default_hooks = dict(false_negative=dict(_delete_=True, type='FalseNegativeHook', "
                                    "acceptance=dict(type='ConfidenceAcceptance')))",
                                    'default_hooks.false_negative: FalseNegativeHook needs num_clusters'),
    'a hook without acceptance': ("default_hooks = dict(false_negative=dict(_delete_=True, type='FalseNegativeHook', "
                                  'num_clusters=(5,)))', 'default_hooks.false_negative: FalseNegativeHook needs acceptance'),
    'a hook of None': ('default_hooks = dict(false_negative=None)', 'default_hooks.false_negative=None must be a dict'),
    'a model of None': ('model = None', 'has no model'),
    'an empty model': ('model = dict(_delete_=True)', 'has no model'),
    'a model that is a list': ('model = []', 'model=[] must be a dict'),
    'a model that is a name': ("model = 'SimCLR'", "model='SimCLR' must be a dict"),
    'a loader that is a list': ('train_dataloader = [1]', 'train_dataloader=[1] must be a dict'),
    'a loader without a data set': ('train_dataloader = dict(dataset=None)', 'train_dataloader has no dataset'),
    'a loader without a sampler': ('train_dataloader = dict(sampler=None)', 'train_dataloader has no sampler'),
    'no train_cfg': ('train_cfg = None', 'has no train_cfg'),
    'no optim_wrapper': ('optim_wrapper = None', 'has no optim_wrapper'),
    'an optimizer without a type': (
        'optim_wrapper = dict(optimizer=dict(_delete_=True, lr=0.1))', 'optim_wrapper.optimizer has no type'),
    'hooks that are a list': ("default_hooks = [dict(type='DetectionHook')]", 'default_hooks=['),
    'a custom hook that is a name': ("custom_hooks = ['OnlineProbeHook']", 'OnlineProbeHook'),
    'measures that are a list': ("test_cfg = dict(measures=[dict(type='KNNAccuracy')])", 'test_cfg.measures'),
    'a module that does not exist': ("custom_imports = dict(imports=['no_such_module'])", 'no_such_module'),
    'a syntax error': ('model = dict(', 'config.py cannot be read: SyntaxError'),
    'a name that does not exist': ('model = dict(head=HEAD)', 'config.py cannot be read'),
    'a division by zero': ('lr = 1 / 0', 'config.py cannot be read: ZeroDivisionError'),
    'a config that inherits itself': ("_base_ = './config.py'", 'config.py cannot be read'),
    'a base that does not exist': ("_base_ = './no_such_base.py'", 'no_such_base.py'),
    'the same base twice': (f"_base_ = [{str(ROOT / 'configs' / BASE)!r}] * 2", 'config.py cannot be read'),
}
#: Paths of ``--cfg-options`` that lead nowhere.
PATHS = {
    'model.heed.temperature=1': '--cfg-options model.heed.temperature: the config has no model.heed; did you mean',
    'model.head.tau=1': '--cfg-options model.head.tau: the config has no such key',
    'modl.head.temperature=1': '--cfg-options modl.head.temperature: the config has no modl; did you mean model',
    'param_scheduler.7.begin=1': 'param_scheduler.7 is not a position in a list of 2',
    'param_scheduler.first.begin=1': 'param_scheduler.first is not a position in a list of 2',
    'default_hooks.false_negative.acceptance.ful_at=1': 'did you mean full_at',
    'model.head.temperature.value=1': 'model.head.temperature',
    'model.head': '--cfg-options model.head: expected KEY=VALUE',
    '=1': '--cfg-options',
    'model..head=1': '--cfg-options model..head',
    'model.head=1': 'model.head=1 must be a dict',
    'model.head.detector=PseudoLabelDetector': "model.head.detector='PseudoLabelDetector' must be a dict",
    'train_dataloader.dataset.split.': '--cfg-options',
    'epochs=4': '--cfg-options epochs: the config has no such key',
    'custom_hook=[]': '--cfg-options custom_hook: the config has no such key; did you mean custom_hooks',
    'custom_hooks=OnlineProbeHook': "custom_hooks='OnlineProbeHook' must be a list",
    "custom_hooks=[{'type': 'OnlineProbHook'}]":
        'custom_hooks[0]: OnlineProbHook is not registered; did you mean OnlineProbeHook',
    'launcher=slurm': '--cfg-options launcher: the config has no such key',
}
#: Files that are no config: name, what they hold, and what the line must say.
FILES = {
    'empty.py': ('', 'has no model'),
    'config.txt': ('model = 1', 'config.txt'),
    'truncated.json': ('{"model": {"type": ', 'truncated.json is no Python file'),
    'truncated.yaml': ('model: {type: ', 'truncated.yaml is no Python file'),
    'list.json': ('[1, 2]', 'list.json'),
    'binary.py': ('\x00\x01\x02', 'binary.py cannot be read'),
}


def _write(name, content):
    def write(folder):
        (folder / name).write_text(content)
    return write


def _cases():
    for name, (text, words) in TEXTS.items():
        base = None if text.startswith('_base_') else BASE
        yield train(name, '{here}/config.py', words, files=written(base, text))
    for option, words in PATHS.items():
        yield train(f'--cfg-options {option}', SIMCLR, words, '--cfg-options', option)
    for name, (content, words) in FILES.items():
        yield train(f'the config is {name}', f'{{here}}/{name}', words, files=_write(name, content))
    yield train('no such config', 'configs/no_such.py', 'config configs/no_such.py does not exist')
    yield train('the config is a folder', 'configs', 'config configs does not exist')
    yield train('a benchmark config without data', 'configs/benchmarks/svm/svm_r50_voc07.py', 'has no')
    yield Case('a study is no training', 'train', ('configs/studies/digits.py', '--work-dir', '{here}/run'), 'has no model')
    yield train('a hook that the config does not have', SIMCLR, None, '--cfg-options',
                "custom_hooks=[{'type': 'OnlineProbeHook', 'lr': 0.1}]")
    yield train('an option twice', MOCO, None, '--cfg-options', 'model.momentum=0.9', '--cfg-options', 'model.momentum=0.99')


CASES: list[Case] = list(_cases())
