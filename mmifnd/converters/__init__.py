"""Convert backbones to and from the files of other projects; nothing in a foreign file is executed."""

from .architecture import describe_backbone
from .export import LAYOUTS, export_backbone
from .importing import ImportedModel, import_model
from .open_clip import export_open_clip
from .weights import ENCODERS, backbone_weights

__all__ = ['ENCODERS', 'LAYOUTS', 'ImportedModel', 'backbone_weights', 'describe_backbone', 'export_backbone',
           'export_open_clip', 'import_model']
