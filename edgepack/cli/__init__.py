"""The command line: arguments to one call of the pipeline; the only folder that prints or exits."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from edgepack import __version__
from edgepack.cli import aware, device, keras, lab, machine, model, training, whole
from edgepack.errors import EdgepackError, UsageError

INTERNAL_ERROR = 70
INTERRUPTED = 130


class _InOrder(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the work, not of the alphabet."""
        return list(self.commands)


@click.group(
    cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="edgepack")
def group() -> None:
    """From a Keras or TFLite model to C, firmware and numbers from the microcontroller.

    Exit codes: 0 ok, 1 a budget or gate failed, 2 usage, 3 bad model, 4 toolchain, 5 device,
    6 the device answered other bits than the oracle, 7 training, 130 interrupted.
    """


for _module in (whole, training, aware, keras, model, lab, device, machine):
    for _command in _module.COMMANDS:
        group.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # nohup ignores the second; Windows has but one
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminated)
    sys.exit(_run(arguments))


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """Leave as Ctrl-C does, so that scratch folders go and no process stays."""
    raise SystemExit(128 + number)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = group.main(args=arguments, prog_name="edgepack", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return UsageError.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        return _fail("interrupted", INTERRUPTED)
    except EdgepackError as error:
        return _fail(str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        full = "; free some space and run it again" if error.errno == errno.ENOSPC else ""
        return _fail(f"{where}{error.strerror or error}{full}", UsageError.exit_code)
    except Exception as error:
        if os.environ.get("EDGEPACK_TRACEBACK"):
            raise
        return _fail(
            f"a fault in edgepack itself: {type(error).__name__}: {error}\n"
            "Please report it, with what `EDGEPACK_TRACEBACK=1 edgepack ...` prints.",
            INTERNAL_ERROR,
        )


def _fail(message: str, code: int) -> int:
    click.echo(f"edgepack: {message}", err=True)
    return code
