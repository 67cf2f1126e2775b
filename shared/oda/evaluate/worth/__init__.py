"""What an effect is worth, and how strong the evidence of it is."""
