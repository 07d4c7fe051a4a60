"""What the GANs share: the one-step game, conditions, replay, penalties and layers."""
