"""The content of a checkpoint, and how a run goes on from it."""
