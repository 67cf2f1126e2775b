"""The lint of finished pages and PDFs: what a person would trip over and a browser's checker does not see."""
