"""A stateful sandbox of two SaaS APIs: an HRMS and Scan2Evolve."""

__version__ = "0.1.0"
