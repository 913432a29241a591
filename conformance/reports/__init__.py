"""Reports as files: one HTML page, and JUnit XML."""
