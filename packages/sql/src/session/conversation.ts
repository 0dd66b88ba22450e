import { randomInt } from 'node:crypto';
import type { Client, Reply } from 'zocalo';
import type { Engine } from '../engine/engine.ts';
import { SqlError } from '../sql-error.ts';
import { reportOf } from '../wire/error-report.ts';
import type { FrontendMessage, StartupMessage } from '../wire/frontend.ts';
import { ReplyWriter } from '../wire/reply-writer.ts';
import { SCRAM_SHA_256, ScramExchange } from '../wire/scram.ts';
import { type ScramVerifier, unknownVerifier } from '../wire/scram-verifier.ts';
import { startupOptions } from '../wire/startup-packet.ts';
import { Backend } from './backend.ts';
import type { Cancellation } from './cancellation.ts';
import type { Compiler } from './compiler.ts';
import { SessionSettings } from './settings.ts';
import { reply } from './work.ts';

export type PostgresOptions = {
  /** The only user that may connect; undefined: any. */
  readonly user?: string | undefined;
  /** What its password is checked with; undefined: no password is asked for. */
  readonly verifier?: ScramVerifier | undefined;
};

/** Start-up parameters that are no settings. */
const notSettings = new Set(['user', 'database', 'options', 'replication']);
/** Answers are kept until Sync or Flush, or until this many bytes wait. */
const MAX_KEPT_BYTES = 16_384;

/** The conversation with one client: start-up and authentication, then its statements. */
export class Conversation {
  readonly #engine: Engine;
  readonly #compiler: Compiler;
  readonly #cancellation: Cancellation;
  readonly #options: PostgresOptions;
  readonly #processId: number;
  readonly #out = new ReplyWriter();
  #client: Client<Conversation> | undefined;
  #startup: StartupMessage | undefined;
  #scram: ScramExchange | undefined;
  #scramBegun = false;
  #backend: Backend | undefined;

  constructor(engine: Engine, compiler: Compiler, cancellation: Cancellation, options: PostgresOptions) {
    this.#engine = engine;
    this.#compiler = compiler;
    this.#cancellation = cancellation;
    this.#options = options;
    this.#processId = cancellation.newProcessId();
  }

  /** Whether the client has sent its start-up message, and so understands messages. */
  get started(): boolean {
    return this.#startup !== undefined;
  }

  begin(client: Client<Conversation>): void {
    this.#client = client;
  }

  /** Carries out one message. */
  answer(message: FrontendMessage): Reply {
    if (this.#backend !== undefined) return reply(this.#backend.handle(message), () => this.#take(message));
    this.#begin(message);
    return this.#take(message);
  }

  /** The bytes that are to be sent after a message. */
  #take(message: FrontendMessage): Uint8Array | undefined {
    const out = this.#backend?.out ?? this.#out;
    const { type } = message;
    const waits =
      type === 'parse' || type === 'bind' || type === 'describe' || type === 'execute' || type === 'close';
    return waits && out.length < MAX_KEPT_BYTES ? undefined : out.take();
  }

  leave(): void {
    if (this.#backend === undefined) return;
    this.#cancellation.leave(this.#processId);
    this.#backend.close();
  }

  #begin(message: FrontendMessage): void {
    try {
      switch (message.type) {
        case 'ssl-request':
        case 'gssenc-request':
          this.#out.refuseEncryption();
          return;
        case 'cancel-request':
          this.#cancellation.request(message.processId, message.secretKey);
          return;
        case 'startup':
          this.#startup = message;
          this.#authenticate(message);
          return;
        case 'password':
          this.#password(message.body);
          return;
        default:
          return;
      }
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.#out.error(reportOf(error, 'FATAL'));
      this.#client?.end();
    }
  }

  #authenticate({ parameters, minor, extensions }: StartupMessage): void {
    const user = parameters.get('user') ?? '';
    if (user === '') throw new SqlError('28000', 'no PostgreSQL user name specified in startup packet');
    if (parameters.has('replication') && parameters.get('replication') !== 'false') {
      throw new SqlError('0A000', 'replication is not supported');
    }
    if (minor > 0 || extensions.length > 0) this.#out.negotiateProtocolVersion(0, extensions);
    const { verifier, user: only } = this.#options;
    if (verifier !== undefined) {
      const known = only === undefined || only === user;
      this.#scram = new ScramExchange(known ? verifier : unknownVerifier(user), user);
      this.#out.authenticationSasl([SCRAM_SHA_256]);
      return;
    }
    if (only !== undefined && only !== user)
      throw new SqlError('28000', `role "${user}" is not permitted to log in`);
    this.#welcome();
  }

  #password(body: Buffer): void {
    if (this.#scram === undefined) throw new SqlError('08P01', 'unexpected password message');
    if (!this.#scramBegun) {
      this.#scramBegun = true;
      this.#out.authenticationSaslContinue(this.#scram.first(body));
      return;
    }
    this.#out.authenticationSaslFinal(this.#scram.final(body));
    this.#scram = undefined;
    this.#welcome();
  }

  #welcome(): void {
    const { parameters } = this.#startup as StartupMessage;
    const client = this.#client as Client<Conversation>;
    const user = parameters.get('user') ?? '';
    const settings = new SessionSettings();
    settings.initialize('session_authorization', user);
    for (const [name, value] of settingsOf(parameters)) settings.start(name, value);
    if (this.#engine.readOnly) settings.initialize('default_transaction_read_only', 'on');
    const identity = {
      user,
      database: parameters.get('database') || user,
      processId: this.#processId,
      clientAddress: client.remoteAddress,
      clientPort: client.remotePort,
      serverPort: client.localPort,
    };
    this.#out.authenticationOk();
    for (const [name, value] of settings.reported()) this.#out.parameterStatus(name, value);
    const secretKey = randomInt(-(2 ** 31), 2 ** 31);
    this.#out.backendKeyData(this.#processId, secretKey);
    this.#out.readyForQuery('I');
    const backend = new Backend(this.#engine, this.#compiler, settings, identity, this.#out);
    backend.onIdleInTransaction = () => this.#idleInTransaction(client);
    this.#backend = backend;
    this.#cancellation.register(this.#processId, { secretKey, cancel: () => backend.cancel() });
  }

  #idleInTransaction(client: Client<Conversation>): void {
    const message = new ReplyWriter();
    const cause = new SqlError('25P03', 'terminating connection due to idle-in-transaction timeout');
    message.error(reportOf(cause, 'FATAL'));
    client.send(message.take());
    client.end();
  }
}

function* settingsOf(parameters: ReadonlyMap<string, string>): Generator<[name: string, value: string]> {
  yield* startupOptions(parameters.get('options') ?? '');
  for (const [name, value] of parameters) if (!notSettings.has(name)) yield [name, value];
}
