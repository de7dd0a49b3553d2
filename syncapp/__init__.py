"""What is synced, when and how: the product's domain. Knows no HTTP of ours and no pages."""

__version__ = "0.1.0"
"""What a support colleague asks for first; the same as in pyproject.toml."""
