"""Where pictures are made."""
