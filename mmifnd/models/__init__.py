"""Frameworks, heads, necks, backbones and preprocessors, registered under MODELS."""

from . import backbones, detectors, encoder, frameworks, heads, necks, preprocessors

__all__ = ['backbones', 'detectors', 'encoder', 'frameworks', 'heads', 'necks', 'preprocessors']
