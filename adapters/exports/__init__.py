"""What leaves Perennial as a document: values as JSON, pages to print, and the report on one person."""
