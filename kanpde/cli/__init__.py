"""The command line: list, show, check, solve, compare, reference, plot.

Results go to standard output, progress and errors to standard error. Exit status: 0 done, 1 ran but missed its goal
or diverged or was interrupted, 2 bad input (nothing has been written then).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from ..catalog import blaming
from .options import parser
from .result import Result, plain

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: as on the command line, without the name of the program; those of the process without it.

    Returns:
        The exit status.
    """
    options = parser().parse_args(arguments)
    problem = getattr(options, "problem", None)
    try:
        with blaming(problem or ""):
            result = options.run(options)
    except (ValueError, TypeError) as error:
        if isinstance(error, TypeError) and not str(error).startswith("`"):
            raise  # a mistake of kanpde's own
        print(f"kanpde: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("kanpde: interrupted", file=sys.stderr)
        result = Result(1, {**options.nothing, "problem": problem, "stop_reason": "interrupted by Ctrl-C"}, "")
    text = json.dumps(plain(result.content), indent=2) if options.json else result.text
    try:
        print(text, end="\n" if text else "", flush=True)
    except BrokenPipeError:  # the reader had enough, as in `kanpde list | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return result.status
