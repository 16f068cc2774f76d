"""The lock of a scan's folder: one works in it, others may look."""

from __future__ import annotations

import threading
from pathlib import Path

from filelock import FileLock

from lib_lora_neg.scan.locking import NAME, is_locked, locked


def test_who_only_looks_does_not_keep_anybody_from_working(tmp_path: Path) -> None:
    looking, look = threading.Event(), FileLock(tmp_path / NAME)

    def hold_for_a_moment() -> None:
        with look:
            looking.set()
            threading.Event().wait(0.3)

    thread = threading.Thread(target=hold_for_a_moment)
    thread.start()
    assert looking.wait(60)
    with locked(tmp_path, seconds=60):
        assert is_locked(tmp_path)
    thread.join(60)
    assert not is_locked(tmp_path)


def test_a_folder_without_a_lock_is_free(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    assert not (tmp_path / NAME).exists()
