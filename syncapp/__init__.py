"""What is synced, when and how: the product's domain. Knows no HTTP of ours and no pages."""
