import assert from 'node:assert/strict';
import { test } from 'node:test';
import dnsPacket from 'dns-packet';
import { OptionError } from '../../../../src/errors.ts';
import { types } from '../../../../src/services/names/dns/constants.ts';
import { dataText } from '../../../../src/services/names/dns/record-text.ts';
import {
  formatUpstream,
  parseUpstream,
  systemUpstreams,
} from '../../../../src/services/names/upstream/upstream-address.ts';
import {
  UpstreamError,
  type UpstreamOptions,
  Upstreams,
} from '../../../../src/services/names/upstream/upstreams.ts';
import { eventually } from '../../../support/eventually.ts';
import { leavesNothing } from '../../../support/leftovers.ts';
import { startDnsmasq, startUnbound, without } from '../../../support/name-servers.ts';
import { ask } from '../support/messages.ts';
import { failureTo, OddNameServer, type Received, responseTo } from '../support/odd-name-server.ts';

const proper = ({ query, send }: Received) => send(responseTo(query));
const silent = () => {};
const breaking = ({ query, send }: Received) => send(responseTo(query).subarray(0, -1));
/** Long enough for whatever this machine is busy with: nothing is to be found out by waiting. */
const patient = { tryTimeout: 60_000, timeout: 120_000 };
/** Nobody listens there. */
const nobody = { host: '127.0.0.1', port: 1 };

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
    const { questions: count, failures, inFlight, latencyP50 } = upstreams.stats();
    assert.deepEqual([count, failures, inFlight, latencyP50 > 0], [1, 0, 0, true]);
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

test('an answer from another address is not heard', async () => {
  await using stranger = await OddNameServer.start(silent);
  const viaStranger = (received: Received) => {
    // The stranger answers in place of the one who was asked.
    stranger.sendTo(
      received.from,
      responseTo(received.query, { answers: [{ type: 'A', name: 'a.example', data: '192.0.2.66' }] }),
    );
    setTimeout(() => proper(received), 20);
  };
  await asking([viaStranger], async (upstreams) => assert.equal(await addressOf(upstreams), '192.0.2.1'));
});

test('one who sends many messages that are no answer is given up', async () => {
  const guessing = ({ query, send }: Received) => {
    const wrong = responseTo(query);
    wrong[0] = (wrong[0] as number) ^ 1;
    for (let time = 0; time < 60; time++) send(wrong);
  };
  await asking(
    [guessing, proper],
    async (upstreams) => assert.equal(await addressOf(upstreams), '192.0.2.1'),
    {
      tryTimeout: 60_000,
      timeout: 120_000,
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
    await asking([behaviour], use, reason.source.includes('in time') ? { tryTimeout: 300 } : patient);
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
        tryTimeout: 300,
      },
    );
  }
});

test('when nobody answers, the failure says what became of each', async () => {
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
      'who answered that it has no answer is not asked twice',
    );
    assert.equal(upstreams.stats().failures, 1);
  };
  await asking([breaking, failing], use, patient);
});

test('one that is silent is asked twice, and is a failure in the end', async () => {
  const use = async (upstreams: Upstreams, [server]: OddNameServer[]) => {
    await assert.rejects(upstreams.ask(ask('a.example')), /did not answer in time/);
    assert.equal(server?.received.length, 2);
  };
  await asking([silent], use, { tryTimeout: 100 });
});

test('one that nobody listens at is known at once, without waiting', async () => {
  const upstreams = new Upstreams({ addresses: [nobody], tryTimeout: 600_000, timeout: 600_000 });
  await assert.rejects(upstreams.ask(ask('a.example')), /127\.0\.0\.1:1 could not be asked \(ECONNREFUSED\)/);
});

test('an address that cannot be reached at all is a failure like others', async () => {
  // Nothing can be sent to everybody, or over an interface that is not there.
  for (const host of ['255.255.255.255', 'fe80::1%nowhere']) {
    await asking([proper], async (_upstreams, [server]) => {
      assert.ok(server !== undefined);
      const both = new Upstreams({ addresses: [{ host, port: 53 }, server.address], tryTimeout: 1_000 });
      assert.equal(await addressOf(both), '192.0.2.1', host);
    });
  }
});

test('one that only names others who would know is passed over', async () => {
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
    patient,
  );
  await asking(
    [referring],
    async (upstreams) => assert.rejects(addressOf(upstreams), /does not ask others/),
    patient,
  );
});

test('who gave no answer is asked last for a while', async () => {
  const use = async (upstreams: Upstreams, [first, second]: OddNameServer[]) => {
    for (let time = 0; time < 5; time++) await addressOf(upstreams);
    assert.deepEqual([first?.received.length, second?.received.length], [1, 5]);
  };
  await asking([breaking, proper], use, patient);
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
    { maxInFlight: 3, ...patient },
  );
});

test('stopping ends what is being asked, and leaves nothing open', async () => {
  await leavesNothing(async () => {
    await asking(
      [silent],
      async (upstreams, [server]) => {
        const questions = ['a', 'b'].map((name) => upstreams.ask(ask(name)));
        await eventually('both are asked', () => server?.received.length === 2);
        upstreams.stop();
        for (const question of questions) await assert.rejects(question, UpstreamError);
      },
      patient,
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
  const ofBoth = new Upstreams({ addresses: [nobody, parseUpstream(dnsmasq.upstream)] });
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
  assert.ok(Array.isArray(systemUpstreams()));
});
