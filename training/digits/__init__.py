"""The embedded digit recogniser: corpus, augmentation, training, export and report."""
