import assert from 'node:assert/strict';
import { test } from 'node:test';
import dnsPacket from 'dns-packet';
import { type ConverseOptions, converse } from 'zocalo/testing';
import { dnsDialect } from '../src/dns-dialect.ts';
import { Table } from './support/table.ts';

type Asking = { id?: number; name?: string; type?: dnsPacket.RecordType; edns?: number; keepalive?: boolean };

function query({ id = 7, name = 'four.test', type = 'A', edns, keepalive = false }: Asking = {}): Buffer {
  const opt = {
    type: 'OPT' as const,
    name: '.' as const,
    udpPayloadSize: 1_232,
    extendedRcode: 0,
    ednsVersion: edns ?? 0,
    flags: 0,
    flag_do: false,
    options: keepalive ? [{ code: 11, data: Buffer.alloc(0) } as unknown as dnsPacket.PacketOpt] : [],
  };
  return dnsPacket.streamEncode({
    type: 'query',
    id,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ name, type, class: 'IN' }],
    additionals: edns === undefined && !keepalive ? [] : [opt],
  });
}

const talkTo = (options: ConverseOptions = {}, table = new Table()) => converse(dnsDialect(table), options);

/** The messages in a run of bytes. */
function messages(bytes: Buffer): (dnsPacket.DecodedPacket & { rcode?: string; bytes: Buffer })[] {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt16BE(at);
    const message = bytes.subarray(at + 2, at + 2 + length);
    found.push({ ...dnsPacket.decode(message), bytes: message });
    at += 2 + length;
  }
  return found;
}

test('a question is answered, with its id and itself', async () => {
  const talk = talkTo();
  talk.send(query({ id: 4_711 }));
  const [answer] = messages(await talk.receiveBytes());
  assert.equal(answer?.id, 4_711);
  assert.equal(answer?.rcode, 'NOERROR');
  assert.deepEqual(answer?.questions, [{ name: 'four.test', type: 'A', class: 'IN' }]);
  assert.deepEqual(
    answer?.answers?.map((record) => ('data' in record ? record.data : undefined)),
    ['192.0.2.4'],
  );
});

test('answers come as they are ready, and each has its id', async () => {
  const table = new Table();
  const gate = Promise.withResolvers<void>();
  table.gate = gate.promise;
  const talk = talkTo({}, table);
  talk.send(Buffer.concat([query({ id: 1, name: 'later.test' }), query({ id: 2 }), query({ id: 3 })]));
  const before = messages(await talk.receiveBytes()).map(({ id }) => id);
  gate.resolve();
  const after = messages(await talk.receiveBytes()).map(({ id }) => id);
  assert.deepEqual([before, after], [[2, 3], [1]]);
});

test('16 questions of a client are looked up at once, and no more', async () => {
  const table = new Table();
  const gate = Promise.withResolvers<void>();
  table.gate = gate.promise;
  const talk = talkTo({}, table);
  const ids = Array.from({ length: 40 }, (_, id) => id);
  talk.send(Buffer.concat(ids.map((id) => query({ id, name: 'later.test' }))));
  await talk.settle();
  assert.equal(table.asked.length, 16);
  gate.resolve();
  const answered = messages(await talk.receiveBytes()).map(({ id }) => id);
  assert.deepEqual(
    answered.toSorted((a, b) => (a ?? 0) - (b ?? 0)),
    ids,
  );
});

test('every message counts for the quota, malformed ones too; the last is answered, and then it is over', async () => {
  const talk = talkTo({ quota: 3 });
  const malformed = query();
  malformed[7] = 9;
  talk.send(
    Buffer.concat([query({ id: 1 }), malformed, query({ id: 3, name: 'later.test' }), query({ id: 4 })]),
  );
  const answers = messages(await talk.receiveBytes());
  assert.deepEqual(
    answers.map(({ id, rcode }) => [id, rcode]),
    [
      [1, 'NOERROR'],
      [7, 'FORMERR'],
      [3, 'NOERROR'],
    ],
  );
  assert.equal(talk.closed, 'quota');
});

test('another version of EDNS is refused with BADVERS and ours', async () => {
  const talk = talkTo();
  talk.send(query({ edns: 1 }));
  const [answer] = messages(await talk.receiveBytes());
  const opt = answer?.additionals?.[0];
  assert.ok(opt?.type === 'OPT');
  assert.deepEqual([opt.extendedRcode, opt.ednsVersion, answer?.answers?.length], [1, 0, 0]);
});

test('a client that asks gets the idle timeout, in units of 100 ms; it is shorter while others wait', async () => {
  for (const [waitingClients, units] of [
    [0, 100],
    [1, 20],
  ] as const) {
    const talk = talkTo({ idleTimeoutMs: 10_000, idleTimeoutWhenFullMs: 2_000, waitingClients });
    talk.send(Buffer.concat([query({ keepalive: true }), query({ edns: 0 })]));
    const [asked, silent] = messages(await talk.receiveBytes());
    const options = (message: typeof asked) => {
      const opt = message?.additionals?.[0];
      assert.ok(opt?.type === 'OPT');
      return opt.options;
    };
    const [option] = options(asked);
    assert.ok(option !== undefined && option.code === 11 && 'data' in option);
    assert.equal(Buffer.from(option.data as Uint8Array).readUInt16BE(), units);
    assert.deepEqual(options(silent), []);
  }
});

test('an opcode that is not QUERY is not implemented; a reply, and what has no header, deserve no answer', async () => {
  const talk = talkTo();
  const notify = query({ id: 5 });
  notify[4] = 0x20;
  const reply = query();
  reply[4] = 0x80;
  talk.send(Buffer.concat([reply, Buffer.from([0, 3, 1, 2, 3]), notify]));
  const answers = messages(await talk.receiveBytes());
  assert.deepEqual(
    answers.map(({ id, rcode }) => [id, rcode]),
    [[5, 'NOTIMP']],
  );
});

test('a client that waits, is refused, or is disconnected gets no message', async () => {
  const { wait, refuse, farewell, open, error } = dnsDialect(new Table());
  assert.deepEqual(
    [wait, refuse, farewell, open, error],
    [undefined, undefined, undefined, undefined, undefined],
  );
  const talk = talkTo({ idleTimeoutMs: 100 });
  await talk.advance(100);
  assert.equal((await talk.receiveBytes()).length, 0);
  assert.equal(talk.closed, 'idle');
});

test('100,000 malformed messages: each is answered or ignored, none is an error, and the client stays', async () => {
  let seed = 0x2545_f491;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const good = [
    query({ name: 'alias.test', type: 'AAAA' }),
    query({ edns: 0, keepalive: true }),
    query({ name: 'a.very.long.name.of.many.labels.test', type: 'TXT' }),
    query({ name: 'later.test' }),
  ].map((framed) => framed.subarray(2));
  const mutate = (message: Buffer): Buffer => {
    let bytes = Buffer.from(message);
    for (let changes = 1 + random(4); changes > 0; changes--) {
      const at = random(bytes.length + 1);
      const kind = random(4);
      if (kind === 0 && at < bytes.length) bytes[at] = random(256);
      else if (kind === 1) bytes = bytes.subarray(0, at);
      else if (kind === 2)
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([0xc0, random(64)]), bytes.subarray(at)]);
      else bytes = Buffer.concat([bytes, Buffer.alloc(random(40), random(256))]);
    }
    return bytes;
  };
  const talk = talkTo();
  const before = process.memoryUsage().heapUsed;
  for (let batch = 0; batch < 1_000; batch++) {
    const pieces = Array.from({ length: 100 }, () => mutate(good[random(good.length)] as Buffer));
    const framed = pieces.flatMap((bytes) => [Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
    talk.send(Buffer.concat(framed));
    const answers = await talk.receiveBytes();
    for (let at = 0; at < answers.length; at += 2 + answers.readUInt16BE(at)) {
      assert.ok(answers.readUInt16BE(at) >= 12 && ((answers[at + 4] as number) & 0x80) !== 0);
    }
  }
  assert.equal(talk.messages, 100_000);
  assert.deepEqual([talk.closed, talk.errors], [undefined, []]);
  talk.send(query());
  assert.equal(messages(await talk.receiveBytes())[0]?.rcode, 'NOERROR');
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < 200 * 1_048_576, `${grown} bytes more are held`);
});
