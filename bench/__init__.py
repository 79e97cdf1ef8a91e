"""What one operation costs: calls, capacity units, signatures, processor time, cold start; each against its budget."""
