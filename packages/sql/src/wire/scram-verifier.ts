import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** What a server keeps of a password: enough to check a proof, not enough to make one (RFC 5802 section 3). */
export type ScramVerifier = {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  /** Whether there is such a user; an exchange with one that is not there fails at its end, like a wrong password. */
  readonly known: boolean;
};

/** The counts and sizes of PostgreSQL: `SCRAM_DEFAULT_ITERATIONS`, `SCRAM_DEFAULT_SALT_LEN`. */
const ITERATIONS = 4_096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** The verifier of a password, with a salt of its own. */
export function verifierOf(password: string, salt: Buffer = randomBytes(SALT_BYTES)): ScramVerifier {
  const salted = pbkdf2Sync(saslPrep(password), salt, ITERATIONS, KEY_BYTES, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return {
    iterations: ITERATIONS,
    salt,
    storedKey: createHash('sha256').update(clientKey).digest(),
    serverKey: createHmac('sha256', salted).update('Server Key').digest(),
    known: true,
  };
}

const form = /^SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;

/** A verifier as PostgreSQL keeps it in `pg_authid.rolpassword`; undefined for text that is none. */
export function parseVerifier(text: string): ScramVerifier | undefined {
  const parts = form.exec(text);
  if (parts === null) return undefined;
  const [, iterations = '', salt = '', storedKey = '', serverKey = ''] = parts;
  const bytes = (base64: string) => Buffer.from(base64, 'base64');
  return {
    iterations: Number(iterations),
    salt: bytes(salt),
    storedKey: bytes(storedKey),
    serverKey: bytes(serverKey),
    known: true,
  };
}

/** A verifier as PostgreSQL keeps it. */
export function formatVerifier({ iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  const text = (bytes: Buffer) => bytes.toString('base64');
  return `SCRAM-SHA-256$${iterations}:${text(salt)}$${text(storedKey)}:${text(serverKey)}`;
}

const secret = randomBytes(KEY_BYTES);

/** For a user that is not there: the same salt each time it is asked for, so that clients cannot find out which users exist. */
export function unknownVerifier(user: string): ScramVerifier {
  const derived = (what: string) => createHmac('sha256', secret).update(`${what} ${user}`).digest();
  return {
    iterations: ITERATIONS,
    salt: derived('salt').subarray(0, SALT_BYTES),
    storedKey: derived('stored'),
    serverKey: derived('server'),
    known: false,
  };
}

/**
 * A password as SASLprep has it (RFC 4013): spaces of any kind become spaces, what maps to nothing is left out, NFKC. One
 * with control characters is taken as it is, as PostgreSQL does.
 */
export function saslPrep(password: string): string {
  // Tables C.1.2 and B.1 of RFC 3454.
  const prepared = password
    .replace(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g, ' ')
    .replace(/\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g, '')
    .normalize('NFKC');
  return prepared === '' || /\p{Cc}/u.test(prepared) ? password : prepared;
}
