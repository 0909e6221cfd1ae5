"""Configs for detectors that cannot be run here: they parse, follow MoCo's recipe, and agree with each other."""

import ast
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / 'configs' / 'benchmarks'
MMDETECTION = sorted((FOLDER / 'mmdetection').glob('*.py'))
COCO, VOC = 'coco', 'voc'

#: Iterations, where the learning rate falls, sides, classes: MoCo's recipe.
RECIPES = {
    COCO: (180000, [120000, 160000], list(range(640, 801, 32)), 80),
    VOC: (24000, [18000, 22000], list(range(480, 801, 32)), 20)}


def of_detectron2(data):
    """A YAML config with its base merged in."""
    path, = (FOLDER / 'detectron2').glob(f'*{data}*.yaml')
    own = yaml.safe_load(path.read_text())
    return merged(yaml.safe_load((path.parent / own.pop('_BASE_')).read_text()), own)


def merged(base, own):
    """``own`` over ``base``."""
    return base | {key: merged(base.get(key, {}), value) if isinstance(value, dict) else value for key, value in own.items()}


def of_mmdetection(data):
    """A Python config, read by mmengine without importing MMDetection."""
    path, = (path for path in MMDETECTION if data in path.stem)
    return Config.fromfile(str(path), import_custom_modules=False)


@pytest.mark.parametrize('data', RECIPES)
def test_recipe_of_mmdetection(data):
    config = of_mmdetection(data)
    iterations, milestones, sides, classes = RECIPES[data]
    assert config.train_cfg.max_iters == config.param_scheduler[1].end == iterations
    assert config.param_scheduler[1].milestones == milestones and config.optim_wrapper.optimizer.lr == 0.02
    assert config.train_dataloader.batch_size * 8 == config.auto_scale_lr.base_batch_size == 16
    dataset = config.train_dataloader.dataset
    pipelines = [part.pipeline for part in dataset.get('datasets', [dataset])]
    assert all(pipeline[2].scales == [(1333, side) for side in sides] for pipeline in pipelines)
    assert all(pipeline == pipelines[0] for pipeline in pipelines)
    assert config.model.roi_head.bbox_head.num_classes == classes
    assert (config.model.type == 'MaskRCNN') == ('mask_head' in config.model.roi_head) == (data == COCO)


@pytest.mark.parametrize('data', RECIPES)
def test_the_backbone_is_trained_whole_from_the_exported_file(data):
    model = of_mmdetection(data).model
    backbone, shared_head = model.backbone, model.roi_head.shared_head
    for part in (backbone, shared_head):
        assert part.norm_cfg == dict(type='SyncBN', requires_grad=True) and part.norm_eval is False
        assert part.style == 'pytorch' and part.init_cfg == dict(type='Pretrained', checkpoint='work_dirs/backbone.pth')
    assert backbone.frozen_stages == -1 and backbone.num_stages + 1 == shared_head.stage + 1 == 4
    assert shared_head.type == 'ResLayerExtraNorm'


@pytest.mark.parametrize('data', RECIPES)
def test_recipe_of_detectron2(data):
    config = of_detectron2(data)
    iterations, milestones, sides, classes = RECIPES[data]
    assert config['SOLVER']['MAX_ITER'] == iterations
    assert list(ast.literal_eval(config['SOLVER']['STEPS'])) == milestones
    assert config['SOLVER']['IMS_PER_BATCH'] == 16 and config['SOLVER']['BASE_LR'] == 0.02
    assert list(ast.literal_eval(config['INPUT']['MIN_SIZE_TRAIN'])) == sides
    assert config['MODEL']['ROI_HEADS'].get('NUM_CLASSES', 80) == classes
    assert config['MODEL']['RESNETS'] == dict(DEPTH=50, NORM='SyncBN', STRIDE_IN_1X1=False)
    assert config['MODEL']['BACKBONE'] == dict(FREEZE_AT=0) and config['INPUT']['FORMAT'] == 'RGB'
    assert config['TEST']['PRECISE_BN'] == dict(ENABLED=True)


@pytest.mark.parametrize('data', RECIPES)
def test_both_see_images_as_the_pre_training_does(data):
    pretraining = Config.fromfile(str(ROOT / 'configs' / '_base_' / 'models' / 'moco_r50.py')).model.data_preprocessor
    theirs, preprocessor = of_detectron2(data)['MODEL'], of_mmdetection(data).model.data_preprocessor
    assert theirs['PIXEL_MEAN'] == preprocessor.mean == pretraining.mean
    assert theirs['PIXEL_STD'] == preprocessor.std == pretraining.std
    assert preprocessor.bgr_to_rgb is pretraining.to_rgb is True


def test_the_head_that_detectron2_s_configs_name_stands_in_its_tool():
    tree = ast.parse((ROOT / 'tools' / 'benchmarks' / 'detectron2_train.py').read_text())
    classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    assert {of_detectron2(data)['MODEL']['ROI_HEADS']['NAME'] for data in RECIPES} <= classes
