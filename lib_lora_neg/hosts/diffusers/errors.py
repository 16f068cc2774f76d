"""What can go wrong in this host, said so that a person can mend it."""

from __future__ import annotations


class HostError(RuntimeError):
    """Something this host cannot do; the text says what and, where there is one, the way out."""


class ModelError(HostError):
    """A checkpoint that cannot be used: missing, damaged, incomplete or of an unknown kind."""


class LoraError(HostError):
    """A LoRA that cannot be used on this checkpoint; ``name`` is as the prompt has it."""

    def __init__(self, name: str, fault: str) -> None:
        super().__init__(f"LoRA {name}: {fault}")
        self.name = name
        self.fault = fault


class JobError(HostError, ValueError):
    """A generation that cannot be made as it was asked for, such as an unknown sampler."""


class LoraFolderError(HostError):
    """A folder of LoRA files that does not exist."""


class UnguardedAdapterWarning(UserWarning):
    """Adapters of a pipeline whose weights are used as they stand, without the guard."""
