import assert from 'node:assert/strict';
import test from 'node:test';
import { sendTo } from '../../src/services/ring/protocol/custody.ts';
import type { Message } from '../../src/services/ring/protocol/event.ts';
import { FrameType, frameOf } from '../../src/services/ring/protocol/frame.ts';
import { onward } from '../../src/services/ring/protocol/travel.ts';
import { Invariants } from '../../src/services/ring/simulator/invariants.ts';
import { type Process, World } from '../../src/services/ring/simulator/world.ts';

/** A ring of so many nodes that stands, under the virtual clock, with every invariant watched. */
function standing(nodes: number, files: Message[][] = []): World {
  const invariants = new Invariants(nodes, 1);
  const all = Array.from({ length: nodes }, (_, id) => files[id] ?? []);
  const world = new World({ seed: 1, nodes, window: 1, pace: 5, files: all }, invariants);
  invariants.world = world;
  for (let id = 0; id < nodes; id++) world.start(id);
  world.runUntil(400);
  for (const process of world.processes) assert.equal(process.node.state, 'ring');
  return world;
}

function node(world: World, id: number): Process {
  const process = world.listening[id];
  assert.ok(process, `node ${id} runs`);
  return process;
}

function membersSeenBy(world: World, id: number): number[] | undefined {
  return node(world, id).node.view?.members.map((member) => member.id);
}

function message(number: number, destination: number): Message {
  return { number, destination, stream: 0, payload: Uint8Array.of(number) };
}

/** Drops the frame that a node holds, or is next to get, of a type: it never comes. */
function loseTokens(world: World): void {
  for (const { node } of world.processes) {
    for (const lane of node.lanes) lane.held = false;
    for (const peer of node.peers.values()) {
      peer.custody = peer.custody.map((frame) =>
        frame.type === FrameType.TOKEN
          ? frameOf(FrameType.PRESENT, { source: node.id, linkNumber: frame.linkNumber })
          : frame,
      );
    }
  }
}

test('lost tokens are made again, in a new epoch', () => {
  const world = standing(3);
  const before = node(world, 0).node.promised;
  const taken = () => node(world, 2).node.counts.tokens;
  for (let round = 0; round < 4; round++) {
    loseTokens(world);
    world.runUntil(world.now + 2);
  }
  world.runUntil(world.now + 1500);
  const then = taken();
  world.runUntil(world.now + 200);
  assert.ok(taken() > then, 'tokens come by again');
  assert.ok(node(world, 0).node.promised > before);
});

test('a second copy of a token dies at the first node that has had it', () => {
  const world = standing(3);
  const last = node(world, 1).lastToken;
  assert.ok(last);
  const from = node(world, 1).node.links.get(last.link)?.id ?? -1;
  const views = node(world, 1).node.counts.views;
  world.force(node(world, from), (sender) => {
    const peer = sender.peers.get(1);
    if (peer !== undefined) sendTo(sender, peer, { ...last.frame });
  });
  world.runUntil(world.now + 1000);
  assert.equal(node(world, 1).node.counts.views, views, 'no recovery was needed');
});

test('a dead node is bypassed, and taken in again when it is back', () => {
  const world = standing(4);
  world.crash(node(world, 2), false);
  world.runUntil(world.now + 300);
  assert.deepEqual(membersSeenBy(world, 0), [0, 1, 3]);
  world.restart(2);
  world.runUntil(world.now + 1000);
  assert.deepEqual(membersSeenBy(world, 2), [0, 1, 2, 3]);
});

test('neighbours that live but do not reach each other are the ends of a wrapped ring, until they do', () => {
  const world = standing(4);
  world.cut(1, 2, 1);
  world.runUntil(world.now + 1200);
  assert.deepEqual(membersSeenBy(world, 0), [2, 3, 0, 1]);
  assert.equal(node(world, 0).node.view?.wrapped, true);
  const tokens = node(world, 3).node.counts.tokens;
  world.runUntil(world.now + 300);
  assert.ok(node(world, 3).node.counts.tokens > tokens, 'the one token goes round');
  world.cut(1, 2, -1);
  world.runUntil(world.now + 5000);
  assert.equal(node(world, 0).node.view?.wrapped, false);
});

test('when the ring parts in two the majority goes on, and the minority freezes and says so', () => {
  const world = standing(5);
  for (const one of [0, 1]) {
    for (const other of [2, 3, 4]) {
      world.cut(one, other, 1);
      world.cut(other, one, 1);
    }
  }
  world.runUntil(world.now + 1500);
  assert.deepEqual(membersSeenBy(world, 3), [2, 3, 4]);
  assert.notEqual(node(world, 0).node.state, 'ring');
  const said = world.reports.find(({ process, report }) => process.id === 0 && report.type === 'frozen');
  assert.deepEqual(said?.report, { type: 'frozen', reached: [0, 1], needed: 3 });
});

test('of two processes with one ID the one at its address stays, and the other ends with an error', () => {
  const world = standing(3);
  const rightful = node(world, 1);
  const impostor = world.start(1, true);
  world.runUntil(world.now + 4000);
  assert.equal(impostor.ended?.status, 1);
  assert.match(impostor.ended?.reason ?? '', /another process uses the ID 1/);
  assert.equal(rightful.node.state, 'ring');
});

test('a newcomer that cannot be dialled asks to join, and the ring is not halted for it; its rightful owner gets in', () => {
  const world = standing(3);
  world.crash(node(world, 2), false);
  world.runUntil(world.now + 1000);
  const views = () => node(world, 0).node.counts.views;
  const before = views();
  const unreachable = world.start(2, true);
  world.runUntil(world.now + 5000);
  const asked = [0, 1].map((id) => unreachable.node.peers.get(id)?.askedAt ?? 0);
  assert.ok(Math.min(...asked) > 2000, `it has asked both, last at ${asked}`);
  assert.equal(views(), before);
  world.restart(2);
  world.runUntil(world.now + 1000);
  assert.deepEqual(membersSeenBy(world, 0), [0, 1, 2]);
  assert.equal(node(world, 2).node.state, 'ring');
});

test('a message to a node that is gone is undeliverable, and those to others are not held up', () => {
  const world = standing(3, [[], [], [message(1, 9), message(2, 0), ...later(3, 40, 1), message(41, 0)]]);
  world.crash(node(world, 1), false);
  world.runUntil(world.now + 12_000);
  const outcomes = new Map<number, string>();
  for (const { report } of world.reports) {
    if (report.type === 'done' || report.type === 'undeliverable') outcomes.set(report.message, report.type);
  }
  assert.equal(outcomes.get(1), 'undeliverable', 'no such node');
  assert.equal(outcomes.get(2), 'done');
  assert.equal(outcomes.get(40), 'undeliverable');
  assert.equal(outcomes.get(41), 'done');
});

function later(first: number, last: number, destination: number): Message[] {
  return Array.from({ length: last - first + 1 }, (_, index) => message(first + index, destination));
}

test('node 0 ends the ring; when it is gone a deputy does, and before that it may not', () => {
  const world = standing(3);
  world.tell(node(world, 1), { type: 'stop', at: 0, now: true });
  const refused = world.reports.find(({ report }) => report.type === 'command-refused')?.report;
  assert.match(refused?.type === 'command-refused' ? refused.reason : '', /node 0 is there/);
  world.crash(node(world, 0), false);
  world.runUntil(world.now + 500);
  const left = [node(world, 1), node(world, 2)];
  world.tell(node(world, 1), { type: 'stop', at: 0, now: false });
  world.runUntil(world.now + 1000);
  for (const { ended } of left) assert.equal(ended?.status, 0);
});

test('a node that leaves on purpose is missed by nobody for long', () => {
  const world = standing(4);
  const leaver = node(world, 3);
  world.tell(leaver, { type: 'leave', at: 0 });
  world.runUntil(world.now + 400);
  assert.equal(leaver.ended?.reason, 'left the ring');
  assert.deepEqual(membersSeenBy(world, 0), [0, 1, 2]);
});

test('a frame that no origin takes back is stripped by the monitor when it passes again', () => {
  const world = standing(4);
  const { promised, view } = node(world, 1).node;
  world.force(node(world, 1), (sender) => {
    onward(
      sender,
      frameOf(FrameType.DATA, { epoch: promised, source: 99, destination: 98, message: 7, hops: 1 }),
    );
  });
  world.runUntil(world.now + 300);
  const stripped = world.reports.filter(({ report }) => report.type === 'stripped');
  assert.deepEqual(
    stripped.map(({ process, report }) => ({ by: process.id, ...report })),
    [{ by: view?.monitor, type: 'stripped', source: 99, message: 7 }],
  );
});

test('a message whose predecessor is missing is not copied', () => {
  const world = standing(3);
  const { promised } = node(world, 0).node;
  const send = (number: number, previous: number) =>
    world.force(node(world, 0), (sender) => {
      const fields = { epoch: promised, source: 0, destination: 1, incarnation: 5, hops: 1 };
      onward(sender, frameOf(FrameType.DATA, { ...fields, message: number, previous }));
    });
  send(4, 3);
  world.runUntil(world.now + 100);
  assert.equal(world.disks[1]?.holds(0, 5, 4), false);
  send(3, 0);
  send(4, 3);
  world.runUntil(world.now + 100);
  assert.equal(world.disks[1]?.holds(0, 5, 3), true);
  assert.equal(world.disks[1]?.holds(0, 5, 4), true);
});
