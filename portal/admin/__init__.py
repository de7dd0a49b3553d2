"""Model pages of a company: one module per noun that lists and forms serve well."""

from portal.admin import invitations, mappings, members, value_maps  # noqa: F401 - registers them
