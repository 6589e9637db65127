"""Results to JSON, CSV, Markdown, JUnit and HTML."""
