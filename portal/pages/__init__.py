"""Own screens of the portal, mounted in the company's site (`portal.site.PAGES`): each module has `urls`."""
