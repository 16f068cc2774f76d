"""HTTP routes: the public API, and the page's own, handed a host."""
