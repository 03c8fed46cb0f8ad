"""Scan2Evolve: its organizations, the rules of employee sync, its tokens, and its API."""
