"""The projector: follows the log, folds it into read models and rebuilds them."""
