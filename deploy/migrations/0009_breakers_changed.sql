-- Every worker asks once a second which breakers changed.
CREATE INDEX breakers_changed ON breakers (changed_at);
