"""The machine: random sequences of requests, sent to a target and told to the reference model, must agree.

Hypothesis makes the sequences; where the target and the model differ, it looks for the shortest sequence
that shows it. All of it follows from the run's seed.
"""

from __future__ import annotations

from contracts.machine.campaign import Effort, judge

__all__ = ["Effort", "judge"]
