-- A client's database: its own, and nobody else's but the superuser's.
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'client')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
ALTER DATABASE :"database" OWNER TO :"client";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
