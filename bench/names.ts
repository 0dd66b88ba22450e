/** `node bench/names.ts [rounds] [seconds]`: the service `names` beside unbound and dnsmasq, asked by dnsperf over TCP. See README.md. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onCore, placeOnCores } from '../src/measure/cores.ts';
import { median } from '../src/measure/median.ts';
import { readHostsFile } from '../src/services/names/hosts/hosts-file.ts';

const NAMES = 1_000;
const MANY_LINES = 100_000;
/** Questions a second at which the latencies of all can be compared; unbound can do twice as many. */
const SAME_RATE = 30_000;
const TICKS_PER_SECOND = 100;
const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 3);
const folder = mkdtempSync(join(tmpdir(), 'zocalo-bench-'));
const { cores, note } = placeOnCores();
const main = new URL('../src/cli/main.ts', import.meta.url).pathname;
const started: ChildProcess[] = [];

type Run = { queriesPerSecond: number; queriesPerCpuSecond: number; p50: number; p99: number };
/** As fast as it can, at half of that, and at {@link SAME_RATE}. */
type Runs = { peak: Run; half: Run; same: Run };
type Subject = { name: string; port: number; questions: string; command: readonly string[] };

try {
  console.log(
    `${process.arch}, Node ${process.version}, ${rounds} rounds of ${seconds} s; ${note ?? 'a core each'}\n`,
  );
  await measure();
} finally {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
}

async function measure(): Promise<void> {
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
    lines(MANY_LINES, (i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255} host${i}.lan`),
  );
  const upstream = 5_900;
  await start(unbound(upstream, authority()), upstream, cores?.generator);

  const subjects: Subject[] = [
    { name: 'names, cached', port: 5_901, questions: cached, command: names(5_901, small, upstream) },
    {
      name: 'names, hosts of 1,000 lines',
      port: 5_902,
      questions: few,
      command: names(5_902, small, upstream),
    },
    {
      name: 'names, hosts of 100,000 lines',
      port: 5_903,
      questions: few,
      command: names(5_903, large, upstream),
    },
    {
      name: 'unbound, cached',
      port: 5_904,
      questions: cached,
      command: unbound(5_904, forwarding(upstream)),
    },
    { name: 'dnsmasq, cached', port: 5_905, questions: cached, command: dnsmasq(5_905, upstream) },
  ];
  const runs = new Map<string, Runs[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      const child = await start(subject.command, subject.port, cores?.server);
      const atRate = (rate: number) => dnsperf(subject, child, ['-l', `${seconds}`, '-Q', `${rate}`, '-v']);
      await dnsperf(subject, child, ['-n', '20', '-l', '1']);
      const peak = await dnsperf(subject, child, ['-l', `${seconds}`]);
      const half = Math.round(peak.queriesPerSecond / 2);
      // Programs that are compiled while they run compile anew for another load, on the one core that they have here.
      await atRate(half);
      runs.get(subject.name)?.push({ peak, half: await atRate(half), same: await atRate(SAME_RATE) });
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  }
  table(runs);
  await loading(large);
}

function table(all: ReadonlyMap<string, readonly Runs[]>): void {
  const reference = all.get('unbound, cached') ?? [];
  const rows = [...all].map(([name, runs]) => {
    const ratios = runs.map(
      ({ peak }, i) => peak.queriesPerCpuSecond / (reference[i]?.peak.queriesPerCpuSecond ?? Number.NaN),
    );
    const milliseconds = (values: number[]) => (1_000 * median(values)).toFixed(2);
    const reached = runs.every(({ same }) => same.queriesPerSecond > 0.95 * SAME_RATE);
    return [
      name,
      median(runs.map(({ peak }) => peak.queriesPerSecond)).toFixed(0),
      median(runs.map(({ peak }) => peak.queriesPerCpuSecond)).toFixed(0),
      median(ratios).toFixed(2),
      milliseconds(runs.map(({ half }) => half.p50)),
      milliseconds(runs.map(({ half }) => half.p99)),
      reached ? milliseconds(runs.map(({ same }) => same.p99)) : 'not reached',
    ];
  });
  const head = [
    '',
    'queries/s',
    'queries/CPU s',
    '× unbound',
    'p50 at half load, ms',
    'p99 at half load, ms',
  ];
  for (const row of [[...head, `p99 at ${SAME_RATE}/s, ms`], ...rows]) {
    console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(32) : cell.padStart(22))).join(''));
  }
}

async function loading(path: string): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const begun = performance.now();
    await readHostsFile(path);
    times.push(performance.now() - begun);
  }
  console.log(`\na hosts file of ${MANY_LINES} lines loads in ${median(times).toFixed(0)} ms (median of 5)`);
}

/** Asks over 10 connections with 100 questions under way. */
async function dnsperf(subject: Subject, server: ChildProcess, args: readonly string[]): Promise<Run> {
  const { port, questions } = subject;
  const common = ['-m', 'tcp', '-s', '127.0.0.1', '-p', `${port}`, '-d', questions, '-c', '10', '-q', '100'];
  const before = cpuSeconds(server);
  const [program = '', ...rest] = onCore(cores?.generator, ['dnsperf', ...common, ...args]);
  // Read when it is over: whoever reads a line for each question meanwhile takes the server's core, or that of dnsperf.
  const path = join(folder, 'output');
  const output = openSync(path, 'w');
  const child = spawn(program, rest, { stdio: ['ignore', output, 'inherit'] });
  closeSync(output);
  await once(child, 'close');
  const said = readFileSync(path, 'latin1');
  // A child that served a connection has to be gone, and counted.
  await sleep(200);
  const spent = cpuSeconds(server) - before;
  const completed = Number(/Queries completed:\s+(\d+)/.exec(said)?.[1]);
  const lost = Number(/Queries lost:\s+(\d+)/.exec(said)?.[1]);
  const queriesPerSecond = Number(/Queries per second:\s+([\d.]+)/.exec(said)?.[1]);
  // dnsmasq closes a connection after 100 questions, and those under way are lost to this client.
  const allowed = subject.name.startsWith('dnsmasq') ? 0.02 * completed : 0;
  if (!(completed > 0) || lost > allowed || !/NOERROR \d+ \(100/.test(said))
    throw new Error(`not all were answered:\n${said.slice(-2_000)}`);
  const latencies = [...said.matchAll(/^> NOERROR \S+ \S+ ([\d.]+)$/gm)]
    .map(([, latency]) => Number(latency))
    .sort((a, b) => a - b);
  const percentile = (part: number) => latencies[Math.ceil(latencies.length * part) - 1] ?? Number.NaN;
  return {
    queriesPerSecond,
    queriesPerCpuSecond: completed / spent,
    p50: percentile(0.5),
    p99: percentile(0.99),
  };
}

/** User and system time of a process and of its children that have ended (proc_pid_stat(5)). */
function cpuSeconds({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) / TICKS_PER_SECOND;
}

function names(port: number, hosts: string, upstream: number): string[] {
  const most = '2000000000';
  return [
    ...[process.execPath, main, 'serve', 'names', '--port', `${port}`, '--line-port', '0', '--quiet'],
    ...['--hosts', hosts, '--upstream', `127.0.0.1:${upstream}`],
    ...['--max-clients', '1000', '--dns-quota', most, '--max-session', 'none', '--idle-timeout', '1m'],
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

async function start(
  command: readonly string[],
  port: number,
  core: number | undefined,
): Promise<ChildProcess> {
  const [program = '', ...args] = onCore(core, command);
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };
  if (spawnSync('which', [command[0] as string], { env }).status !== 0)
    throw new Error(`${command[0]} is not installed`);
  const child = spawn(program, args, { stdio: 'ignore', env });
  started.push(child);
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) break;
    if (await accepts(port)) return child;
    await sleep(50);
  }
  throw new Error(`${command[0]} does not start`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function lines(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('\n');
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `${text}\n`);
  return path;
}
