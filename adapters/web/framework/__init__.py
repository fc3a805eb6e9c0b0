"""What all endpoints share: connections, limits, authentication, bodies, problems and the API's description."""
