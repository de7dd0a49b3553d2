"""Model pages of a company: one module per noun that lists and forms serve well."""
