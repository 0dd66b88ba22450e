import { logSettings } from '@zocalo/command/log';
import { addFlag, givenFlags } from '@zocalo/command/settings';
import type { Command } from 'commander';
import type { Setting } from 'zocalo/service';

const ringSetting: Setting = {
  name: 'ring',
  type: { kind: 'text' },
  placeholder: 'file',
  help: 'the nodes of the ring, the same file for all',
  default: 'ring.toml',
};

const idSetting: Setting = {
  name: 'id',
  type: { kind: 'whole', least: 0, most: 65_535 },
  placeholder: 'n',
  help: 'which of the nodes this is; with --listen, an ID that the file does not have',
  default: undefined,
};

const nodeSettings: readonly Setting[] = [
  idSetting,
  ringSetting,
  {
    name: 'join',
    type: { kind: 'text' },
    placeholder: 'host:port',
    help: 'a node of the ring to ask for its nodes, instead of --ring',
    default: undefined,
  },
  {
    name: 'listen',
    type: { kind: 'text' },
    placeholder: 'host:port',
    help: 'join as a guest, and listen there: an address that the other nodes can reach',
    default: undefined,
  },
  {
    name: 'messages',
    type: { kind: 'text' },
    placeholder: 'file',
    help: 'the messages to send (default: none)',
    default: undefined,
  },
  {
    name: 'follow',
    type: { kind: 'switch' },
    placeholder: '',
    help: 'go on reading the messages as lines are appended, until the ring ends',
    default: undefined,
  },
  {
    name: 'new-messages',
    type: { kind: 'switch' },
    placeholder: '',
    help: 'if the file of messages is another one than before, send it from its first line on',
    default: undefined,
  },
  {
    name: 'state',
    type: { kind: 'text' },
    placeholder: 'dir',
    help: 'what the node must not forget, and what was delivered to it',
    default: 'ring-state-N',
  },
  {
    name: 'ring-changed',
    type: { kind: 'switch' },
    placeholder: '',
    help: 'the ring has other nodes than when the state was last used: go on with it',
    default: undefined,
  },
];

const demoSettings: readonly Setting[] = [
  {
    name: 'nodes',
    type: { kind: 'whole', least: 2, most: 16 },
    placeholder: 'n',
    help: 'how many processes',
    default: '5',
  },
  {
    name: 'messages',
    type: { kind: 'whole', least: 0, most: 1_000 },
    placeholder: 'n',
    help: 'how many messages each of them sends',
    default: '8',
  },
  {
    name: 'hop-delay',
    type: { kind: 'duration' },
    placeholder: 'duration',
    help: 'how long a frame waits before every hop, so that it can be watched',
    default: '60ms',
  },
  {
    name: 'kill',
    type: { kind: 'switch' },
    placeholder: '',
    help: 'kill one of them half-way, and start it again',
    default: undefined,
  },
];

const about = `
Processes on different hosts form a ring over TCP. Two tokens travel it, one
each way; a node sends when a token is with it, and a message goes all the way
round before the token is passed on. The ring survives lost tokens, dead nodes
and cut links; a message arrives once, or is reported as undeliverable.

ring.toml, the same for every node; nodes stand in ring order, clockwise:
  name = "plaza"
  deputies = [1]           # who may end the ring when node 0 is gone
  window = 1               # messages on their lap at once, per token
  durable = true           # false: faster; a power failure may lose messages
  [[nodes]]
  id = 0
  host = "192.0.2.10"
  port = 7400
  [[nodes]]
  id = 1
  host = "192.0.2.11"
  port = 7400

A message file has one message a line, DESTINATION text; * is all nodes. The
ring trusts its network: a program that reaches the ports can disturb it.

Examples:
  zocalo ring demo --kill
  zocalo ring node --id 0 --messages messages.txt --state /var/lib/ring-0
  zocalo ring status
  zocalo ring stop --now --ring plaza.toml`;

const nodeHelp = `
Messages, one a line: DESTINATION text. The destination may end in > for the
clockwise token, < for the other, <> for either with the order kept; without it
the token with the shorter way takes it. * is all nodes. After a space all is
text:
  2 the shorter way
  2> clockwise
  2 > the shorter way, and a text that begins with >
  * to all nodes, each of them once
Lines that begin with # are comments. A last line without a line end may still
be being written, and is sent when it has one. A node that is started again says
how many lines were sent before, and goes on behind them: lines may be appended,
but those that are there must stay as they are. Another file needs
--new-messages, or a --state of its own.

A node that the file does not have can join a running ring, as a guest: it takes
part in everything, but does not count for the majority without which the ring
does not go on, and cannot end it.
  zocalo ring node --id 9 --join 192.0.2.10:7400 --listen 192.0.2.19:7400

What is delivered is in deliveries.log of the state directory, one message a
line: number, source, line in the source's file, text. stdout gets one line at
the end. SIGTERM and Ctrl-C take the node out of the ring on purpose; a second
one ends it at once.

Exit status: 0 when the ring ended or the node left, 1 when something failed.`;

/** `zocalo ring`. */
export function define(command: Command): void {
  command
    .description('A ring of processes with two tokens that survives its faults.')
    .usage('<command> [flags]');
  command.helpCommand(false).addHelpText('after', about);

  const node = command.command('node').summary('run one node of a ring').usage('--id N [flags]');
  node.description('Run one node of a ring until the ring ends.');
  for (const setting of nodeSettings) addFlag(node, setting, 'Options:');
  for (const setting of logSettings) addFlag(node, setting, 'Output:');
  node.addHelpText('after', nodeHelp).action(async () => {
    const { runNode } = await import('./node.ts');
    process.exit(await runNode(givenFlags(node)));
  });

  const demo = command.command('demo').summary('start a ring on this machine and watch it').usage('[flags]');
  demo.description(
    'Start a ring of processes on loopback, with sample messages, and draw it until it is done.',
  );
  for (const setting of demoSettings) addFlag(demo, setting, 'Options:');
  demo.action(async () => {
    const { runDemo } = await import('./demo.ts');
    process.exit(await runDemo(givenFlags(demo)));
  });

  const stop = command.command('stop').summary('end a ring, through node 0').usage('[flags]');
  stop.description('End a ring through node 0, or its first deputy that can be reached.');
  addFlag(stop, ringSetting, 'Options:');
  addFlag(
    stop,
    {
      name: 'now',
      type: { kind: 'switch' },
      placeholder: '',
      help: 'without waiting until all messages are delivered',
      default: undefined,
    },
    'Options:',
  );
  stop.action(async () => {
    const { stopRing } = await import('./stop.ts');
    process.exit(await stopRing(givenFlags(stop)));
  });

  const status = command.command('status').summary('what the nodes of a ring are doing').usage('[flags]');
  status.description('Ask every node of a ring what it is doing. Exit status 1 when one does not answer.');
  addFlag(status, ringSetting, 'Options:');
  status.action(async () => {
    const { showStatus } = await import('./status.ts');
    process.exit(await showStatus(givenFlags(status)));
  });
}
