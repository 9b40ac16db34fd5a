# Desktop mode: one user, who is never asked. The way in asks for the login.
SERVER_MODE = False
MASTER_PASSWORD_REQUIRED = False
# There is no keyring in a container.
USE_OS_SECRET_STORAGE = False
UPGRADE_CHECK_ENABLED = False
AUTO_DISCOVER_SERVERS = False
DATA_DIR = '/var/lib/pgadmin'
SESSION_DB_PATH = '/tmp/sessions'
# The log goes to standard output.
LOG_FILE = '/dev/null'
# The image's own places, which its start would write into this file.
CA_FILE = '/etc/ssl/certs/ca-certificates.crt'
HELP_PATH = '../../docs'
DEFAULT_BINARY_PATHS = {'pg': '/usr/local/pgsql-17', 'pg-17': '/usr/local/pgsql-17'}
