"""Frameworks, heads, necks, backbones, text towers and preprocessors, registered under MODELS."""

from . import backbones, detectors, encoder, frameworks, heads, necks, preprocessors, towers

__all__ = ['backbones', 'detectors', 'encoder', 'frameworks', 'heads', 'necks', 'preprocessors', 'towers']
