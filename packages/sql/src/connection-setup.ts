import type { DatabaseSync } from 'node:sqlite';
import { installCatalog } from './catalog/install.ts';
import type { SessionInfoHolder } from './engine/connection.ts';
import { registerFunctions } from './functions/register.ts';

/** Gives every connection what PostgreSQL has and SQLite lacks. */
export default function setupConnection(database: DatabaseSync, sessionInfo: SessionInfoHolder): void {
  registerFunctions(database, sessionInfo);
  installCatalog(database);
}

/** Those of its functions that may be called in the event loop: what they cost grows no faster than their arguments. */
export const cheapFunctions: ReadonlySet<string> = new Set(
  (
    'now local_now clock_timestamp current_date_of_transaction current_time_of_transaction version current_schema ' +
    'current_database session_user_name pg_backend_pid pg_is_in_recovery txid_current current_setting pg_typeof ' +
    'nonzero integer_mod div truncated to_integer to_number_value to_boolean to_text boolean_text timestamptz_text ' +
    'bytea_text to_datetime to_uuid date_part plain_name format_type greatest_of least_of inet_server_port'
  ).split(' '),
);
