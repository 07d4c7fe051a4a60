"""Measuring samples: the evaluation classifier, Fréchet distance, SWD, coverage and their cautions."""
