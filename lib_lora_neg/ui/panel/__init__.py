"""The panel: preview, chips, actions."""
