"""The Latent panel and what only it uses."""
