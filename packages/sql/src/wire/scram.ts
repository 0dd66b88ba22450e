import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { SqlError } from '../sql-error.ts';
import { MessageReader } from './message-reader.ts';
import type { ScramVerifier } from './scram-verifier.ts';

/** The only mechanism: RFC 5802 with SHA-256 (RFC 7677). Without TLS there is no channel to bind to. */
export const SCRAM_SHA_256 = 'SCRAM-SHA-256';

const NONCE_BYTES = 18;

/**
 * The server's side of one SCRAM-SHA-256 exchange, as PostgreSQL has it: the user is that of the start-up packet, the name in
 * the exchange is not looked at, and `n` and `y` are the channel bindings that can be.
 */
export class ScramExchange {
  readonly #verifier: ScramVerifier;
  readonly #user: string;
  /** What both sides have said, which the proof is about. */
  #gs2Header = '';
  #clientFirst = '';
  #serverFirst = '';
  #nonce = '';

  constructor(verifier: ScramVerifier, user: string) {
    this.#verifier = verifier;
    this.#user = user;
  }

  /**
   * @param body of the SASLInitialResponse
   * @returns the data of AuthenticationSASLContinue
   * @throws SqlError 08P01 or 0A000
   */
  first(body: Buffer): string {
    const message = initialResponse(body);
    const parts = /^(([ny]|p=[^,]*),([^,]*),)((m=)?.*)$/s.exec(message);
    if (parts === null) throw malformed('The message begins with no channel binding flag.');
    const [, header = '', flag = '', authorization, bare = '', extension] = parts;
    if (flag.startsWith('p'))
      throw malformed('The client asks for a channel binding, and there is no TLS to bind to.');
    if (authorization !== '') {
      throw new SqlError('0A000', 'client uses authorization identity, but it is not supported');
    }
    if (extension !== undefined)
      throw new SqlError('0A000', 'client requires an unsupported SCRAM extension');
    const nonce = /^n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+)(?:,|$)/.exec(bare)?.[1];
    if (nonce === undefined) throw malformed('The message has no nonce.');
    const { salt, iterations } = this.#verifier;
    this.#gs2Header = header;
    this.#clientFirst = bare;
    this.#nonce = nonce + randomBytes(NONCE_BYTES).toString('base64');
    this.#serverFirst = `r=${this.#nonce},s=${salt.toString('base64')},i=${iterations}`;
    return this.#serverFirst;
  }

  /**
   * @param body of the SASLResponse
   * @returns the data of AuthenticationSASLFinal
   * @throws SqlError 28P01 when the password is another, 08P01
   */
  final(body: Buffer): string {
    const message = body.toString('latin1');
    const parts = /^((c=([^,]*),r=([^,]*)(?:,.*)?),p=)([A-Za-z0-9+/]+=*)$/s.exec(message);
    if (parts === null) throw malformed('The message has no proof.');
    const [, , withoutProof = '', binding = '', nonce = '', proof = ''] = parts;
    if (binding !== Buffer.from(this.#gs2Header).toString('base64')) {
      throw malformed('The channel binding is not that of the first message.');
    }
    if (nonce !== this.#nonce) throw malformed('The nonce is not that of the first message.');
    const { storedKey, serverKey, known } = this.#verifier;
    const authMessage = `${this.#clientFirst},${this.#serverFirst},${withoutProof}`;
    const signature = createHmac('sha256', storedKey).update(authMessage).digest();
    const clientKey = Buffer.from(proof, 'base64');
    if (clientKey.length !== signature.length) throw malformed('The proof has another length.');
    for (const [i, byte] of signature.entries()) clientKey[i] = (clientKey[i] as number) ^ byte;
    const matches = timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey);
    if (!matches || !known) {
      throw new SqlError('28P01', `password authentication failed for user "${this.#user}"`);
    }
    return `v=${createHmac('sha256', serverKey).update(authMessage).digest('base64')}`;
  }
}

function initialResponse(body: Buffer): string {
  const reader = new MessageReader(body);
  const mechanism = reader.string();
  if (mechanism !== SCRAM_SHA_256) {
    throw new SqlError('08P01', 'client selected an invalid SASL authentication mechanism');
  }
  const length = reader.int32();
  if (length !== reader.left) throw new SqlError('08P01', 'invalid message format');
  return body.toString('utf8', reader.at);
}

function malformed(detail: string): SqlError {
  return new SqlError('08P01', 'malformed SCRAM message', { detail });
}
