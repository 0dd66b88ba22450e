import assert from 'node:assert/strict';
import test from 'node:test';
import type { Report } from '../src/protocol/effect.ts';
import type { Message } from '../src/protocol/event.ts';
import { BROADCAST, countsIn, FrameType, frameOf, STREAM_SHIFT } from '../src/protocol/frame.ts';
import { noteEpoch } from '../src/protocol/handshake.ts';
import { isFor } from '../src/protocol/relay.ts';
import { sendOnward } from '../src/protocol/routing.ts';
import { sendTo } from '../src/protocol/unacknowledged.ts';
import { Invariants } from './simulator/invariants.ts';
import type { Process } from './simulator/process.ts';
import { Simulation } from './simulator/simulation.ts';

/** A ring of so many nodes that stands, under the virtual clock, with every invariant watched. */
function standing(nodes: number, files: Message[][] = []): Simulation {
  const invariants = new Invariants(nodes, 1);
  const all = Array.from({ length: nodes }, (_, id) => files[id] ?? []);
  const simulation = new Simulation({ seed: 1, nodes, window: 1, paceMs: 5, files: all }, invariants);
  invariants.simulation = simulation;
  for (let id = 0; id < nodes; id++) simulation.start(id);
  simulation.runUntil(400);
  for (const process of simulation.processes) assert.equal(process.node.state, 'ring');
  return simulation;
}

function node(simulation: Simulation, id: number): Process {
  const process = simulation.listening[id];
  assert.ok(process, `node ${id} runs`);
  return process;
}

function membersSeenBy(simulation: Simulation, id: number): number[] | undefined {
  return node(simulation, id).node.view?.members.map((member) => member.id);
}

function message(number: number, destination: number): Message {
  return { number, destination, stream: 0, payload: Uint8Array.of(number) };
}

/** Drops the frame that a node holds, or is next to get, of a type: it never comes. */
function loseTokens(simulation: Simulation): void {
  for (const { node } of simulation.processes) {
    for (const lane of node.lanes) lane.held = false;
    for (const peer of node.peers.values()) {
      peer.unacknowledged = peer.unacknowledged.map((frame) =>
        frame.type === FrameType.TOKEN
          ? frameOf(FrameType.PRESENT, { source: node.id, linkNumber: frame.linkNumber })
          : frame,
      );
    }
  }
}

test('lost tokens are made again, in a new epoch', () => {
  const simulation = standing(3);
  const before = node(simulation, 0).node.promised;
  const taken = () => node(simulation, 2).node.counts.tokens;
  for (let round = 0; round < 4; round++) {
    loseTokens(simulation);
    simulation.runUntil(simulation.now + 2);
  }
  simulation.runUntil(simulation.now + 1500);
  const then = taken();
  simulation.runUntil(simulation.now + 200);
  assert.ok(taken() > then, 'tokens come by again');
  assert.ok(node(simulation, 0).node.promised > before);
});

test('a second copy of a token dies at the first node that has had it', () => {
  const simulation = standing(3);
  const last = node(simulation, 1).lastToken;
  assert.ok(last);
  const from = node(simulation, 1).node.links.get(last.link)?.id ?? -1;
  const views = node(simulation, 1).node.counts.views;
  simulation.force(node(simulation, from), (sender) => {
    const peer = sender.peers.get(1);
    if (peer !== undefined) sendTo(sender, peer, { ...last.frame });
  });
  simulation.runUntil(simulation.now + 1000);
  assert.equal(node(simulation, 1).node.counts.views, views, 'no recovery was needed');
});

test('a dead node is bypassed, and taken in again when it is back', () => {
  const simulation = standing(4);
  simulation.crash(node(simulation, 2), false);
  simulation.runUntil(simulation.now + 300);
  assert.deepEqual(membersSeenBy(simulation, 0), [0, 1, 3]);
  simulation.restart(2);
  simulation.runUntil(simulation.now + 1000);
  assert.deepEqual(membersSeenBy(simulation, 2), [0, 1, 2, 3]);
});

test('neighbours that live but do not reach each other are the ends of a wrapped ring, until they do', () => {
  const simulation = standing(4);
  simulation.network.cut(1, 2, 1);
  simulation.runUntil(simulation.now + 1200);
  assert.deepEqual(membersSeenBy(simulation, 0), [2, 3, 0, 1]);
  assert.equal(node(simulation, 0).node.view?.wrapped, true);
  const tokens = node(simulation, 3).node.counts.tokens;
  simulation.runUntil(simulation.now + 300);
  assert.ok(node(simulation, 3).node.counts.tokens > tokens, 'the one token goes round');
  simulation.network.cut(1, 2, -1);
  simulation.runUntil(simulation.now + 5000);
  assert.equal(node(simulation, 0).node.view?.wrapped, false);
});

test('when the ring parts in two the majority goes on, and the minority freezes and says so', () => {
  const simulation = standing(5);
  for (const one of [0, 1]) {
    for (const other of [2, 3, 4]) {
      simulation.network.cut(one, other, 1);
      simulation.network.cut(other, one, 1);
    }
  }
  simulation.runUntil(simulation.now + 1500);
  assert.deepEqual(membersSeenBy(simulation, 3), [2, 3, 4]);
  assert.notEqual(node(simulation, 0).node.state, 'ring');
  const said = simulation.reports.find(({ process, report }) => process.id === 0 && report.type === 'frozen');
  assert.deepEqual(said?.report, { type: 'frozen', reached: [0, 1], needed: 3 });
});

test('of two processes with one ID the one at its address stays, and the other ends with an error', () => {
  const simulation = standing(3);
  const rightful = node(simulation, 1);
  const impostor = simulation.start(1, true);
  simulation.runUntil(simulation.now + 4000);
  assert.equal(impostor.ended?.status, 1);
  assert.match(impostor.ended?.reason ?? '', /another process uses the ID 1/);
  assert.equal(rightful.node.state, 'ring');
});

test('a newcomer that cannot be reached asks to join, and the ring is not halted for it; its rightful owner gets in', () => {
  const simulation = standing(3);
  simulation.crash(node(simulation, 2), false);
  simulation.runUntil(simulation.now + 1000);
  const views = () => node(simulation, 0).node.counts.views;
  const before = views();
  const unreachable = simulation.start(2, true);
  simulation.runUntil(simulation.now + 5000);
  const asked = [0, 1].map((id) => unreachable.node.peers.get(id)?.askedAt ?? 0);
  assert.ok(Math.min(...asked) > 2000, `it has asked both, last at ${asked}`);
  assert.equal(views(), before);
  simulation.restart(2);
  simulation.runUntil(simulation.now + 1000);
  assert.deepEqual(membersSeenBy(simulation, 0), [0, 1, 2]);
  assert.equal(node(simulation, 2).node.state, 'ring');
});

test('a message to a node that is gone is undeliverable, and those to others are not held up', () => {
  const simulation = standing(3, []);
  simulation.crash(node(simulation, 1), false);
  simulation.runUntil(simulation.now + 300);
  send(simulation, 2, message(1, 9), message(2, 0), ...later(3, 10, 1), message(11, 0));
  simulation.runUntil(simulation.now + 12_000);
  const outcomes = new Map<number, string>();
  for (const { report } of simulation.reports) {
    if (report.type === 'done' || report.type === 'undeliverable') outcomes.set(report.message, report.type);
  }
  assert.equal(outcomes.get(1), 'undeliverable', 'no such node');
  assert.equal(outcomes.get(2), 'done');
  assert.equal(outcomes.get(10), 'undeliverable');
  assert.equal(outcomes.get(11), 'done');
});

function later(first: number, last: number, destination: number): Message[] {
  return Array.from({ length: last - first + 1 }, (_, index) => message(first + index, destination));
}

test('node 0 ends the ring; when it is gone a deputy does, and before that it may not', () => {
  const simulation = standing(3);
  simulation.dispatch(node(simulation, 1), { type: 'stop', at: 0, now: true });
  const refused = simulation.reports.find(({ report }) => report.type === 'command-refused')?.report;
  assert.match(refused?.type === 'command-refused' ? refused.reason : '', /node 0 is there/);
  simulation.crash(node(simulation, 0), false);
  simulation.runUntil(simulation.now + 500);
  const left = [node(simulation, 1), node(simulation, 2)];
  simulation.dispatch(node(simulation, 1), { type: 'stop', at: 0, now: false });
  simulation.runUntil(simulation.now + 1000);
  for (const { ended } of left) assert.equal(ended?.status, 0);
});

test('the others go on without a node that leaves on purpose, without a wait', () => {
  const simulation = standing(4);
  const leaver = node(simulation, 3);
  simulation.dispatch(leaver, { type: 'leave', at: 0 });
  simulation.runUntil(simulation.now + 400);
  assert.equal(leaver.ended?.reason, 'left the ring');
  assert.deepEqual(membersSeenBy(simulation, 0), [0, 1, 2]);
});

test('a frame that no origin takes back is stripped by the monitor when it passes again', () => {
  const simulation = standing(4);
  const { promised, view } = node(simulation, 1).node;
  simulation.force(node(simulation, 1), (sender) => {
    sendOnward(
      sender,
      frameOf(FrameType.DATA, { epoch: promised, source: 99, destination: 98, message: 7, hops: 1 }),
    );
  });
  simulation.runUntil(simulation.now + 300);
  const stripped = simulation.reports.filter(({ report }) => report.type === 'stripped');
  assert.deepEqual(
    stripped.map(({ process, report }) => ({ by: process.id, ...report })),
    [{ by: view?.monitor, type: 'stripped', source: 99, message: 7 }],
  );
});

test('a message whose predecessor is missing is not copied', () => {
  const simulation = standing(3);
  const { promised } = node(simulation, 0).node;
  const send = (number: number, previous: number) =>
    simulation.force(node(simulation, 0), (sender) => {
      const fields = { epoch: promised, source: 0, destination: 1, incarnation: 5, hops: 1 };
      sendOnward(sender, frameOf(FrameType.DATA, { ...fields, message: number, previous }));
    });
  send(4, 3);
  simulation.runUntil(simulation.now + 100);
  assert.equal(simulation.disks[1]?.holds(0, 5, 4), false);
  send(3, 0);
  send(4, 3);
  simulation.runUntil(simulation.now + 100);
  assert.equal(simulation.disks[1]?.holds(0, 5, 3), true);
  assert.equal(simulation.disks[1]?.holds(0, 5, 4), true);
});

/** Appends messages to the file of a node that has read it to its end. */
function send(simulation: Simulation, id: number, ...messages: Message[]): void {
  (node(simulation, id).disk.file as Message[]).push(...messages);
  simulation.dispatch(node(simulation, id), { type: 'messages', at: 0, messages: [], end: false });
}

/** The outcomes that a node has reported, by message. */
function outcomesAt(simulation: Simulation, id: number): Map<number, Report> {
  const outcomes = new Map<number, Report>();
  for (const { process, report } of simulation.reports) {
    if (process.id !== id) continue;
    if (report.type === 'done' || report.type === 'undeliverable') outcomes.set(report.message, report);
  }
  return outcomes;
}

test('a message waits its own time from its first attempt: those behind one that was given up get theirs', () => {
  const simulation = standing(3, []);
  simulation.crash(node(simulation, 2), false);
  simulation.runUntil(simulation.now + 300);
  send(simulation, 0, ...later(1, 20, 2));
  // The first of those that are left is given up after 500 ms; the others have not been sent yet.
  const given = () =>
    [...outcomesAt(simulation, 0).values()].filter(({ type }) => type === 'undeliverable').length;
  const end = simulation.now + 5_000;
  while (given() === 0 && simulation.now < end) simulation.runUntil(simulation.now + 10);
  simulation.restart(2);
  simulation.runUntil(simulation.now + 3_000);
  assert.equal(given(), 1);
  assert.equal(outcomesAt(simulation, 0).size, 20);
});

test('a message to an ID that is in no view is undeliverable, and not uncertain, also when its attempts are cut short', () => {
  const simulation = standing(3, []);
  simulation.network.narrow(0, 1, 1);
  send(simulation, 0, message(2, 9));
  simulation.runUntil(simulation.now + 6_000);
  const outcome = outcomesAt(simulation, 0).get(2);
  assert.ok(outcome?.type === 'undeliverable');
  assert.deepEqual([outcome.uncertain, outcome.cuts >= 5], [false, true]);
});

test('a message that had arrived when its sender was killed is not called undeliverable, but uncertain', () => {
  const simulation = standing(3, [[], [message(1, 2)]]);
  assert.equal(simulation.disks[2]?.holds(1, simulation.disks[1]?.incarnation ?? 0, 1), true);
  // Its outcome was not on disk yet.
  const disk = simulation.disks[1];
  assert.ok(disk);
  simulation.crash(node(simulation, 2), false);
  simulation.crash(node(simulation, 1), false);
  const finished = disk.records.findIndex(({ type }) => type === 'finished');
  if (finished >= 0) disk.records.splice(finished, 1);
  disk.durable = disk.records.length;
  simulation.restart(1);
  simulation.runUntil(simulation.now + 4_000);
  const outcome = outcomesAt(simulation, 1).get(1);
  assert.equal(outcome?.type === 'undeliverable' && outcome.uncertain, true);
  assert.deepEqual(
    [node(simulation, 1).node.counts.undeliverable, node(simulation, 1).node.counts.uncertain],
    [0, 1],
  );
});

const broadcast = (number: number, source: number): Message => ({
  number,
  destination: source,
  stream: BROADCAST,
  payload: Uint8Array.of(number),
});

test('a broadcast message is done when every configured node has it; one that is away gets it when it is back', () => {
  const simulation = standing(4, [[broadcast(1, 0), broadcast(2, 0), message(3, 1)]]);
  const has = (id: number, number: number) =>
    simulation.disks[id]?.holds(0, simulation.disks[0]?.incarnation ?? 0, number);
  for (const id of [1, 2, 3]) assert.deepEqual([has(id, 1), has(id, 2)], [true, true], `node ${id}`);
  assert.deepEqual(
    [1, 2, 3].map((number) => outcomesAt(simulation, 0).get(number)?.type),
    ['done', 'done', 'done'],
  );

  const again = standing(4, [[], [], [], []]);
  again.crash(node(again, 2), false);
  again.runUntil(again.now + 300);
  const { disk } = node(again, 0);
  send(again, 0, broadcast(1, 0), broadcast(2, 0));
  again.runUntil(again.now + 200);
  const held = (id: number) => [1, 2].map((number) => again.disks[id]?.holds(0, disk.incarnation, number));
  assert.deepEqual(
    [held(1), held(2), held(3)],
    [
      [true, true],
      [false, false],
      [true, true],
    ],
    'none waits for another',
  );
  assert.equal(outcomesAt(again, 0).size, 0);
  again.restart(2);
  again.runUntil(again.now + 1_500);
  assert.deepEqual(held(2), [true, true]);
  assert.deepEqual(
    [1, 2].map((number) => outcomesAt(again, 0).get(number)?.type),
    ['done', 'done'],
  );
});

test('a broadcast message that a dead node does not get is given up, and says which node that is', () => {
  const simulation = standing(3, []);
  simulation.crash(node(simulation, 2), false);
  simulation.runUntil(simulation.now + 300);
  send(simulation, 0, broadcast(1, 0));
  simulation.runUntil(simulation.now + 2_000);
  const outcome = outcomesAt(simulation, 0).get(1);
  assert.deepEqual(outcome?.type === 'undeliverable' ? outcome.missing : undefined, [2]);
});

test('a node that does not know broadcast messages passes them on, and they are not called done', () => {
  // Its part of the protocol: what is not addressed to it goes on as it is.
  const frame = frameOf(FrameType.DATA, {
    source: 0,
    destination: 0,
    flags: BROADCAST << STREAM_SHIFT,
    token: 0x0001_0001,
  });
  assert.deepEqual(countsIn(frame), { seen: 1, copied: 1 });
  const simulation = standing(3, []);
  assert.deepEqual(
    [0, 1, 2].map((id) => isFor(node(simulation, id).node, frame)),
    [false, true, true],
  );
  assert.deepEqual(
    [1, 2].map((id) => frame.destination === id),
    [false, false],
  );
});

for (const epoch of [2 ** 32 - 1, 2 ** 31, 2 ** 31 + 77, 2 ** 32 - 64]) {
  test(`an epoch of ${epoch} that a node hears of does not stop the ring, before or after it stands`, () => {
    const invariants = new Invariants(3, 1);
    const young = new Simulation(
      { seed: 3, nodes: 3, window: 1, paceMs: 5, files: [[], [], []] },
      invariants,
    );
    invariants.simulation = young;
    for (let id = 0; id < 3; id++) noteEpoch(young.start(id).node, epoch);
    young.runUntil(1_500);
    assert.deepEqual(
      young.processes.map(({ node: { state } }) => state),
      ['ring', 'ring', 'ring'],
    );

    const simulation = standing(3);
    for (const id of [0, 1, 2]) noteEpoch(node(simulation, id).node, epoch);
    for (let round = 0; round < 3; round++) {
      simulation.crash(node(simulation, 1), false);
      simulation.runUntil(simulation.now + 1_500);
      simulation.restart(1);
      simulation.runUntil(simulation.now + 1_500);
      assert.deepEqual(membersSeenBy(simulation, 0), [0, 1, 2]);
    }
  });
}

test('a token that rests is woken by a node with something to send; an idle ring passes few tokens', () => {
  const invariants = new Invariants(4, 1);
  const simulation = new Simulation(
    { seed: 2, nodes: 4, window: 1, paceMs: 200, files: [[], [], [], []] },
    invariants,
  );
  invariants.simulation = simulation;
  for (let id = 0; id < 4; id++) simulation.start(id);
  simulation.runUntil(3_000);
  const taken = node(simulation, 2).node.counts.tokens;
  simulation.runUntil(5_000);
  assert.ok(node(simulation, 2).node.counts.tokens - taken < 2 * 2 * 12, 'a lap in 200 ms, with each token');
  for (let round = 1; round <= 10; round++) {
    // At any time of a rest.
    simulation.runUntil(simulation.now + 700 + 37 * round);
    const began = simulation.now;
    send(simulation, 2, message(round, 1));
    while (!outcomesAt(simulation, 2).has(round) && simulation.now < began + 1_000)
      simulation.runUntil(simulation.now + 1);
    assert.ok(simulation.now - began < 110, `${simulation.now - began} ms`);
  }
});

test('a message that a link never carries is given up after some attempts, and others go on', () => {
  const simulation = standing(3, []);
  simulation.network.narrow(0, 1, 1);
  const before = node(simulation, 0).node.counts.views;
  const began = simulation.now;
  send(simulation, 0, message(2, 1), message(3, 1), message(5, 2), message(7, 2));
  simulation.runUntil(simulation.now + 6_000);
  const outcomes = outcomesAt(simulation, 0);
  const given = outcomes.get(2);
  assert.ok(given?.type === 'undeliverable' && given.uncertain && given.cuts >= 5);
  // Five attempts of 150 ms that are cut short, a recovery after each, and pauses of 120, 240 and 480 ms: the ring stands in between.
  const givenAt = simulation.reports.find(({ report }) => report === given)?.at ?? 0;
  assert.ok(givenAt - began > 5 * 150 + 840, `${givenAt - began} ms`);
  assert.deepEqual(
    [3, 5, 7].map((number) => outcomes.get(number)?.type),
    ['done', 'done', 'done'],
  );
  assert.ok(
    node(simulation, 0).node.counts.views - before <= 12,
    `${node(simulation, 0).node.counts.views - before} views`,
  );
  const stuck = simulation.reports
    .filter(({ report }) => report.type === 'stuck')
    .map(({ process, report }) => ({ by: process.id, ...report }));
  assert.deepEqual(stuck[0], { by: 0, type: 'stuck', peer: 1, source: 0, message: 2, bytes: 1, times: 2 });
});

test('a message that takes long over a link, longer than links and lanes may be silent, costs no view', () => {
  const simulation = standing(4, []);
  for (const from of [0, 1, 2, 3]) simulation.network.slow(from, (from + 1) % 4, 1);
  const views = simulation.processes.map(({ node }) => node.counts.views);
  send(simulation, 0, message(1, 2), message(2, 3));
  simulation.runUntil(simulation.now + 4_000);
  assert.deepEqual(
    [1, 2].map((number) => outcomesAt(simulation, 0).get(number)?.type),
    ['done', 'done'],
  );
  assert.deepEqual(
    simulation.processes.map(({ node }) => node.counts.views),
    views,
  );
});

test('the numbers of frames on a link go round', () => {
  const simulation = standing(2, []);
  for (const { node } of simulation.processes) {
    for (const peer of node.peers.values()) {
      peer.next = 2 ** 32 - 5;
      peer.received = 2 ** 32 - 6;
      peer.unacknowledged = [];
    }
  }
  const views = node(simulation, 0).node.counts.views;
  const { tokens } = node(simulation, 0).node.counts;
  simulation.runUntil(simulation.now + 2_000);
  assert.ok(
    node(simulation, 0).node.counts.views <= views + 1,
    'at most the frames that were on their way are missed',
  );
  assert.ok(node(simulation, 0).node.counts.tokens > tokens + 20);
  assert.ok((node(simulation, 0).node.peers.get(1)?.next ?? 0) < 2 ** 31);
});

test('after the last epoch comes the first one again, and is newer', () => {
  const simulation = standing(3);
  for (const { node } of simulation.processes) {
    node.promised = 2 ** 32 - 64;
    node.highest = node.promised;
  }
  for (let round = 0; round < 2; round++) {
    simulation.crash(node(simulation, 1), false);
    simulation.runUntil(simulation.now + 1_500);
    simulation.restart(1);
    simulation.runUntil(simulation.now + 1_500);
    assert.deepEqual(membersSeenBy(simulation, 0), [0, 1, 2]);
  }
  assert.ok(node(simulation, 0).node.promised < 64_000);
});
