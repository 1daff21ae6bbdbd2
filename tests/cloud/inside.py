"""Run as a process: a stage on the resources that the template makes, walked so that every function does all it can.

Prints one JSON object: what each function asked of AWS, and how each road ended.
"""

from __future__ import annotations
