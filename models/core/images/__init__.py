"""Image files: decoding, kinds, export, animations and what belongs to a photo."""
