"""Trainings of equal networks on the same files by mmifnd, mmpretrain and lightly, for end_to_end.py."""
