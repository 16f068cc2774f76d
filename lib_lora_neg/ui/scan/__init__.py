"""The scan tab."""
