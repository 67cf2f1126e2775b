"""Renderer 2: pandoc and Typst, the same documents as Quarto's."""
