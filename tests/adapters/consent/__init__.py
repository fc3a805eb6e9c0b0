"""What is looked after as time goes by."""
