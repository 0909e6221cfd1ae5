"""mmifnd: contrastive pre-training without false negatives."""

__version__ = '0.1.0'
