-- An upstream system is one source by whatever door: posts had `/vn/lang-son/http/<name>`, and now
-- have `/vn/lang-son/<name>`, as their records on the topic. What was recorded is known under the
-- new name from now on. Where one reference was recorded under both names, the record of the topic
-- keeps it; the other stays as it is, and is only history. Events say what they said.

UPDATE reference r SET system = '/vn/lang-son/' || substr(r.system, 19)
WHERE r.system LIKE '/vn/lang-son/http/_%' AND NOT EXISTS (
    SELECT FROM reference o WHERE o.system = '/vn/lang-son/' || substr(r.system, 19)
    AND o.reference = r.reference);

UPDATE reorganization r SET system = '/vn/lang-son/' || substr(r.system, 19)
WHERE r.system LIKE '/vn/lang-son/http/_%' AND NOT EXISTS (
    SELECT FROM reorganization o WHERE o.system = '/vn/lang-son/' || substr(r.system, 19)
    AND o.reference = r.reference);

-- Files that are known, and what waits, go on under the name by which they are asked for.
UPDATE import SET system = '/vn/lang-son/' || substr(system, 19)
WHERE system LIKE '/vn/lang-son/http/_%';
UPDATE waiting SET system = '/vn/lang-son/' || substr(system, 19)
WHERE system LIKE '/vn/lang-son/http/_%';
