"""Definitions of elections as files: read with the line of every mistake, and written from a template."""
