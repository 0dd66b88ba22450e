import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { Progress } from '../../src/report/progress.ts';

/** A stream that keeps what is written. */
class Kept extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 100;

  constructor(isTTY: boolean) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk;
    done();
  }
}

const failure = { kind: 'failure', reason: 'no luck' } as const;

test('elsewhere than on a terminal each measurement is a plain line', () => {
  const stream = new Kept(false);
  const progress = new Progress([1, 1], stream as unknown as WriteStream);
  for (const what of ['the first', 'the second']) {
    progress.begin(what);
    progress.end(failure);
  }
  progress.stop();
  assert.equal(stream.text, '[1/2] the first: failed: no luck\n[2/2] the second: failed: no luck\n');
});

test('on a terminal there is a bar, with how long it will take, and nothing is left of it', () => {
  const stream = new Kept(true);
  const progress = new Progress([10, 600], stream as unknown as WriteStream);
  progress.begin('the first');
  assert.match(stripVTControlCharacters(stream.text), /░{20} 0\/2, 11 min left: the first/);
  progress.end(failure);
  progress.stop();
  assert.ok(!stream.text.includes('\n'));
  const [hide, show] = ['\x1b[?25l', '\x1b[?25h'];
  assert.ok(stream.text.lastIndexOf(show) > stream.text.lastIndexOf(hide), 'the cursor is back');
  const afterBar = stream.text.slice(Math.max(...['░', '█'].map((part) => stream.text.lastIndexOf(part))));
  assert.ok(afterBar.includes('\x1b[2K'), 'the line is cleared');
});

test('a run that was broken off before it began leaves nothing', () => {
  const stream = new Kept(true);
  new Progress([], stream as unknown as WriteStream).stop();
  assert.equal(stream.text, '');
});
