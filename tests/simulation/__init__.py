"""Deterministic simulation: the real services on a real PostgreSQL, everything left to chance drawn from one seed.

One process and no sockets. Clock, wire, broker, order of the workers and their deaths are chosen by a plan
(`plans.py`); people edit both sides meanwhile and every value they type is new; at the end an oracle (`oracle.py`)
follows each of them to where it is now. `python -m tests.simulation --help` runs seeds and makes a failing one small.
"""
