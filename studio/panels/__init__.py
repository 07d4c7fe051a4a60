"""The ONE place where a panel is registered, in display order: key -> (module, class)."""

from __future__ import annotations

PANELS: dict[str, tuple[str, str]] = {
    "home": ("studio.panels.home", "Home"),
    "data": ("studio.panels.data.panel", "Data"),
    "train": ("studio.panels.train.panel", "Train"),
    "latent": ("studio.panels.latent.panel", "Latent"),
    "arithmetic": ("studio.panels.arithmetic.panel", "Arithmetic"),
    "styles": ("studio.panels.styles.panel", "Styles"),
    "diffusion": ("studio.panels.diffusion.panel", "Diffusion"),
    "denoise": ("studio.panels.denoise.panel", "Denoise"),
    "neurons": ("studio.panels.neurons.panel", "Neurons"),
    "transfer": ("studio.panels.transfer.panel", "Transfer"),
    "gallery": ("studio.panels.gallery.panel", "Gallery"),
}
