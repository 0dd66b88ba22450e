import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { assertNothingLeft } from '@zocalo/test-support/leftovers.ts';
import { freePort, startDnsmasq, startUnbound } from '@zocalo/test-support/name-servers.ts';
import { without } from '@zocalo/test-support/programs.ts';
import dnsPacket from 'dns-packet';
import { OptionError } from 'zocalo';
import { types } from '../../src/dns/constants.ts';
import { dataText } from '../../src/dns/record-text.ts';
import { UpstreamError } from '../../src/upstream/hedged-query.ts';
import { formatUpstream, parseUpstream } from '../../src/upstream/upstream-address.ts';
import { type UpstreamOptions, Upstreams } from '../../src/upstream/upstreams.ts';
import { ask } from '../support/messages.ts';
import { failureTo, OddNameServer, type Received, responseTo } from '../support/odd-name-server.ts';

const proper = ({ query, send }: Received) => send(responseTo(query));
const silent = () => {};
const breaking = ({ query, send }: Received) => send(responseTo(query).subarray(0, -1));
/** Long enough for whatever this machine is busy with: nothing is to be found out by waiting. */
const longTimeouts = { tryTimeoutMs: 60_000, timeoutMs: 120_000 };
/** No server listens there. */
const unused = { host: '127.0.0.1', port: 1 };

/** Asks servers that behave like this, in their order; what the upstream says, and the servers. */
async function asking(
  behaviours: readonly ((received: Received) => void)[],
  use: (upstreams: Upstreams, servers: OddNameServer[]) => Promise<void>,
  options: Partial<UpstreamOptions> = {},
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const servers: OddNameServer[] = [];
  for (const behaviour of behaviours) servers.push(stack.use(await OddNameServer.start(behaviour)));
  const upstreams = new Upstreams({ addresses: servers.map(({ address }) => address), ...options });
  stack.defer(() => upstreams.stop());
  await use(upstreams, servers);
}

const addressOf = async (upstreams: Upstreams, name = 'a.example') =>
  (await upstreams.ask(ask(name))).answers.map(dataText).join();

test('a question is asked over UDP with a room of 1,232 bytes, and answered', async () => {
  await asking([proper], async (upstreams, [server]) => {
    assert.equal(await addressOf(upstreams), '192.0.2.1');
    const [received] = server?.received ?? [];
    assert.ok(received !== undefined);
    const { query, over } = received;
    const { questions, flag_rd, additionals } = dnsPacket.decode(query);
    assert.equal(over, 'udp');
    assert.deepEqual([questions, flag_rd], [[{ name: 'a.example', type: 'A', class: 'IN' }], true]);
    assert.ok(additionals?.[0]?.type === 'OPT');
    assert.equal(additionals[0].udpPayloadSize, 1_232);
    const { questions: count, failures, inFlight, latencyP50Ms } = upstreams.stats();
    assert.deepEqual([count, failures, inFlight, latencyP50Ms > 0], [1, 0, 0, true]);
  });
});

test('ids and ports are different from question to question', async () => {
  await asking([proper], async (upstreams, [server]) => {
    for (let time = 0; time < 20; time++) await addressOf(upstreams);
    const ids = new Set(server?.received.map(({ query }) => query.readUInt16BE(0)));
    const ports = new Set(server?.received.map(({ from }) => from));
    assert.ok(ids.size > 15 && ports.size > 15, `${ids.size} ids, ${ports.size} ports`);
  });
});

test('what is no response to the question is passed over: another id, another question, a query', async () => {
  const strange = ({ query, send }: Received) => {
    const wrong = { answers: [{ type: 'A' as const, name: 'a.example', data: '192.0.2.66' }] };
    const otherId = responseTo(query, wrong);
    otherId[0] = (otherId[0] as number) ^ 1;
    send(otherId);
    send(responseTo(query, { ...wrong, questions: [{ name: 'b.example', type: 'A' }] }));
    send(responseTo(query, { ...wrong, questions: [{ name: 'a.example', type: 'AAAA' }] }));
    send(responseTo(query, { ...wrong, questions: [] }));
    send(responseTo(query, { ...wrong, type: 'query' }));
    send(Buffer.alloc(5));
    send(responseTo(query, { questions: [{ name: 'A.EXAMPLE', type: 'A' }] }));
  };
  await asking([strange], async (upstreams) => assert.equal(await addressOf(upstreams), '192.0.2.1'));
});

test('an answer from another address is ignored', async () => {
  await using spoofer = await OddNameServer.start(silent);
  const viaStranger = (received: Received) => {
    // The spoofer answers in place of the upstream that was asked.
    spoofer.sendTo(
      received.from,
      responseTo(received.query, { answers: [{ type: 'A', name: 'a.example', data: '192.0.2.66' }] }),
    );
    setTimeout(() => proper(received), 20);
  };
  await asking([viaStranger], async (upstreams) => assert.equal(await addressOf(upstreams), '192.0.2.1'));
});

test('an upstream that sends many messages that are no answer is given up', async () => {
  const guessing = ({ query, send }: Received) => {
    const wrong = responseTo(query);
    wrong[0] = (wrong[0] as number) ^ 1;
    for (let time = 0; time < 60; time++) send(wrong);
  };
  await asking(
    [guessing, proper],
    async (upstreams) => assert.equal(await addressOf(upstreams), '192.0.2.1'),
    {
      tryTimeoutMs: 60_000,
      timeoutMs: 120_000,
    },
  );
});

test('what is truncated is asked again over TCP', async () => {
  const truncating = (received: Received) => {
    if (received.over === 'tcp') return proper(received);
    const response = responseTo(received.query, { answers: [] });
    response[2] = (response[2] as number) | 2;
    received.send(response);
  };
  await asking([truncating], async (upstreams, [server]) => {
    assert.equal(await addressOf(upstreams), '192.0.2.1');
    assert.deepEqual(
      server?.received.map(({ over }) => over),
      ['udp', 'tcp'],
    );
  });
});

test('over TCP a wrong answer, a hang-up, a broken answer and silence are failures, each with its reason', async () => {
  const overTcp = (act: (received: Received) => void) => (received: Received) => {
    if (received.over === 'tcp') return act(received);
    const response = responseTo(received.query, { answers: [] });
    response[2] = (response[2] as number) | 2;
    received.send(response);
  };
  const cases: [(received: Received) => void, RegExp][] = [
    [overTcp(({ send }) => send(Buffer.alloc(12))), /sent a message that was no answer/],
    [overTcp(({ hangUp }) => hangUp()), /closed the connection without an answer|ECONNRESET/],
    [overTcp(breaking), /sent a broken answer/],
    [overTcp(silent), /did not answer in time/],
  ];
  for (const [behaviour, reason] of cases) {
    const use = async (upstreams: Upstreams) => assert.rejects(upstreams.ask(ask('a.example')), reason);
    await asking([behaviour], use, reason.source.includes('in time') ? { timeoutMs: 300 } : longTimeouts);
  }
});

test('when one upstream is silent, refuses, or fails, the next is asked', async () => {
  const others = [
    silent,
    ({ query, send }: Received) => send(failureTo(query, 2)),
    ({ query, send }: Received) => send(failureTo(query, 5)),
    breaking,
  ];
  for (const other of others) {
    await asking(
      [other, proper],
      async (upstreams) => assert.equal(await addressOf(upstreams), '192.0.2.1'),
      {
        tryTimeoutMs: 300,
      },
    );
  }
});

test('when no upstream answers, the failure says what became of each', async () => {
  const failing = ({ query, send }: Received) => send(failureTo(query, 2));
  const use = async (upstreams: Upstreams, servers: OddNameServer[]) => {
    const [first = '', second = ''] = servers.map(({ address }) => formatUpstream(address));
    await assert.rejects(upstreams.ask(ask('a.example')), (error) => {
      assert.ok(error instanceof UpstreamError);
      assert.ok(error.message.includes(`${first} sent a broken answer`), error.message);
      assert.ok(error.message.includes(`${second} answered SERVFAIL`), error.message);
      return true;
    });
    assert.deepEqual(
      servers.map(({ received }) => received.length),
      [2, 1],
      'an upstream that answered that it has no answer is not asked twice',
    );
    assert.equal(upstreams.stats().failures, 1);
  };
  await asking([breaking, failing], use, longTimeouts);
});

test('one that is silent is asked again, over TCP too, and is a failure when the time is over', async () => {
  const use = async (upstreams: Upstreams, [server]: OddNameServer[]) => {
    await assert.rejects(upstreams.ask(ask('a.example')), /did not answer in time/);
    const asked = (over: string) => server?.received.filter((each) => each.over === over).length ?? 0;
    assert.ok(
      asked('udp') >= 2 && asked('tcp') === 1,
      `${asked('udp')} times UDP, ${asked('tcp')} times TCP`,
    );
  };
  await asking([silent], use, { tryTimeoutMs: 20, timeoutMs: 500 });
});

test('an answer that comes late counts, also when others have been asked meanwhile', async () => {
  let held: Received | undefined;
  const slow = (received: Received) => (held ??= received);
  // It never answers; that it is asked shows that the time of the first is over.
  const next = () => proper(held as Received);
  const use = async (upstreams: Upstreams, [first]: OddNameServer[]) => {
    assert.equal(await addressOf(upstreams), '192.0.2.1');
    assert.equal(first?.received.length, 1);
  };
  await asking([slow, next], use, { ...longTimeouts, tryTimeoutMs: 20 });
});

test('one that always takes longer than a try is answered, and asked with the same query again', async () => {
  let queries = 0;
  const slow = (received: Received) => {
    if (received.over === 'udp' && ++queries % 3 === 0) proper(received);
  };
  const use = async (upstreams: Upstreams, [server]: OddNameServer[]) => {
    for (const name of ['a.example', 'b.example'])
      assert.equal(await addressOf(upstreams, name), '192.0.2.1');
    const udp = server?.received.filter(({ over }) => over === 'udp') ?? [];
    assert.equal(new Set(udp.map(({ from }) => from)).size, 2);
    assert.ok(udp[0]?.query.equals(udp[2]?.query as Buffer));
  };
  await asking([slow], use, { ...longTimeouts, tryTimeoutMs: 20 });
});

test('where UDP does not get through, TCP is tried, and then at once', async () => {
  const tcpOnly = (received: Received) => {
    if (received.over === 'tcp') proper(received);
  };
  const use = async (upstreams: Upstreams, [server]: OddNameServer[]) => {
    // The first time it may have been lost.
    for (let time = 0; time < 2; time++) assert.equal(await addressOf(upstreams), '192.0.2.1');
    const udp = server?.received.filter(({ over }) => over === 'udp') ?? [];
    assert.equal(new Set(udp.map(({ from }) => from)).size, 2);
    const before = server?.received.length ?? 0;
    for (let time = 0; time < 3; time++) assert.equal(await addressOf(upstreams), '192.0.2.1');
    assert.deepEqual(
      server?.received.slice(before).map(({ over }) => over),
      ['tcp', 'tcp', 'tcp'],
    );
  };
  await asking([tcpOnly], use, { ...longTimeouts, tryTimeoutMs: 250 });
});

test('where no server is at the port of UDP, TCP is tried without waiting', async () => {
  const server = createServer((socket) => {
    socket.on('data', (bytes: Buffer) => {
      const response = responseTo(bytes.subarray(2));
      socket.end(Buffer.concat([Buffer.from([response.length >> 8, response.length & 255]), response]));
    });
  });
  server.listen(await freePort(), '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const upstreams = new Upstreams({ addresses: [{ host: '127.0.0.1', port }], ...longTimeouts });
    assert.equal(await addressOf(upstreams), '192.0.2.1');
  } finally {
    server.close();
  }
});

test('when TCP no longer gets through to one that was asked over it, UDP is tried again', async () => {
  let open: 'udp' | 'tcp' = 'tcp';
  const oneWay = (received: Received) => {
    if (received.over === open) proper(received);
  };
  const use = async (upstreams: Upstreams, [server]: OddNameServer[]) => {
    for (let time = 0; time < 3; time++) assert.equal(await addressOf(upstreams), '192.0.2.1');
    assert.equal(server?.received.at(-1)?.over, 'tcp');
    open = 'udp';
    assert.equal(await addressOf(upstreams), '192.0.2.1');
    const before = server?.received.length ?? 0;
    assert.equal(await addressOf(upstreams), '192.0.2.1');
    assert.deepEqual(
      server?.received.slice(before).map(({ over }) => over),
      ['udp'],
    );
  };
  await asking([oneWay], use, { ...longTimeouts, tryTimeoutMs: 250 });
});

test('one that is to be asked over TCP is asked over nothing else', async () => {
  await using server = await OddNameServer.start(proper);
  const upstreams = new Upstreams({ addresses: [{ ...server.address, tcp: true }], ...longTimeouts });
  assert.equal(await addressOf(upstreams), '192.0.2.1');
  assert.deepEqual(
    server.received.map(({ over }) => over),
    ['tcp'],
  );
});

test('that checking is disabled, and that signatures are wanted, is passed on', async () => {
  await asking([proper], async (upstreams, [server]) => {
    for (const [checkingDisabled, dnssec] of [
      [true, false],
      [false, true],
    ] as const) {
      await upstreams.ask(ask('a.example'), { recursion: true, checkingDisabled, dnssec });
      const { flag_rd, flag_cd, additionals } = dnsPacket.decode(server?.received.at(-1)?.query as Buffer);
      const [opt] = additionals ?? [];
      assert.ok(opt?.type === 'OPT');
      assert.deepEqual([flag_rd, flag_cd, opt.flag_do], [true, checkingDisabled, dnssec]);
    }
  });
});

test('a port without a server is known at once, without waiting', async () => {
  const upstreams = new Upstreams({ addresses: [unused], tryTimeoutMs: 600_000, timeoutMs: 600_000 });
  await assert.rejects(upstreams.ask(ask('a.example')), /127\.0\.0\.1:1 could not be asked \(ECONNREFUSED\)/);
});

test('an address that cannot be reached at all is a failure like others', async () => {
  // Nothing can be sent to a broadcast address, or over an interface that is not there.
  for (const host of ['255.255.255.255', 'fe80::1%nowhere']) {
    await asking([proper], async (_upstreams, [server]) => {
      assert.ok(server !== undefined);
      const both = new Upstreams({ addresses: [{ host, port: 53 }, server.address], tryTimeoutMs: 1_000 });
      assert.equal(await addressOf(both), '192.0.2.1', host);
    });
  }
});

test('an upstream that only refers to other servers is passed over', async () => {
  const referring = ({ query, send }: Received) =>
    send(
      responseTo(query, {
        answers: [],
        authorities: [{ type: 'NS', name: 'example', ttl: 60, data: 'ns.example' }],
      }),
    );
  await asking(
    [referring, proper],
    async (upstreams) => assert.equal(await addressOf(upstreams), '192.0.2.1'),
    longTimeouts,
  );
  await asking(
    [referring],
    async (upstreams) => assert.rejects(addressOf(upstreams), /does not ask others/),
    longTimeouts,
  );
});

test('an upstream that gave no answer is asked last for a while', async () => {
  const use = async (upstreams: Upstreams, [first, second]: OddNameServer[]) => {
    for (let time = 0; time < 5; time++) await addressOf(upstreams);
    assert.deepEqual([first?.received.length, second?.received.length], [1, 5]);
  };
  await asking([breaking, proper], use, longTimeouts);
});

test('one that cannot read EDNS is asked without it, and remembered', async () => {
  const old = ({ query, send }: Received) =>
    send(query.readUInt16BE(10) > 0 ? failureTo(query, 1) : responseTo(query));
  await asking([old], async (upstreams, [server]) => {
    await addressOf(upstreams);
    await addressOf(upstreams);
    assert.deepEqual(
      server?.received.map(({ query }) => query.readUInt16BE(10)),
      [1, 0, 0],
    );
  });
});

test('only so many questions are asked at once; the others wait, and have their turn', async () => {
  const waiting: Received[] = [];
  await asking(
    [(received) => waiting.push(received)],
    async (upstreams) => {
      const answers = Array.from({ length: 10 }, (_, index) => addressOf(upstreams, `n${index}.example`));
      for (let answered = 0; answered < 10; answered++) {
        await eventually('a question comes', () => waiting.length > answered);
        assert.ok(waiting.length <= answered + 3, `${waiting.length} were asked, ${answered} answered`);
        proper(waiting[answered] as Received);
      }
      assert.equal((await Promise.all(answers)).length, 10);
      const late = addressOf(upstreams, 'late.example');
      await eventually('there is room again', () => waiting.length > 10);
      proper(waiting[10] as Received);
      await late;
    },
    { maxInFlight: 3, ...longTimeouts },
  );
});

test('stopping ends what is being asked, and leaves nothing open', async () => {
  await assertNothingLeft(async () => {
    await asking(
      [silent],
      async (upstreams, [server]) => {
        const questions = ['a', 'b'].map((name) => upstreams.ask(ask(name)));
        await eventually('both are asked', () => server?.received.length === 2);
        upstreams.stop();
        for (const question of questions) await assert.rejects(question, UpstreamError);
      },
      longTimeouts,
    );
  });
});

test('a TTL that would be negative is 0', async () => {
  const odd = ({ query, send }: Received) => {
    const response = responseTo(query);
    // Behind it are the length and the address.
    response.writeUInt32BE(0x8000_0000, response.length - 10);
    send(response);
  };
  await asking([odd], async (upstreams) => {
    const { answers } = await upstreams.ask(ask('a.example'));
    assert.deepEqual([answers.map(({ ttl }) => ttl), answers.map(dataText)], [[0], ['192.0.2.1']]);
  });
});

test('a question that is stopped as soon as it is asked fails', async () => {
  await asking([proper], async (upstreams) => {
    const question = upstreams.ask(ask('a.example'));
    upstreams.stop();
    await assert.rejects(question, UpstreamError);
    await assert.rejects(upstreams.ask(ask('a.example')), UpstreamError);
  });
});

test('unbound and dnsmasq are asked, and a long answer comes over TCP', {
  skip: without('unbound', 'dnsmasq'),
}, async () => {
  const texts = Array.from({ length: 20 }, (_, index) => `big IN TXT "${String(index).padStart(200, 'x')}"`);
  const zone = `$ORIGIN example.\n$TTL 60\n@ IN SOA ns admin 1 2 3 4 5\n@ IN NS ns\n${texts.join('\n')}\n`;
  await using unbound = await startUnbound({ zones: { example: zone } });
  await using dnsmasq = await startDnsmasq(['--address=/mas.example/192.0.2.7']);
  const ofUnbound = new Upstreams({ addresses: [parseUpstream(unbound.upstream)] });
  const big = await ofUnbound.ask(ask('big.example', types.TXT));
  assert.equal(big.answers.length, 20);
  const ofBoth = new Upstreams({ addresses: [unused, parseUpstream(dnsmasq.upstream)] });
  assert.equal(await addressOf(ofBoth, 'mas.example'), '192.0.2.7');
});

test('an upstream is an address with or without a port', () => {
  const cases: [string, string, number][] = [
    ['192.0.2.1', '192.0.2.1', 53],
    ['192.0.2.1:5353', '192.0.2.1', 5_353],
    ['::1', '::1', 53],
    ['[2001:db8::1]:54', '2001:db8::1', 54],
    ['[::1]', '::1', 53],
    ['fe80::1%eth0', 'fe80::1%eth0', 53],
  ];
  for (const [text, host, port] of cases) {
    assert.deepEqual(parseUpstream(text), { host, port });
    assert.deepEqual(parseUpstream(formatUpstream({ host, port })), { host, port });
  }
  for (const text of [
    '',
    'name',
    'name:53',
    '192.0.2.1:0',
    '192.0.2.1:70000',
    '192.0.2.1:',
    '[::1',
    ':53',
    '1.2.3.4:5:6',
  ]) {
    assert.throws(() => parseUpstream(text), OptionError, text);
  }
});
