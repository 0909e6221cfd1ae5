"""Train a detector with Detectron2 from an exported backbone. Not run by us: it needs Detectron2 and its data sets.

    python tools/model_converters/export_backbone.py work_dirs/ifnd/epoch_200.pth work_dirs/backbone.pkl --to detectron2
    python tools/benchmarks/detectron2_train.py --config-file configs/benchmarks/detectron2/coco_R_50_C4_2x.yaml --num-gpus 8
"""

import os

from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import get_cfg
from detectron2.engine import DefaultTrainer, default_argument_parser, default_setup, launch
from detectron2.evaluation import COCOEvaluator, PascalVOCDetectionEvaluator
from detectron2.layers import get_norm
from detectron2.modeling.roi_heads import ROI_HEADS_REGISTRY, Res5ROIHeads


@ROI_HEADS_REGISTRY.register()
class Res5ROIHeadsExtraNorm(Res5ROIHeads):
    """The fifth stage on each region, followed by one more normalisation (MoCo, section 4.2)."""

    def __init__(self, cfg, input_shape) -> None:
        super().__init__(cfg, input_shape)
        self.res5.add_module('norm', get_norm(cfg.MODEL.RESNETS.NORM, self.res5[-1].out_channels))


class Trainer(DefaultTrainer):
    """Detectron2's trainer, evaluated as the data set asks."""

    @classmethod
    def build_evaluator(cls, cfg, dataset_name, output_folder=None):
        """COCO's average precision, or VOC's."""
        if dataset_name.startswith('voc'):
            return PascalVOCDetectionEvaluator(dataset_name)
        return COCOEvaluator(dataset_name, output_dir=output_folder or os.path.join(cfg.OUTPUT_DIR, 'inference'))


def main(args):
    """Train, or test only."""
    cfg = get_cfg()
    cfg.merge_from_file(args.config_file)
    cfg.merge_from_list(args.opts)
    cfg.freeze()
    default_setup(cfg, args)
    if args.eval_only:
        model = Trainer.build_model(cfg)
        DetectionCheckpointer(model, save_dir=cfg.OUTPUT_DIR).resume_or_load(cfg.MODEL.WEIGHTS, resume=args.resume)
        return Trainer.test(cfg, model)
    trainer = Trainer(cfg)
    trainer.resume_or_load(resume=args.resume)
    return trainer.train()


if __name__ == '__main__':
    arguments = default_argument_parser().parse_args()
    launch(main, arguments.num_gpus, num_machines=arguments.num_machines, machine_rank=arguments.machine_rank,
           dist_url=arguments.dist_url, args=(arguments,))
