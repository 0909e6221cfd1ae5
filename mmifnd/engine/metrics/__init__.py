"""Registered measures."""

from . import probe_measures, representation_measures

__all__ = ['probe_measures', 'representation_measures']
