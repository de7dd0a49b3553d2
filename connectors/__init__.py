"""The two systems' wires. Knows no Django, no Celery and no companies."""
