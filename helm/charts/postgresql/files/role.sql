-- A client's role. psql reads the password itself: no argument shows it.
\set password `cat /run/clients/:client/password`
SELECT format('CREATE ROLE %I', :'client')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'client') \gexec
ALTER ROLE :"client" LOGIN :attribute NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
