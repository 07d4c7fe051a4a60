"""Models that come trained, through KerasHub (extra ``stable-diffusion``): get one, load it, ask it."""
