"""What is written into a checkpoint, and how a run goes on from it."""
