import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { Command, type Served, served } from '@zocalo/test-support/command.ts';
import { onTerminal } from '@zocalo/test-support/pseudo-terminal.ts';

const { via, skip } = onTerminal;

function atTerminal(t: TestContext, args: readonly string[]): Command {
  return new Command(t, args, via === undefined ? {} : { via });
}

async function connected(t: TestContext): Promise<{ terminal: Command; server: Served }> {
  const server = await served(t, 'echo', ['--log', 'json']);
  const terminal = atTerminal(t, ['connect', `:${server.port}`]);
  await terminal.printed(/connected to 127\.0\.0\.1:\d+; exit, quit, salir or Ctrl-D ends/);
  return { terminal, server };
}

test('on a terminal there is a prompt, and salir says goodbye', { skip }, async (t) => {
  const { terminal } = await connected(t);
  const plain = () => stripVTControlCharacters(terminal.stdout).replaceAll('\r', '');
  const shown = (text: string) => terminal.until(text, () => plain().endsWith(text) || undefined);
  await shown('ends\n> ');
  terminal.type('hola\r');
  // The prompt that is ready at once makes way for the answer.
  await shown('> hola\n> hola\n> ');
  terminal.type('salir\r');
  await terminal.printed(/goodbye\r\n/);
  assert.equal(await terminal.exited(), 0);
});

test('Ctrl-D on a terminal ends with status 0', { skip }, async (t) => {
  const { terminal } = await connected(t);
  terminal.type('\x04');
  assert.equal(await terminal.exited(), 0);
});

test('Ctrl-C on a terminal ends with the status of an interrupt', { skip }, async (t) => {
  const { terminal } = await connected(t);
  terminal.type('half\x03');
  assert.equal(await terminal.exited(), 130);
});

test('on a terminal the end of the server is reported', { skip }, async (t) => {
  const { terminal, server } = await connected(t);
  await server.command.printed(/"event":"opened"/, 'stderr');
  server.command.signal('SIGTERM');
  await terminal.printed(/closing: the server is shutting down\r\n/);
  await terminal.printed(/zocalo: 127\.0\.0\.1:\d+ closed the connection\r\n/);
  assert.equal(await terminal.exited(), 0);
});

test('Ctrl-C stops a server on its terminal, on a line of its own', { skip }, async (t) => {
  const terminal = atTerminal(t, ['serve', 'echo', '--port', '0']);
  await terminal.printed(/echo: listening on /);
  terminal.type('\x03');
  await terminal.printed(/\^C\r\nzocalo: stopped\r\n/);
  assert.equal(await terminal.exited(), 0);
});

test('on a terminal the log is sentences', { skip }, async (t) => {
  const terminal = atTerminal(t, ['serve', 'echo', '--port', '0']);
  const [, port] = await terminal.printed(/listening on 127\.0\.0\.1:(\d+) /);
  const client = new Command(t, ['connect', port ?? '']);
  await terminal.printed(/INFO: echo: client 1 \(127\.0\.0\.1:\d+\) is in\r\n/);
  client.endInput();
  await terminal.printed(/client 1 \(127\.0\.0\.1:\d+\) is gone: client; 0 messages, 0 B in, 0 B out/);
});
