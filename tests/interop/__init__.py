"""What programs of others read of what this project writes."""
