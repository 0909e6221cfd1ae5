"""mmifnd: contrastive pre-training without false negatives."""

__version__ = '0.2.0'
