-- What was delivered and not applied is listed, the oldest first, and counted by its reason.

create index delivery_unapplied on delivery (received_at, source, delivery_id) include (outcome, reason, action)
    where outcome <> 'applied';
