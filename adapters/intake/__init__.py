"""What imports and integrations share: foreign files, addresses, codes and JSON are read and checked here."""
