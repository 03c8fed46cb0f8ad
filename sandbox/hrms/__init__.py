"""The HRMS: its company, its tokens, and its API."""
