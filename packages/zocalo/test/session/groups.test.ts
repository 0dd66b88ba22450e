import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client, Protocol, ServerInfo } from '../../src/index.ts';
import { Groups } from '../../src/session/groups.ts';
import { type Conversation, type ConverseOptions, converse } from '../../src/testing/index.ts';
import { answering } from './support.ts';

/** `join GROUP`, `leave GROUP`, `say GROUP WORDS` to all, `tell GROUP WORDS` to the others, `size GROUP`. */
function answer(line: string, client: Client): string | undefined {
  const [verb, name = '', ...text] = line.split(' ');
  const group = client.server.group(name);
  if (verb === 'join') client.join(name);
  else if (verb === 'leave') client.leave(name);
  else if (verb === 'say') group.send(`${text.join(' ')}\n`);
  else if (verb === 'tell') group.send(`${text.join(' ')}\n`, { except: client });
  else return `${group.size}\n`;
  return 'done\n';
}
const protocol: Protocol<string> = answering(answer);

/** Several clients of one server. */
function clients(count: number, options: ConverseOptions = {}, speaking = protocol): Conversation[] {
  const first = converse(speaking, options);
  const others = Array.from({ length: count - 1 }, () =>
    converse(speaking, { ...options, server: first.client.server }),
  );
  return [first, ...others];
}

async function ask(talk: Conversation | undefined, line: string): Promise<string | undefined> {
  talk?.send(`${line}\n`);
  return talk?.receive();
}

test('what is sent to a group reaches all of its members, and no other client', async () => {
  const [ana, bea, eva] = clients(3);
  for (const talk of [ana, bea]) assert.equal(await ask(talk, 'join room'), 'done\n');
  assert.equal(await ask(eva, 'say room hello'), 'done\n');
  assert.equal(await ana?.receive(), 'hello\n');
  assert.equal(await bea?.receive(), 'hello\n');
  assert.equal(await eva?.receive(), '');
});

test('a member hears itself before its answer, unless it is left out', async () => {
  const [ana, bea] = clients(2);
  for (const talk of [ana, bea]) await ask(talk, 'join room');
  assert.equal(await ask(ana, 'say room hello'), 'hello\ndone\n');
  assert.equal(await ask(ana, 'tell room again'), 'done\n');
  assert.equal(await bea?.receive(), 'hello\nagain\n');
});

test('a client that leaves a group, or the server, is no longer a member', async () => {
  const [ana, bea, eva] = clients(3);
  for (const talk of [ana, bea, eva]) await ask(talk, 'join room');
  assert.equal(await ask(ana, 'size room'), '3\n');
  await ask(bea, 'leave room');
  assert.equal(await ask(ana, 'size room'), '2\n');
  eva?.reset();
  assert.equal(await ask(ana, 'size room'), '1\n');
  assert.equal(await ask(ana, 'say room anybody?'), 'anybody?\ndone\n');
  assert.equal(await bea?.receive(), '');
  ana?.end();
  await ana?.settle();
  assert.equal(await ask(bea, 'size room'), '0\n');
});

test('joining twice is joining once, and leaving what one is not in is nothing', async () => {
  const [ana] = clients(1);
  await ask(ana, 'leave room');
  await ask(ana, 'join room');
  await ask(ana, 'join room');
  assert.equal(await ask(ana, 'size room'), '1\n');
  assert.equal(await ask(ana, 'say room once'), 'once\ndone\n');
  await ask(ana, 'leave room');
  assert.equal(await ask(ana, 'say room never'), 'done\n');
});

test('a client can be in many groups, which have nothing to do with each other', async () => {
  const [ana, bea] = clients(2);
  for (const name of ['a', 'b', '__proto__']) await ask(ana, `join ${name}`);
  await ask(bea, 'join b');
  await ask(bea, 'leave a');
  assert.equal(await ask(bea, 'say a to a'), 'done\n');
  assert.equal(await ask(bea, 'tell b to b'), 'done\n');
  assert.equal(await ask(bea, 'say __proto__ to it'), 'done\n');
  assert.equal(await ana?.receive(), 'to a\nto b\nto it\n');
});

test('in close, a client has left its groups already', async () => {
  const sizes: (number | undefined)[] = [];
  const leaving: Protocol<string> = {
    ...protocol,
    close(client) {
      const room = client.server.group('room');
      sizes.push(room.size);
      room.send(`${client.id} has left\n`);
      client.join('room');
      sizes.push(room.size);
    },
  };
  const [ana, bea] = clients(2, {}, leaving);
  for (const talk of [ana, bea]) await ask(talk, 'join room');
  bea?.end();
  assert.equal(await ana?.receive(), '2 has left\n');
  assert.deepEqual(sizes, [1, 1]);
});

test('a member that reads nothing is closed, and the others are not affected', async () => {
  const [ana, slow, eva] = clients(3, { maxUnsolicited: 1_000 });
  for (const talk of [ana, slow, eva]) await ask(talk, 'join room');
  slow?.stopReading();
  const said = 'x'.repeat(600);
  for (let i = 0; i < 4; i++) await ask(ana, `tell room ${said}`);
  assert.deepEqual([ana?.closed, slow?.closed, eva?.closed], [undefined, 'overflow', undefined]);
  assert.equal(await eva?.receive(), `${said}\n`.repeat(4));
  assert.equal(await ask(ana, 'size room'), '2\n');
});

test('what a protocol sends because a member was closed comes, for all, after the message that closed it', async () => {
  const leaving: Protocol<string> = {
    ...protocol,
    close: (client, reason) => client.server.group('room').send(`${client.id} ${reason}\n`),
  };
  const all = clients(50, { maxUnsolicited: 1_000 }, leaving);
  for (const talk of all) await ask(talk, 'join room');
  const slow = all.slice(1, 40);
  for (const talk of slow) talk.stopReading();
  const [ana] = all;
  const said = 'x'.repeat(1_000);
  await ask(ana, `say room ${said}`);
  await ask(ana, 'say room over');
  for (const talk of slow) assert.equal(talk.closed, 'overflow');
  const heard = await all.at(-1)?.receive();
  assert.equal(heard, `${said}\nover\n${slow.map((talk) => `${talk.client.id} overflow\n`).join('')}`);
});

test('thousands who are closed at once are no deep recursion', async () => {
  const groups = new Groups();
  let closed = 0;
  for (let id = 1; id <= 20_000; id++) {
    const member = {
      client: { id },
      send(): boolean {
        closed++;
        groups.leaveAll(this);
        groups.group('room').send('gone');
        return false;
      },
      overflow() {},
    };
    groups.join('room', member);
  }
  groups.group('room').send('too much');
  assert.equal(closed, 20_000);
  assert.equal(groups.sizeOf('room'), 0);
});

test('text is encoded once for all', () => {
  const groups = new Groups();
  const heard: Uint8Array[] = [];
  for (const id of [1, 2, 3]) {
    groups.join('room', { client: { id }, send: (bytes) => heard.push(bytes) > 0, overflow() {} });
  }
  groups.group('room').send('hola ñ');
  assert.deepEqual(heard[0], Buffer.from('hola ñ'));
  assert.equal(heard[0], heard[2]);
});

test('a message that is neither text nor bytes ends the conversation of its sender, and of no member', async () => {
  for (const message of [
    5,
    null,
    undefined,
    {},
    { length: 4_096 },
    Promise.resolve('later'),
    new ArrayBuffer(4),
  ]) {
    const speaking = answering((line, client) => {
      if (line === 'join') client.join('room');
      else client.server.group('room').send(message as string);
      return 'done\n';
    });
    const [ana, bea] = clients(2, {}, speaking);
    await ask(bea, 'join');
    await ask(ana, 'say');
    assert.deepEqual([ana?.closed, bea?.closed], ['error', undefined]);
    assert.match(
      String(ana?.errors[0]),
      /^ReplyError: what is sent to a group must be a string or a Uint8Array, not /,
    );
  }
});

test('names, and options of sending, that cannot be used are refused', () => {
  const { client } = converse(protocol);
  for (const name of ['', 5, null, undefined, {}, 'x'.repeat(257)]) {
    const refused = {
      code: 'ERR_OPTION',
      message: /^the name of a group must be a string of 1 to 256 characters, not /,
    };
    assert.throws(() => client.join(name as string), refused);
    assert.throws(() => client.server.group(name as string), refused);
  }
  const room = client.server.group('x'.repeat(256));
  assert.throws(() => room.send('hi', { excpet: client } as never), /did you mean "except"\?/);
  for (const except of [5, 'ana', null, {}, { id: '1' }]) {
    assert.throws(() => room.send('hi', { except: except as never }), { code: 'ERR_OPTION' });
  }
});

test('a server is that of another conversation, or none', () => {
  for (const server of [null, {}, { activeClients: 1 }, 'server']) {
    assert.throws(
      () => converse(protocol, { server: server as ServerInfo }),
      /server must be that of a client of converse/,
    );
  }
  const { server } = converse(protocol).client;
  assert.throws(() => converse(protocol, { server, activeClients: 5 }), /said with the first conversation/);
});

test('clients of one server have numbers of their own, and are counted', async () => {
  const [ana, bea] = clients(2);
  assert.deepEqual([ana?.client.id, bea?.client.id], [1, 2]);
  assert.equal(ana?.client.server.activeClients, 2);
  bea?.reset();
  assert.equal(ana?.client.server.activeClients, 1);
});
