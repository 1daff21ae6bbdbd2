"""What people, browsers and scripts meet: Chalice blueprints that parse, call a use case, and respond."""
