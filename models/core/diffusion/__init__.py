"""What the diffusion models share: schedules, samplers, the U-Net and the capability ``Diffuses``."""
