"""`python -m posebook.cli`: the command, where no script is installed."""

from posebook.cli import main

main()
