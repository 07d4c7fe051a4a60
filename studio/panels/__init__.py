"""The ONE place where a panel is registered, in display order: key -> (module, class)."""

from __future__ import annotations

PANELS: dict[str, tuple[str, str]] = {
    "home": ("studio.panels.home", "Home"),
    "data": ("studio.panels.data", "Data"),
    "train": ("studio.panels.train", "Train"),
    "latent": ("studio.panels.latent", "Latent"),
    "arithmetic": ("studio.panels.arithmetic", "Arithmetic"),
    "styles": ("studio.panels.styles", "Styles"),
    "diffusion": ("studio.panels.diffusion", "Diffusion"),
    "denoise": ("studio.panels.denoise", "Denoise"),
    "neurons": ("studio.panels.neurons", "Neurons"),
    "transfer": ("studio.panels.transfer", "Transfer"),
    "gallery": ("studio.panels.gallery", "Gallery"),
}
