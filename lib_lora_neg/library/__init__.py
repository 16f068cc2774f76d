"""Many LoRAs: the catalog of the host's folders, saved decisions, look-up of model pages."""

from .catalog import Catalog

__all__ = ["Catalog"]
