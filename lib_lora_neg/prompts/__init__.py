"""The A1111 prompt language: a lossless tree, term matching and edits by offset."""
