"""What is written to people: templates and the words they share with the pages."""
