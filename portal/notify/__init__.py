"""Telling people what they would have to look for: by mail and by webhook, each piece of news once."""
