"""One suite per port, run on the adapter for AWS (in moto) and on the one in memory."""
