import koffi from 'koffi';
import { PlatformError } from '../errors.ts';
import { bind } from './libc.ts';

/*
 * The OpenSSL inside the node binary, which exports it (OpenSSL 3, docs.openssl.org/3.5/man3). Pointers are numbers: addresses of a program
 * are below 2^47. A `void *` takes a Buffer.
 *
 * Who frees what: what `*_new`, `PEM_read_bio_*`, `d2i_*` and `SSL_get1_*` return belongs to the caller; `get0` and what is set with
 * `SSL_set_bio` does not. What failed stays in an error queue of the thread, and makes the next call look failed, `node:tls` included: it
 * is emptied after each failure.
 */

/** An address of the C side; 0 is NULL. */
export type Address = number;

function exported<Signature extends (...args: never[]) => unknown>(prototype: string): Signature {
  try {
    return bind<Signature>(prototype.replace(/\bptr\b/g, 'uintptr_t'));
  } catch (cause) {
    const name = /(\w+)\(/.exec(prototype)?.[1];
    throw new PlatformError(
      `TLS needs the OpenSSL of the node binary, and this ${process.argv0} (${process.version}) does not export ${name}`,
      { cause },
    );
  }
}

type Pem = (bio: Address, into: Address, callback: Address, passphrase: string) => Address;

export const ssl = {
  serverMethod: exported<() => Address>('ptr TLS_server_method()'),
  contextNew: exported<(method: Address) => Address>('ptr SSL_CTX_new(ptr)'),
  contextFree: exported<(context: Address) => void>('void SSL_CTX_free(ptr)'),
  contextControl: exported<(context: Address, command: number, value: number, pointer: Address) => number>(
    'long SSL_CTX_ctrl(ptr, int, long, ptr)',
  ),
  contextControlBuffer: exported<
    (context: Address, command: number, length: number, bytes: Buffer) => number
  >('long SSL_CTX_ctrl(ptr, int, long, void *)'),
  setOptions: exported<(context: Address, options: bigint) => bigint>(
    'uint64_t SSL_CTX_set_options(ptr, uint64_t)',
  ),
  useCertificate: exported<(context: Address, certificate: Address) => number>(
    'int SSL_CTX_use_certificate(ptr, ptr)',
  ),
  usePrivateKey: exported<(context: Address, key: Address) => number>('int SSL_CTX_use_PrivateKey(ptr, ptr)'),
  checkPrivateKey: exported<(context: Address) => number>('int SSL_CTX_check_private_key(ptr)'),
  setCipherList: exported<(context: Address, ciphers: string) => number>(
    'int SSL_CTX_set_cipher_list(ptr, str)',
  ),
  setCipherSuites: exported<(context: Address, suites: string) => number>(
    'int SSL_CTX_set_ciphersuites(ptr, str)',
  ),
  setVerify: exported<(context: Address, mode: number, callback: Address) => void>(
    'void SSL_CTX_set_verify(ptr, int, ptr)',
  ),
  setSessionIdContext: exported<(context: Address, id: string, length: number) => number>(
    'int SSL_CTX_set_session_id_context(ptr, str, unsigned int)',
  ),
  certificateStore: exported<(context: Address) => Address>('ptr SSL_CTX_get_cert_store(ptr)'),
  addToStore: exported<(store: Address, certificate: Address) => number>('int X509_STORE_add_cert(ptr, ptr)'),
  addClientAuthority: exported<(context: Address, certificate: Address) => number>(
    'int SSL_CTX_add_client_CA(ptr, ptr)',
  ),
  setAlpnSelect: exported<(context: Address, callback: unknown, argument: number) => void>(
    'void SSL_CTX_set_alpn_select_cb(ptr, void *, ptr)',
  ),
  new: exported<(context: Address) => Address>('ptr SSL_new(ptr)'),
  free: exported<(connection: Address) => void>('void SSL_free(ptr)'),
  setBio: exported<(connection: Address, reading: Address, writing: Address) => void>(
    'void SSL_set_bio(ptr, ptr, ptr)',
  ),
  setAcceptState: exported<(connection: Address) => void>('void SSL_set_accept_state(ptr)'),
  doHandshake: exported<(connection: Address) => number>('int SSL_do_handshake(ptr)'),
  /** Reads to `offset` bytes behind an address. */
  read: exported<(connection: Address, into: Buffer, length: number) => number>(
    'int SSL_read(ptr, void *, int)',
  ),
  write: exported<(connection: Address, bytes: Uint8Array, length: number) => number>(
    'int SSL_write(ptr, void *, int)',
  ),
  shutdown: exported<(connection: Address) => number>('int SSL_shutdown(ptr)'),
  getError: exported<(connection: Address, result: number) => number>('int SSL_get_error(ptr, int)'),
  version: exported<(connection: Address) => string>('str SSL_get_version(ptr)'),
  cipher: exported<(connection: Address) => Address>('ptr SSL_get_current_cipher(ptr)'),
  cipherName: exported<(cipher: Address) => string>('str SSL_CIPHER_get_name(ptr)'),
  serverName: exported<(connection: Address, type: number) => string | null>(
    'str SSL_get_servername(ptr, int)',
  ),
  resumed: exported<(connection: Address) => number>('int SSL_session_reused(ptr)'),
  peerCertificate: exported<(connection: Address) => Address>('ptr SSL_get0_peer_certificate(ptr)'),
  verifyResult: exported<(connection: Address) => number>('long SSL_get_verify_result(ptr)'),
  selectedProtocol: exported<(connection: Address, into: Buffer, length: Buffer) => void>(
    'void SSL_get0_alpn_selected(ptr, void *, void *)',
  ),
};

export const x509 = {
  /** Writes the certificate in DER behind `*into`, and moves `*into` behind it; with NULL it only counts. */
  encode: exported<(certificate: Address, into: Buffer | null) => number>('int i2d_X509(ptr, void *)'),
  free: exported<(certificate: Address) => void>('void X509_free(ptr)'),
  freeKey: exported<(key: Address) => void>('void EVP_PKEY_free(ptr)'),
  readCertificate: exported<Pem>('ptr PEM_read_bio_X509(ptr, ptr, ptr, str)'),
  readKey: exported<Pem>('ptr PEM_read_bio_PrivateKey(ptr, ptr, ptr, str)'),
  verifyErrorText: exported<(code: number) => string>('str X509_verify_cert_error_string(long)'),
};

/** BIO_CTRL_RESET of openssl/bio.h. */
const BIO_CTRL_RESET = 1;
const bioControl = exported<(bio: Address, command: number, value: number, pointer: Address) => number>(
  'long BIO_ctrl(ptr, int, long, ptr)',
);
const bioNew = exported<(method: Address) => Address>('ptr BIO_new(ptr)');
const bioMemory = exported<() => Address>('ptr BIO_s_mem()');

/** Memory to read from and write to, in place of a socket. */
export const bio = {
  new: (): Address => bioNew(bioMemory()),
  free: exported<(bio: Address) => number>('int BIO_free(ptr)'),
  /** Adds a reference, so that one more owner can free it. */
  retain: exported<(bio: Address) => number>('int BIO_up_ref(ptr)'),
  write: exported<(bio: Address, bytes: Uint8Array, length: number) => number>(
    'int BIO_write(ptr, void *, int)',
  ),
  read: exported<(bio: Address, into: Buffer, length: number) => number>('int BIO_read(ptr, void *, int)'),
  pending: exported<(bio: Address) => number>('size_t BIO_ctrl_pending(ptr)'),
  reset: (memory: Address): void => {
    bioControl(memory, BIO_CTRL_RESET, 0, 0);
  },
};

const errors = {
  clear: exported<() => void>('void ERR_clear_error()'),
  next: exported<() => number>('unsigned long ERR_get_error()'),
  peek: exported<() => number>('unsigned long ERR_peek_error()'),
  text: exported<(code: number) => string | null>('str ERR_reason_error_string(unsigned long)'),
};

/** Empties the error queue of this thread; it is empty nearly always, and looking costs less than clearing. */
export function clearErrors(): void {
  if (errors.peek() !== 0) errors.clear();
}

/** What the error queue of this thread says, first cause first; it is empty then. */
export function takeErrors(): string[] {
  const reasons: string[] = [];
  for (let code = errors.next(); code !== 0; code = errors.next())
    reasons.push(errors.text(code) ?? `error 0x${code.toString(16)}`);
  return reasons;
}

const copyFrom = bind<(into: Buffer, from: Address, length: number) => void>(
  'void *memcpy(void *, uintptr_t, size_t)',
);
const copyTo = bind<(into: Address, from: Buffer, length: number) => void>(
  'void *memcpy(uintptr_t, void *, size_t)',
);

/** Bytes of the C side, copied. */
export function bytesAt(address: Address, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (length > 0) copyFrom(bytes, address, length);
  return bytes;
}

/** A certificate in DER. */
export function derOf(certificate: Address): Buffer {
  const length = x509.encode(certificate, null);
  const bytes = Buffer.alloc(length);
  const pointer = Buffer.alloc(8);
  pointer.writeBigUInt64LE(BigInt(koffi.address(bytes)));
  x509.encode(certificate, pointer);
  return bytes;
}

/** SSL_TLSEXT_ERR_OK and SSL_TLSEXT_ERR_ALERT_FATAL of openssl/tls1.h. */
const OK = 0;
const ALERT_FATAL = 2;

/** The application protocols that contexts take, most wanted first. A context is given the number of its list. */
const wantedProtocols: (readonly string[])[] = [];

/** Registered once a thread, as there is room for some thousand callbacks in a process; it must not throw. */
let selectCallback: unknown;

/** Lets a context choose an application protocol (ALPN, RFC 7301); a client that offers none of them is refused. */
export function selectProtocols(context: Address, protocols: readonly string[]): void {
  selectCallback ??= koffi.register(
    selectProtocol,
    koffi.pointer(
      koffi.proto('int zocalo_alpn_cb(uintptr_t, uintptr_t, uintptr_t, uintptr_t, unsigned int, uintptr_t)'),
    ),
  );
  ssl.setAlpnSelect(context, selectCallback, wantedProtocols.push(protocols) - 1);
}

/** The answer points into the client's own list, so that there is nothing to keep alive. */
function selectProtocol(
  _connection: Address,
  out: Address,
  outLength: Address,
  offered: Address,
  length: number,
  list: number,
): number {
  const names = bytesAt(offered, length);
  for (const wanted of wantedProtocols[list] ?? []) {
    for (let at = 0; at < length; at += 1 + (names[at] as number)) {
      if (names.toString('latin1', at + 1, at + 1 + (names[at] as number)) !== wanted) continue;
      const address = Buffer.alloc(8);
      address.writeBigUInt64LE(BigInt(offered + at + 1));
      copyTo(out, address, 8);
      copyTo(outLength, Buffer.of(wanted.length), 1);
      return OK;
    }
  }
  return ALERT_FATAL;
}

/** The application protocol that was chosen. */
export function selectedProtocol(connection: Address): string | undefined {
  const pointer = Buffer.alloc(8);
  const length = Buffer.alloc(4);
  ssl.selectedProtocol(connection, pointer, length);
  const name = bytesAt(Number(pointer.readBigUInt64LE()), length.readUInt32LE());
  return name.length === 0 ? undefined : name.toString('latin1');
}
