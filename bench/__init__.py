"""What one operation costs: calls, capacity units, signatures, processor time and cold start, each against its budget."""
