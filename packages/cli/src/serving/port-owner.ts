import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** How much of a command line is shown, in characters. */
const MAX_COMMAND_LENGTH = 60;
/** The tables of sockets, with the state of one that is bound to a port and waits: `TCP_LISTEN` and `TCP_CLOSE` of `<net/tcp_states.h>`. */
const tables = { tcp: '0A', tcp6: '0A', udp: '07', udp6: '07' } as const;

/**
 * The process that listens on a TCP port, or else has the UDP port of the same number, as text: `process 1234 (node bin/zocalo.js up)`.
 * Undefined where the system does not report it: not on Linux, or when the process is of another user.
 */
export function ownerOfPort(port: number): string | undefined {
  const inodes = (protocol: 'tcp' | 'udp') =>
    new Set([...boundTo(port, protocol), ...boundTo(port, `${protocol}6`)]);
  return ownerOf(inodes('tcp')) ?? ownerOf(inodes('udp'));
}

/** The same for the path of a Unix socket. */
export function ownerOfPath(path: string): string | undefined {
  // Num RefCount Protocol Flags Type St Inode Path (proc(5)).
  const rows = rowsOf('/proc/net/unix').map((row) => row.trim().split(/\s+/));
  return ownerOf(new Set(rows.filter((row) => row[7] === path).map((row) => row[6] ?? '')));
}

/** The sockets of a port, by their inodes: `sl local_address rem_address st ... inode` (proc(5)). */
function boundTo(port: number, protocol: keyof typeof tables): string[] {
  const rows = rowsOf(`/proc/net/${protocol}`).map((row) => row.trim().split(/\s+/));
  const isIt = ([, local, , state]: string[]) =>
    state === tables[protocol] && Number.parseInt(local?.split(':')[1] ?? '', 16) === port;
  return rows.filter(isIt).map((row) => row[9] ?? '');
}

function ownerOf(inodes: ReadonlySet<string>): string | undefined {
  if (inodes.size === 0) return undefined;
  for (const pid of readOrEmpty(() => readdirSync('/proc')).filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    const owns = readOrEmpty(() => readdirSync(folder)).some((fd) => {
      const [target = ''] = readOrEmpty(() => [readlinkSync(`${folder}/${fd}`)]);
      return inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '');
    });
    if (owns) return `process ${pid}${commandOf(pid)}`;
  }
  return undefined;
}

/** How a process was started, as far as it helps to recognize it: ` (node bin/zocalo.js up)`. */
function commandOf(pid: string): string {
  const [program = '', ...args] = rowsOf(`/proc/${pid}/cmdline`).join(' ').split('\0');
  const line = [basename(program), ...args]
    .join(' ')
    .replace(/\p{Cc}/gu, ' ')
    .trim();
  if (line === '') return '';
  return ` (${line.length > MAX_COMMAND_LENGTH ? `${line.slice(0, MAX_COMMAND_LENGTH)}...` : line})`;
}

function rowsOf(file: string): string[] {
  return readOrEmpty(() => readFileSync(file, 'utf8').split('\n'));
}

/** Processes end while they are looked at, and those of others may not be. */
function readOrEmpty(read: () => string[]): string[] {
  try {
    return read();
  } catch {
    return [];
  }
}
