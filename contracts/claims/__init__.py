"""The claims as checks: a module a subject, a function a behaviour."""
