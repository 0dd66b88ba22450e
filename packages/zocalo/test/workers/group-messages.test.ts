import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { GroupMessage } from '../../src/workers/worker-messages.ts';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of these modules do not exist. */
const load = async () => ({
  ...(await import('../../src/sys/sockets.ts')),
  ...(await import('../../src/sys/message-socket.ts')),
  ...(await import('../../src/workers/channel.ts')),
  ...(await import('../../src/workers/group-messages.ts')),
});
const workers = linux ? await load() : ({} as never);

/** What comes at the other end of a channel of what was said. */
function carried(group: string, bytes: Uint8Array, except?: number): { said: GroupMessage; bytes: Buffer }[] {
  const [near, far] = workers.messageSocketPair();
  const [from, to] = [new workers.Channel(near, false), new workers.Channel<never, GroupMessage>(far, true)];
  const assembly = new workers.GroupMessageAssembler();
  const all: { said: GroupMessage; bytes: Buffer }[] = [];
  try {
    for (const part of workers.encodeGroupMessage(group, bytes, except)) {
      assert.ok(part.length <= workers.MAX_MESSAGE_SIZE, `a part of ${part.length} bytes`);
      from.sendEncoded(part);
      to.receive((said, _descriptor, payload) => {
        const whole = assembly.add(said, payload);
        if (whole !== undefined) all.push({ said, bytes: whole });
      });
    }
    return all;
  } finally {
    for (const end of [near, far]) workers.close(end);
  }
}

describe('what is said in a group', { skip: linux ? false : 'channels are those of Linux' }, () => {
  test('arrives whole, however long it is and whatever is in it', () => {
    for (const length of [1, 59_999, 60_000, 60_001, 120_000, 1_000_003]) {
      const bytes = Buffer.alloc(length, '\n{"type":"stop"}\n');
      const [{ said, bytes: came }, ...others] = carried('room', bytes, 7) as [
        { said: GroupMessage; bytes: Buffer },
      ];
      assert.deepEqual(others, []);
      assert.deepEqual([said.type, said.group, said.except], ['group-message', 'room', 7]);
      assert.ok(came.equals(bytes), `${length} bytes`);
    }
  });

  test('in a group of any name fits into its messages', () => {
    const names = fc.oneof(
      fc.string({ minLength: 1, maxLength: 256, unit: 'binary' }),
      fc.constantFrom('\u0001'.repeat(256), '\n'.repeat(256), '\ud800'.repeat(256)),
    );
    fc.assert(
      fc.property(names, fc.option(fc.nat(), { nil: undefined }), (name, except) => {
        const bytes = Buffer.alloc(60_001, name);
        const [{ said, bytes: came } = { said: undefined, bytes: undefined }] = carried(name, bytes, except);
        assert.deepEqual([said?.group, said?.except], [name, except]);
        assert.ok(came?.equals(bytes));
      }),
      { numRuns: 50 },
    );
  });
});
