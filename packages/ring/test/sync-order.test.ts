import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { Flag } from '../src/protocol/frame.ts';
import { Ring } from './ring-processes.ts';

/** Bytes of a frame before its payload, and where its flags are. */
const HEADER = 48;
const FLAGS_AT = 6;
const MESSAGES = 20;
const text = (number: number) => `<message ${String(number).padStart(2, '0')}>`;

/** A system call, in the order in which they began. `ended`: how many lines of the trace there were when it was over. */
type Call = { name: string; file: string; bytes: Buffer; began: number; ended: number };

/** Why no process can be watched here; undefined when one can. */
function obstacle(): string | undefined {
  const tried = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true'], { encoding: 'utf8' });
  if (tried.error !== undefined) return 'the program strace is missing';
  return tried.status === 0 ? undefined : `strace is not permitted: ${tried.stderr.trim()}`;
}

/** Reads what `strace -f -y -xx` has written. */
function callsIn(trace: string): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, Call>();
  trace.split('\n').forEach((line, at) => {
    const resumed = /^(\d+) +<\.\.\. \w+ resumed>/.exec(line);
    const begun = /^(\d+) +(\w+)\(\d+<([^>]*)>/.exec(line);
    if (resumed !== null) {
      const call = unfinished.get(resumed[1] as string);
      if (call !== undefined) call.ended = at;
    } else if (begun !== null) {
      const [, thread = '', name = '', file = ''] = begun;
      const data = [...line.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, each = '']) => unhex(each));
      const call = { name, file: unhex(file).toString(), bytes: Buffer.concat(data), began: at, ended: at };
      calls.push(call);
      if (line.endsWith('<unfinished ...>')) {
        call.ended = Number.POSITIVE_INFINITY;
        unfinished.set(thread, call);
      }
    }
  });
  return calls;
}

/** `\x61\x62` in bytes. */
function unhex(written: string): Buffer {
  return Buffer.from(written.replaceAll('\\x', ''), 'hex');
}

/** Whether the call sends the message with its copied bit. */
function sendsCopied({ file, bytes }: Call, number: number): boolean {
  if (!file.startsWith('socket:')) return false;
  for (let at = bytes.indexOf(text(number)); at >= 0; at = bytes.indexOf(text(number), at + 1)) {
    if (at >= HEADER && (bytes.readUInt16BE(at - HEADER + FLAGS_AT) & Flag.COPIED) !== 0) return true;
  }
  return false;
}

test('a destination syncs a message to its disk before it passes it on with the copied bit', {
  skip: obstacle() ?? false,
}, async (t) => {
  const lines = Array.from({ length: MESSAGES }, (_, index) => `1 ${text(index + 1)}\n`).join('');
  const ring = await Ring.make(t, { nodes: 2, messages: (id) => (id === 0 ? lines : '') });
  const { process } = ring.start(1);
  await eventually('node 1 runs', async () => (await ring.status(1)) !== undefined);
  const traced = ring.file('trace');
  const watched = ['-e', 'trace=write,writev,sendto,sendmsg,fdatasync'];
  const strace = spawn('strace', [
    '-f',
    '-y',
    '-xx',
    '-s',
    '65536',
    ...watched,
    '-o',
    traced,
    '-p',
    `${process.pid}`,
  ]);
  t.after(() => strace.kill());
  const [said] = await once(strace.stderr, 'data');
  if (!String(said).includes('attached')) {
    t.skip(`strace may not watch a running process: ${said}`);
    return;
  }
  ring.start(0);
  const gone = once(strace, 'exit');
  await ring.stop();
  await gone;

  const calls = callsIn(readFileSync(traced, 'utf8'));
  const journal = ring.file('state-1/journal');
  for (let number = 1; number <= MESSAGES; number++) {
    const written = calls.find(({ file, bytes }) => file === journal && bytes.includes(text(number)));
    assert.ok(written, `${text(number)} is written to the journal`);
    const synced = calls.find(
      ({ name, file, began }) => name === 'fdatasync' && file === journal && began > written.began,
    );
    assert.ok(synced, `${text(number)} is synced`);
    const sent = calls.find((call) => sendsCopied(call, number));
    assert.ok(sent, `${text(number)} is passed on with its copied bit`);
    assert.ok(sent.began > synced.ended, `${text(number)} is on disk before it has its copied bit`);
  }
});
