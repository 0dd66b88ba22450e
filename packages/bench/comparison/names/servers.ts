/** The name servers that are compared, and the files they read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeCommand } from '../../src/package-module.ts';
import { freePorts } from '../processes.ts';

export type NameServer = {
  readonly name: string;
  readonly port: number;
  /** The path of the questions that it is asked. */
  readonly questions: string;
  readonly command: readonly string[];
};

const NAMES = 1_000;
export const HOSTS_FILE_LINES = 100_000;
const MAIN = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));
export const folder = mkdtempSync(join(tmpdir(), 'zocalo-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

export type NameServers = {
  /** What the others ask; it is not measured. */
  readonly upstream: Pick<NameServer, 'port' | 'command'>;
  readonly servers: readonly NameServer[];
  /** A hosts file of {@link HOSTS_FILE_LINES} lines. */
  readonly largeHosts: string;
};

export async function nameServers(): Promise<NameServers> {
  const [upstream = 0, ...ports] = await freePorts(6);
  const cached = file(
    'cached',
    lines(NAMES, (i) => `host${i}.zone.example A`),
  );
  const few = file(
    'few',
    lines(NAMES, (i) => `host${i}.lan A`),
  );
  const small = file(
    'small-hosts',
    lines(NAMES, (i) => `10.0.${i >> 8}.${i & 255} host${i}.lan`),
  );
  const large = file(
    'large-hosts',
    lines(HOSTS_FILE_LINES, (i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255} host${i}.lan`),
  );
  const candidates: readonly [
    name: string,
    questions: string,
    command: (port: number) => readonly string[],
  ][] = [
    ['names, cached', cached, (port) => names(port, small, upstream)],
    ['names, hosts of 1,000 lines', few, (port) => names(port, small, upstream)],
    ['names, hosts of 100,000 lines', few, (port) => names(port, large, upstream)],
    ['unbound, cached', cached, (port) => unbound(port, forwarding(upstream))],
    ['dnsmasq, cached', cached, (port) => dnsmasq(port, upstream)],
  ];
  return {
    upstream: { port: upstream, command: unbound(upstream, authority()) },
    servers: candidates.map(([name, questions, command], i) => {
      const port = ports[i] as number;
      return { name, port, questions, command: command(port) };
    }),
    largeHosts: large,
  };
}

function names(port: number, hosts: string, upstream: number): string[] {
  const unlimited = '2000000000';
  return [
    ...[...nodeCommand(MAIN), 'serve', 'names', '--port', `${port}`, '--line-port', '0', '--quiet'],
    ...['--hosts', hosts, '--upstream', `127.0.0.1:${upstream}`],
    ...['--max-clients', '1000', '--dns-quota', unlimited, '--max-session', 'none', '--idle-timeout', '1m'],
  ];
}

function unbound(port: number, section: string): string[] {
  const path = file(
    `unbound-${port}.conf`,
    `server:
  interface: 127.0.0.1@${port}
  chroot: ""
  username: ""
  directory: "${folder}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  module-config: "iterator"
  num-threads: 1
  incoming-num-tcp: 100
remote-control:
  control-enable: no
${section}`,
  );
  return ['unbound', '-d', '-c', path];
}

/** What the upstream knows. */
function authority(): string {
  const records = lines(NAMES, (i) => `host${i} 3600 A 198.51.${i >> 8}.${i & 255}`);
  const zone = file(
    'zone',
    `$ORIGIN zone.example.\n@ 3600 SOA ns admin 1 3600 600 86400 60\n@ NS ns\nns A 198.51.100.1\n${records}\n`,
  );
  return `auth-zone:\n  name: "zone.example"\n  zonefile: "${zone}"\n  for-downstream: no\n  for-upstream: yes\n`;
}

function forwarding(upstream: number): string {
  return `forward-zone:\n  name: "."\n  forward-addr: 127.0.0.1@${upstream}\n`;
}

function dnsmasq(port: number, upstream: number): string[] {
  const flags = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--bind-interfaces',
  ];
  const where = ['--listen-address=127.0.0.1', `--port=${port}`, `--server=127.0.0.1#${upstream}`];
  return ['dnsmasq', ...flags, ...where, '--cache-size=10000', '--user=', '--pid-file=', '--log-facility=-'];
}

function lines(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('\n');
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `${text}\n`);
  return path;
}
