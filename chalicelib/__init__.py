"""Rightsdesk: answers the privacy requests of one business, from its own AWS account."""
