"""Tests of Scan2Evolve."""
