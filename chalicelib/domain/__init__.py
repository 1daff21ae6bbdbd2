"""What a request is and may become. Pure: the standard library and pydantic only."""
