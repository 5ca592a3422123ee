-- Who waits at the end of the feed listens instead of asking again.
-- Whoever waits for the log to grow is told when the relay has stamped.
CREATE FUNCTION announce_stamped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('caunoi_stamped', NEW.stamped_through::text);
    RETURN NULL;
END $$;
CREATE TRIGGER relay_announces AFTER INSERT OR UPDATE OF stamped_through ON relay
    FOR EACH ROW EXECUTE FUNCTION announce_stamped();
