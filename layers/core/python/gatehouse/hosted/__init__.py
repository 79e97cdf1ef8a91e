"""The hosted pages (/u/…). Imports none of them, so that who needs only the error page loads only that."""
