"""Hosts, which make pictures: what all of them tell pages, and a package for each kind."""
