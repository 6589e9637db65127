"""`python -m edgepack` is the command `edgepack`."""

from edgepack.cli import main

main()
