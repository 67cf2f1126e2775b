"""What a document may not hold: numbers typed by hand, labels that do not hold."""
