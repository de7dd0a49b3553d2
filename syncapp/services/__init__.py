"""Use cases, one verb each. They know rows, clients and the engine; no HTTP of ours, no Celery."""
