"""The host's script callbacks, in the order in which a generation calls them."""

from __future__ import annotations

from typing import Any

from . import script


class Hooks:
    """Mixin of the host's script class; each method hands one callback on."""

    is_img2img: bool

    def setup(self, p: Any, *_: Any) -> None:
        script.remember_job(p)

    def before_process(self, p: Any, *args: Any) -> None:
        script.begin(p, "img2img" if self.is_img2img else "txt2img", *args)

    def before_process_batch(self, p: Any, *_: Any, batch_number: int = 0, **__: Any) -> None:
        script.before_batch(p, batch_number)

    def process_batch(self, p: Any, *_: Any, **__: Any) -> None:
        script.guard.write_again(p)

    def process_before_every_sampling(self, p: Any, *_: Any, **__: Any) -> None:
        script.before_sampling(p)

    def postprocess_batch(self, p: Any, *_: Any, **__: Any) -> None:
        script.branches.after_sampling(p)
        script.guard.write_again(p)

    def postprocess_batch_list(self, p: Any, *_: Any, **__: Any) -> None:
        script.guard.write_again(p, shown=True)

    def postprocess_image(self, p: Any, *_: Any) -> None:
        script.guard.write_again(p, shown=True)

    def postprocess(self, p: Any, processed: Any, *_: Any) -> None:
        script.end(p, processed)
