"""Work as a user whom the permissions of files stop."""

from __future__ import annotations

import os
from collections.abc import Callable


def as_somebody(work: Callable[[], str]) -> str:
    """Do something as a user whom permissions stop; root, whom none does, becomes another."""
    if os.geteuid():
        return work()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.write(writing, work().encode())
        except BaseException as error:
            os.write(writing, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text
