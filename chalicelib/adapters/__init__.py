"""The ports of ports.py on AWS, and in memory for tests. Only bootstrap knows which is used."""
