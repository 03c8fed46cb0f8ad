"""Generic mutants of the domain, judged by the contract suite alone: `python -m tests.mutants`."""
