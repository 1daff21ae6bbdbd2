"""Sources: one module per kind of place where personal data is, all keeping `ports.Source`."""
