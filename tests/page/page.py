"""The page with a stand-in for the model: ``python tests/page/page.py --output DIR``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lib_lora_neg.page.options import ServeOptions, Site, be_quiet, read_accounts, read_names
from lib_lora_neg.page.serving import serve

be_quiet()

from tests.page.standin import StandinHost  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--auth", default="")
    parser.add_argument("--listen", action="store_true")
    parser.add_argument("--allowed-host", action="append", default=[])
    parser.add_argument("--step-seconds", type=float, default=0.0)
    options = parser.parse_args()
    accounts = read_accounts(options.auth) if options.auth else {}
    served = ServeOptions(
        options.output,
        options.port,
        options.listen,
        accounts,
        browser=False,
        allowed=read_names(options.allowed_host),
    )
    host = StandinHost(options.step_seconds)
    serve(Site(host, "stand-in"), served, lambda text: print(text, flush=True))


if __name__ == "__main__":
    main()
