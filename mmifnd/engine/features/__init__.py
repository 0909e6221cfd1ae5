"""Features of all images: the exact pass, its parts on each rank, and samples of it."""
