"""The road of a request, one module per stage, one function per step."""
