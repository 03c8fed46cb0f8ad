"""`python -m sandbox` is `hris-sandbox`."""

from sandbox.cli import main

main()
