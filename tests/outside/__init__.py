"""Tests from outside: they know contract.md, HTTP and the mailbox, and nothing of our code."""
