"""What `run.py` needs beside itself; standard library only."""
