"""OAuth 2.0: consent, the token endpoint with its grants, and what tells who a token is (reference 1)."""
