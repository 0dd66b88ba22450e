import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { forgetInMemory } from '@zocalo/test-support/page-cache.ts';
import type { FilePart } from '../../src/session/session-port.ts';
import { converse, ScriptedSession } from './uring-support.ts';

const linux = process.platform === 'linux';
const { createEpollLoop } = linux ? await import('../../src/loops/epoll.ts') : ({} as never);
const { readCached } = linux ? await import('../../src/sys/files.ts') : ({} as never);

const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 31 + (i >> 9)) & 0xff));

/** A session that has a part of a file to send, and never its bytes. */
class FileSession extends ScriptedSession {
  part: FilePart | undefined;
  askedForBytes = 0;

  override get interest(): number {
    return super.interest | (this.part === undefined ? 0 : 2);
  }

  outgoingFile(): FilePart | undefined {
    return this.part;
  }

  override outgoing(): undefined {
    if (this.part !== undefined) this.askedForBytes++;
    // As a session that begins to read a file elsewhere.
    this.part = undefined;
  }

  override sent(count: number): void {
    const { fd, offset, length } = this.part as FilePart;
    this.part = count === length ? undefined : { fd, offset: offset + count, length: length - count };
  }
}

describe('a loop that sends from files', {
  skip: linux ? false : 'sendfile as we use it is of Linux',
}, () => {
  async function sending(cold: boolean, run: (session: FileSession, got: () => Buffer) => Promise<void>) {
    using folder = new TemporaryFolder();
    writeFileSync(folder.file('content'), content);
    const fd = openSync(folder.file('content'), 'r');
    try {
      if (readCached(fd, Buffer.alloc(1), 1, 0) !== 1)
        return 'this file system does not report what is in memory';
      const why = cold ? forgetInMemory(folder.file('content')) : undefined;
      if (why !== undefined) return why;
      const session = new FileSession();
      await using conversation = await converse(createEpollLoop(), session);
      const chunks: Buffer[] = [];
      conversation.client.on('data', (bytes: Buffer) => chunks.push(bytes));
      session.part = { fd, offset: 7, length: content.length - 7 };
      session.waker?.wake();
      await run(session, () => Buffer.concat(chunks));
      return undefined;
    } finally {
      closeSync(fd);
    }
  }

  test('what is in memory goes out without its bytes being asked for', async (t) => {
    const why = await sending(false, async (session, got) => {
      await eventually('all has come', () => got().length >= content.length - 7);
      assert.ok(got().equals(content.subarray(7)));
      assert.equal(session.askedForBytes, 0);
    });
    if (why !== undefined) t.skip(why);
  });

  test('what is not in memory is not sent from the file, since the disk would be waited for', async (t) => {
    const why = await sending(true, async (session, got) => {
      await eventually('its bytes are asked for', () => session.askedForBytes > 0);
      assert.equal(got().length, 0);
    });
    if (why !== undefined) t.skip(why);
  });
});
