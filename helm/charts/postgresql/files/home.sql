-- The superuser's databases, open to everyone by default.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', datname)
FROM pg_database WHERE datname IN ('postgres', :'home') \gexec
