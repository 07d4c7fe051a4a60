"""The Neurons panel and what only it uses."""
