"""Tests of the HRMS."""
