"""The files that a run leaves: names, keys, writers and readers."""
