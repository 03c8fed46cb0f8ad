"""Tests of the contract suite: what it says of good targets, of bad ones, and of none."""
