"""Frameworks, heads, necks, backbones and preprocessors, registered under MODELS."""

from . import backbones, detectors, frameworks, heads, necks, preprocessors

__all__ = ['backbones', 'detectors', 'frameworks', 'heads', 'necks', 'preprocessors']
