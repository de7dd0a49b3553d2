"""The Metadata API: packages are checked, stored and listed; objects, fields and rights become real."""
