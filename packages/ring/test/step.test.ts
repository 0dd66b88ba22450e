import assert from 'node:assert/strict';
import test from 'node:test';
import type { Effect } from '../src/protocol/effect.ts';
import { type Frame, FrameType, frameOf } from '../src/protocol/frame.ts';
import { encodeAnswer, encodeGreeting } from '../src/protocol/payload.ts';
import { createNode, type NodeState } from '../src/protocol/state.ts';
import { step } from '../src/protocol/step.ts';

const RING = 7;
const HEARD = 64_000;

function started(id: number): { node: NodeState; links: Map<number, number> } {
  const node = createNode({ id, ring: [0, 1, 2], fingerprint: RING });
  const recovered = {
    incarnation: 1,
    epoch: 0,
    view: 0,
    marks: [],
    finishedThrough: 0,
    finishedBeyond: [],
    uncertainThrough: 0,
  };
  const effects = step(node, { type: 'start', at: 0, instance: 100 + id, recovered });
  const links = new Map<number, number>();
  for (const effect of effects) if (effect.type === 'connect') links.set(effect.peer, effect.link);
  return { node, links };
}

function framesIn(effects: readonly Effect[]): Frame[] {
  return effects.flatMap((effect) => (effect.type === 'send' ? [effect.frame] : []));
}

function welcomed(node: NodeState, id: number, link: number, status = 0): void {
  step(node, { type: 'connected', at: 10, link });
  const answer = { instance: 100 + id, fingerprint: RING, status, operational: true };
  const frame = frameOf(FrameType.WELCOME, { source: id, epoch: HEARD, payload: encodeAnswer(answer) });
  step(node, { type: 'frame', at: 10, link, frame });
}

test('a node that stays outside asks one member after the other: another may reach it', () => {
  const { node, links } = started(2);
  for (const [id, link] of links) welcomed(node, id, link);
  const asked: number[] = [];
  for (let at = 120; asked.length < 4; at = node.claimAt) {
    const joins = framesIn(step(node, { type: 'timer', at, timer: 'claim', key: 0 }));
    assert.deepEqual(
      joins.map(({ type }) => type),
      [FrameType.JOIN],
    );
    for (const { destination, linkNumber } of joins) {
      asked.push(destination);
      const ack = frameOf(FrameType.ACK, { source: destination, linkNumber, view: 1 });
      step(node, { type: 'frame', at: at + 1, link: links.get(destination) ?? -1, frame: ack });
    }
  }
  assert.deepEqual(asked, [0, 1, 0, 1]);
});

function greeted(node: NodeState, from: number, fingerprint: number): void {
  const payload = encodeGreeting({ instance: 100 + from, fingerprint, address: undefined });
  step(node, { type: 'accepted', at: 10, link: 1 });
  const frame = frameOf(FrameType.HELLO, { source: from, epoch: HEARD, payload });
  step(node, { type: 'frame', at: 10, link: 1, frame });
}

test('a node for which a view had no place asks again only when the pause has ended', () => {
  const { node, links } = started(2);
  for (const [id, link] of links) welcomed(node, id, link);
  const ask = (at: number) =>
    framesIn(step(node, { type: 'timer', at, timer: 'claim', key: 0 })).map(({ type }) => type);
  assert.deepEqual(ask(120), [FrameType.JOIN]);
  greeted(node, 1, RING);
  const claim = frameOf(FrameType.CLAIM, { source: 1, epoch: 2 * HEARD + 1, linkNumber: 1 });
  step(node, { type: 'frame', at: 130, link: 1, frame: claim });
  assert.equal(node.state, 'promised');
  step(node, { type: 'timer', at: 400, timer: 'token', key: 0 });
  assert.equal(node.state, 'apart');
  assert.deepEqual(ask(500), []);
  assert.deepEqual(ask(node.claimAt), [FrameType.JOIN]);
  assert.ok(node.at > 780, `after ${node.at} ms`);
});

test('a node that stood still, and promises a claim that the others have left behind, is apart at once', () => {
  const { node, links } = started(0);
  for (const [id, link] of links) welcomed(node, id, link);
  greeted(node, 1, RING);
  const claim = frameOf(FrameType.CLAIM, { source: 1, epoch: 2 * HEARD + 1, linkNumber: 1 });
  const passedOn = framesIn(step(node, { type: 'frame', at: 20, link: 1, frame: claim }));
  assert.equal(node.state, 'promised');
  const linkNumber = passedOn.find(({ destination }) => destination === 2)?.linkNumber ?? -1;
  const told = (fields: Partial<Frame>) => {
    const frame = frameOf(FrameType.ACK, { source: 2, epoch: claim.epoch, ...fields });
    step(node, { type: 'frame', at: 30, link: links.get(2) ?? -1, frame });
  };
  told({ linkNumber: linkNumber - 1, view: 3 });
  assert.equal(node.state, 'promised', 'what node 2 said before it had the claim');
  told({ linkNumber, view: 3 });
  assert.equal(node.state, 'apart');
});

test('an epoch is believed of a peer that is welcomed, and of no other', () => {
  const numbered = frameOf(FrameType.PRESENT, { source: 1, epoch: HEARD, linkNumber: 1 });
  const deeds: [
    what: string,
    heard: boolean,
    action: (node: NodeState, links: Map<number, number>) => void,
  ][] = [
    ['HELLO', true, (node) => greeted(node, 1, RING)],
    ['HELLO of another ring', false, (node) => greeted(node, 1, RING + 1)],
    ['HELLO with an ID that is taken', false, (node) => greeted(node, 0, RING)],
    ['HELLO with an unknown ID', false, (node) => greeted(node, 9, RING)],
    ['WELCOME', true, (node, links) => welcomed(node, 1, links.get(1) ?? -1)],
    ['WELCOME that refuses', false, (node, links) => welcomed(node, 1, links.get(1) ?? -1, 1)],
    [
      'a frame before HELLO',
      false,
      (node) => {
        step(node, { type: 'accepted', at: 10, link: 1 });
        step(node, { type: 'frame', at: 10, link: 1, frame: numbered });
      },
    ],
  ];
  for (const [what, heard, action] of deeds) {
    const { node, links } = started(0);
    action(node, links);
    assert.equal(node.highest, heard ? HEARD : 0, what);
  }
});
