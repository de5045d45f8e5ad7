"""What whole-system tests stand on: an instance of the server, clients, transcripts.

Standard library only; pytest is needed by the test files, not by this package.
"""
