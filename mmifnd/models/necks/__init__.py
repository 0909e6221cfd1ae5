"""Projection heads."""

from .linear import LinearProjection, PassThrough
from .projection_mlp import ProjectionMLP

__all__ = ['LinearProjection', 'PassThrough', 'ProjectionMLP']
