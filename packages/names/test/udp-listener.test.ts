import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { soon } from '@zocalo/test-support/eventually.ts';
import { assertNothingLeft } from '@zocalo/test-support/leftovers.ts';
import { freePort } from '@zocalo/test-support/name-servers.ts';
import dnsPacket from 'dns-packet';
import { UdpListener } from '../src/udp-listener.ts';
import { opt, queryMessage } from './support/messages.ts';

/** Sends a message to an address from the loopback, to which the system would answer from there; the reply, and where it came from. */
async function ask(host: string, port: number, message: Buffer): Promise<{ reply: Buffer; from: string }> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind(0, host.includes(':') ? '::1' : '127.0.0.1');
    socket.send(message, port, host);
    const [reply, { address }] = (await soon(`${host} answers`, once(socket, 'message'))) as [
      Buffer,
      { address: string },
    ];
    return { reply, from: address };
  } finally {
    socket.close();
  }
}

/** The addresses of this machine, those of a link alone left out. */
const addresses = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .filter(({ scopeid }) => scopeid === undefined || scopeid === 0);

for (const host of ['0.0.0.0', '::']) {
  test(`at ${host} an answer comes from the address that was asked`, async (t) => {
    const asked = addresses.filter(({ family }) => host === '::' || family === 'IPv4');
    if (host === '::' && !asked.some(({ family }) => family === 'IPv6'))
      return t.skip('there is no IPv6 here');
    await assertNothingLeft(async () => {
      const port = await freePort();
      const listener = await UdpListener.open(host, port);
      try {
        for (const { address } of asked) {
          const { reply, from } = await ask(address, port, queryMessage('a.example'));
          assert.equal(from, address);
          assert.equal(dnsPacket.decode(reply).flag_tc, true);
        }
        assert.equal(listener.answered, asked.length);
      } finally {
        await listener.close();
      }
    });
  });
}

test('at an address of its own it answers only there, and reports what was asked', async () => {
  const port = await freePort();
  const names: string[] = [];
  const listener = await UdpListener.open('127.0.0.2', port, (name) => names.push(name));
  try {
    assert.equal((await ask('127.0.0.2', port, queryMessage('a.example'))).from, '127.0.0.2');
    assert.deepEqual(names, ['a.example']);
  } finally {
    await listener.close();
  }
});

test('an operation that is not implemented is answered so, with an OPT record if there was one', async () => {
  const port = await freePort();
  const listener = await UdpListener.open('127.0.0.1', port);
  try {
    for (const additionals of [[], [opt()]]) {
      const notify = queryMessage('a.example', { additionals });
      notify.writeUInt16BE(4 << 11, 2);
      const { reply } = await ask('127.0.0.1', port, notify);
      const { rcode, additionals: said } = dnsPacket.decode(reply) as dnsPacket.DecodedPacket & {
        rcode: string;
      };
      assert.deepEqual([rcode, said?.length], ['NOTIMP', additionals.length]);
      assert.ok(reply.length <= notify.length);
    }
  } finally {
    await listener.close();
  }
});
