#!/bin/sh
# Starts the registry with its login to PostgreSQL, which the pod's description
# does not have.
set -eu

APICURIO_DATASOURCE_USERNAME=$(cat /run/secrets/postgresql/username)
APICURIO_DATASOURCE_PASSWORD=$(cat /run/secrets/postgresql/password)
export APICURIO_DATASOURCE_USERNAME APICURIO_DATASOURCE_PASSWORD

exec java -Xms64m "-Xmx$REGISTRY_HEAP" -XX:MaxMetaspaceSize=160m -XX:MaxDirectMemorySize=32m \
    -XX:ReservedCodeCacheSize=48m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss512k \
    -XX:+ExitOnOutOfMemoryError -Djava.util.logging.manager=org.jboss.logmanager.LogManager \
    -jar /deployments/quarkus-run.jar
