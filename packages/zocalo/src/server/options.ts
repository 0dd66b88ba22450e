import type { SessionLimits } from '../session/limits.ts';
import type { TlsOptions } from '../tls/tls-options.ts';
import type { Balance } from '../workers/balance.ts';
import type { Isolation, Model } from '../workers/models.ts';

/** Where one dialect of a service listens, and what is otherwise there than at its other endpoints. */
export type EndpointOptions = {
  /** As for the server, whose `host` is the default. */
  host?: string;
  port?: number;
  path?: string;
  mode?: number;
  ipv6Only?: boolean;
  /** How many messages a client that comes in here may send. Default: as for the server. */
  quota?: number;
  /** How long a client waits in line at most. Default: as for the server. */
  waitTimeoutMs?: number;
  /** TLS at this endpoint, or none. Default: as for the server. */
  tls?: TlsOptions | false;
};

/** A client of which {@link ServeOptions.accept} is asked. */
export type AcceptInfo = {
  /** The numeric IP address; empty for a Unix socket. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  /** What it would speak: the name of the protocol, or of the dialect where a service has several. */
  readonly dialect: string;
};

/** How to serve. Everything has a default; times are in milliseconds, `Infinity` for no limit, sizes in bytes. */
export type ServeOptions = Partial<SessionLimits> & {
  /** The address to listen on: an IPv4 or IPv6 address, or `localhost`. Default `127.0.0.1`. */
  host?: string;
  /** The port to listen on; 0 (the default) takes any that is free. */
  port?: number;
  /**
   * The path of a Unix socket to listen on, instead of host and port. On Linux a name that begins with `\0` is of an abstract one, which has no
   * file (unix(7)).
   */
  path?: string;
  /**
   * The permissions of the file of a Unix socket, such as `0o660`: users that may write to it may connect. It has never had more. Default: what the
   * umask leaves.
   */
  mode?: number;
  /** Whether an IPv6 `host` takes IPv6 clients only; with `::`, IPv4 ones come as well otherwise. Default false. */
  ipv6Only?: boolean;
  /**
   * Whether other processes with the same option may listen on the same port (SO_REUSEPORT, socket(7)); the kernel shares clients out between them.
   * Default: in a worker of `node:cluster`, where `libuv` has its clients from the primary instead.
   */
  reusePort?: boolean;
  /** For a service of several dialects: where each is spoken. Default: each on any port that is free. */
  endpoints?: Readonly<Record<string, EndpointOptions>>;
  /** The concurrency model: how clients are served at once. Default `epoll` on Linux, `libuv` elsewhere. */
  model?: Model;
  /**
   * How many workers serve, beside this thread, which accepts for all of them. Default: none, but 8 for `thread-pool` and
   * `process-pool`, and one for each processor when `isolation` is given. Workers need a protocol given as a module.
   */
  workers?: number;
  /** Whether workers are threads (the default) or processes. */
  isolation?: Isolation;
  /**
   * Which worker gets a client: the one that has the fewest (`least-connections`, the default), each in turn (`round-robin`), or always
   * the same for an address (`source`).
   */
  balance?: Balance;
  /** What the function that a module exports is given to make its protocol. It must be cloneable (no functions). Default undefined. */
  protocolOptions?: unknown;
  /**
   * For how long after the last event of a client that is alone the next one is looked for without waiting, in microseconds; 0 for not at all.
   * Such a client is answered sooner, at some cost in processor time. Default 50.
   */
  busyPollUs?: number;
  /** How many connections the kernel keeps for us until they are accepted. Default 4,096; the system may allow fewer. */
  backlog?: number;
  /**
   * After how long a silence the kernel asks whether a client is still there: up to 9 h, and counted in whole seconds. One that does not
   * answer is closed half as long later, with the reason `reset`. Default 60 s; `Infinity`: never asked.
   */
  keepAliveMs?: number;
  /**
   * How much of what is sent to a client may stand in the kernel before it is on its way (TCP_NOTSENT_LOWAT, tcp(7)). Default 131,072;
   * `Infinity`: as much as the send buffer holds, which grows to several MiB.
   */
  maxUnsent?: number;
  /**
   * The size of the kernel's buffers of each client (SO_SNDBUF, SO_RCVBUF, socket(7)). Default: the kernel's, which grow as needed. The
   * system may allow less (`net.core.wmem_max`, `net.core.rmem_max`).
   */
  sendBuffer?: number;
  receiveBuffer?: number;
  /** How many clients are served at once. Default 10,000, or as many as the model can: see the table of models. */
  maxClients?: number;
  /** How many clients wait in line, accepted but unread, when `maxClients` are in. Default 128. */
  maxWaiting?: number;
  /** How long a client waits at most, in line and for a worker. Default 30 s. */
  waitTimeoutMs?: number;
  /** How many clients of one address there are at once, in and in line; one more is refused. Default: as many as there is room for. */
  maxPerAddress?: number;
  /**
   * How many clients of one address are let in while others of another address wait; those beyond it keep their places in line. Default:
   * as many as there is room for.
   */
  fairSharePerAddress?: number;
  /** How many clients of one address wait in line. Default: as many as there is room for. */
  maxWaitingPerAddress?: number;
  /**
   * How many bits of an IPv6 address are one address where clients are counted by it (`maxPerAddress`, `fairSharePerAddress`,
   * `maxWaitingPerAddress`, `quotaPer`). Default 64, the network that one customer has; 128: each address for itself.
   */
  ipv6Prefix?: number;
  /** Clients that may connect: addresses and networks such as `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. Default: all. Not for Unix sockets. */
  allow?: readonly string[];
  /** Clients that may not, also when `allow` has them. Default: none. */
  deny?: readonly string[];
  /**
   * Is asked about each client that the lists let pass, before it has a place: false refuses it (`not-accepted`). It answers at once. What
   * it throws, or a result that is neither true nor false, is an event `error`, and that client is refused.
   */
  accept?: (arrival: AcceptInfo) => boolean;
  /**
   * What becomes of clients when server and line are full: `refuse` (the default) accepts them, sends the protocol's refusal and
   * closes; `backlog` stops accepting, so that they wait in the kernel.
   */
  whenFull?: 'refuse' | 'backlog';
  /** Certificate, key and rules of TLS, which every model speaks, on Linux; false (the default): clients come in clear. */
  tls?: TlsOptions | false;
  /** How many messages a client may send. Default: as many as it likes. */
  quota?: number;
  /** Whether the quota is of each connection (the default) or of all connections of an address. */
  quotaPer?: 'connection' | 'address';
  /** The time in which a spent quota fills up again. Default: never for a connection, 60 s for an address. */
  quotaRefillMs?: number;
  /** How long `drain` and the command wait for answers in progress. Default 10 s. */
  drainTimeoutMs?: number;
};
