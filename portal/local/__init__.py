"""A whole installation on one machine: local servers, supervisor, test servers. Never used in production."""
