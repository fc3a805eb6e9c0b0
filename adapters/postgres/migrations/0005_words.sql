-- How words are compared when people are looked for: without accents, capitals and signs, and forgiving a wrong letter.

create extension if not exists unaccent with schema public;
create extension if not exists pg_trgm with schema public;

-- Immutable as long as the dictionary's rules are not edited; after an edit the directory is rebuilt. Accents go first: what
-- is left of most alphabets is then ASCII, which every locale can lower. '+' and '#' are letters: C, C++ and C# differ.
create function folded(words text) returns text language sql immutable strict parallel safe as $$
    select trim(regexp_replace(lower(public.unaccent('public.unaccent'::regdictionary, words)),
                               '[\s\x01-\x22\x24-\x2a\x2c-\x2f\x3a-\x60\x7b-\x7f]+', ' ', 'g'))
$$;
