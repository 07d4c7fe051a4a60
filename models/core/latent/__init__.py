"""Latent spaces: paths, directions, arithmetic, inversion, t-SNE and files of codings."""
