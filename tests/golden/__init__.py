"""One stored row for each event version there ever was; never changed, for logs hold such rows for ever."""
