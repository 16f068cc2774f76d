"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# Machines that are shared are slow now and then; a test that fails must fail again.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
