"""The laptop run: the whole system on one machine. Never shipped."""
