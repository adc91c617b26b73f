"""Tables and functions of the ledger in PostgreSQL."""

from __future__ import annotations

VERSION = 1

TABLES = """
CREATE TABLE promptops_ledger_windows (
    name text COLLATE "C" PRIMARY KEY, used bigint NOT NULL, ends_at bigint NOT NULL,
    kept_until timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX ON promptops_ledger_windows (kept_until);
CREATE TABLE promptops_ledger_reservations (
    key text PRIMARY KEY, expires_at double precision NOT NULL, charges jsonb NOT NULL,
    kept_until timestamptz NOT NULL
);
CREATE INDEX ON promptops_ledger_reservations (kept_until);
CREATE TABLE promptops_ledger_notes (
    key text PRIMARY KEY, value text NOT NULL, kept_until timestamptz NOT NULL
);
CREATE TABLE promptops_ledger_resets (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at double precision NOT NULL,
    by text NOT NULL, reason text NOT NULL, windows jsonb NOT NULL
);

CREATE FUNCTION promptops_ledger_lock(p_names text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE lock_id bigint;
BEGIN
    FOR lock_id IN SELECT DISTINCT hashtextextended(name, 0) FROM unnest(p_names) name ORDER BY 1
    LOOP
        PERFORM pg_advisory_xact_lock(lock_id);
    END LOOP;
END $$;

-- Charges are [window, limit, amount, unit, ends_at, kept for so many seconds].
-- Returns what the windows hold where a charge does not fit; null where all were taken.
CREATE FUNCTION promptops_ledger_reserve(
    p_key text, p_expires_at double precision, p_kept_seconds double precision, p_charges jsonb
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE found jsonb; is_full boolean;
BEGIN
    PERFORM promptops_ledger_lock(array(SELECT c->>0 FROM jsonb_array_elements(p_charges) c));
    IF EXISTS (SELECT FROM promptops_ledger_reservations WHERE key = p_key) THEN
        RETURN NULL;
    END IF;
    SELECT jsonb_object_agg(c->>0, coalesce(w.used, 0)),
           bool_or((c->>2)::bigint > 0
                   AND coalesce(w.used, 0) + (c->>2)::bigint > (c->>1)::bigint)
    INTO found, is_full
    FROM jsonb_array_elements(p_charges) c
    LEFT JOIN promptops_ledger_windows w ON w.name = c->>0;
    IF is_full THEN
        RETURN found;
    END IF;
    INSERT INTO promptops_ledger_windows AS w
    SELECT c->>0, (c->>2)::bigint, (c->>4)::bigint,
           clock_timestamp() + make_interval(secs => greatest(60, (c->>5)::double precision))
    FROM jsonb_array_elements(p_charges) c ORDER BY (c->>0) COLLATE "C"
    ON CONFLICT (name) DO UPDATE SET used = w.used + excluded.used;
    INSERT INTO promptops_ledger_reservations
    SELECT p_key, p_expires_at, jsonb_agg(jsonb_build_array(c->0, c->2, c->3)),
           clock_timestamp() + make_interval(secs => p_kept_seconds)
    FROM jsonb_array_elements(p_charges) c;
    RETURN NULL;
END $$;

CREATE FUNCTION promptops_ledger_settle(p_key text, p_amounts jsonb) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE kept jsonb; one record;
BEGIN
    DELETE FROM promptops_ledger_reservations WHERE key = p_key RETURNING charges INTO kept;
    IF kept IS NULL THEN
        RETURN false;
    END IF;
    FOR one IN
        SELECT c->>0 AS name,
               (p_amounts->>(c->>2))::bigint - (c->>1)::bigint AS difference
        FROM jsonb_array_elements(kept) c ORDER BY (c->>0) COLLATE "C"
    LOOP
        IF one.difference <> 0 THEN
            UPDATE promptops_ledger_windows SET used = used + one.difference
            WHERE name = one.name;
        END IF;
    END LOOP;
    RETURN true;
END $$;

CREATE FUNCTION promptops_ledger_held(p_now double precision)
RETURNS TABLE (name text, held bigint) LANGUAGE sql AS $$
    SELECT c->>0, sum((c->>1)::bigint)::bigint
    FROM promptops_ledger_reservations, jsonb_array_elements(charges) c
    WHERE expires_at > p_now GROUP BY 1
$$;

CREATE FUNCTION promptops_ledger_reset(
    p_now double precision, p_by text, p_reason text, p_names text[]
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE before jsonb;
BEGIN
    PERFORM promptops_ledger_lock(p_names);
    PERFORM FROM promptops_ledger_reservations ORDER BY key FOR UPDATE;
    SELECT coalesce(jsonb_agg(jsonb_build_array(w.name, w.used) ORDER BY p.position), '[]')
    INTO before
    FROM unnest(p_names) WITH ORDINALITY p (name, position)
    JOIN promptops_ledger_windows w ON w.name = p.name;
    UPDATE promptops_ledger_windows w
    SET used = coalesce(
        (SELECT h.held FROM promptops_ledger_held(p_now) h WHERE h.name = w.name), 0)
    WHERE w.name = ANY (p_names);
    -- A late settlement of what is no longer counted must not go below 0.
    UPDATE promptops_ledger_reservations r
    SET charges = coalesce(
        (SELECT jsonb_agg(c) FROM jsonb_array_elements(r.charges) c
         WHERE NOT (c->>0 = ANY (p_names))), '[]')
    WHERE r.expires_at <= p_now;
    INSERT INTO promptops_ledger_resets (at, by, reason, windows)
    VALUES (p_now, p_by, p_reason, before);
    RETURN before;
END $$;

CREATE FUNCTION promptops_ledger_swap(
    p_key text, p_expected text, p_value text, p_seconds double precision
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
    PERFORM promptops_ledger_lock(ARRAY['note/' || p_key]);
    SELECT value INTO found FROM promptops_ledger_notes
    WHERE key = p_key AND kept_until > clock_timestamp();
    IF found IS DISTINCT FROM p_expected THEN
        RETURN false;
    END IF;
    IF p_value IS NULL THEN
        DELETE FROM promptops_ledger_notes WHERE key = p_key;
    ELSE
        INSERT INTO promptops_ledger_notes
        VALUES (p_key, p_value, clock_timestamp() + make_interval(secs => p_seconds))
        ON CONFLICT (key) DO UPDATE
        SET value = excluded.value, kept_until = excluded.kept_until;
    END IF;
    RETURN true;
END $$;

CREATE FUNCTION promptops_ledger_prune(p_most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE count bigint;
BEGIN
    DELETE FROM promptops_ledger_windows WHERE name IN (
        SELECT name FROM promptops_ledger_windows WHERE kept_until < clock_timestamp()
        LIMIT p_most FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS count = ROW_COUNT;
    DELETE FROM promptops_ledger_reservations WHERE key IN (
        SELECT key FROM promptops_ledger_reservations WHERE kept_until < clock_timestamp()
        LIMIT p_most FOR UPDATE SKIP LOCKED);
    DELETE FROM promptops_ledger_notes WHERE kept_until < clock_timestamp();
    RETURN count;
END $$;

CREATE TABLE promptops_ledger_version (version integer PRIMARY KEY);
INSERT INTO promptops_ledger_version VALUES (1);
"""
