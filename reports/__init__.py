"""Reports: staged documents to HTML and PDF, with Quarto or without it."""
