"""How fast the server is, as ratios to bare routes in one run. Run with `make bench`; never part of the tests."""
