"""Registered measures."""

from . import representation_measures

__all__ = ['representation_measures']
