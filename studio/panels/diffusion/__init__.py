"""The Diffusion panel and what only it uses."""
