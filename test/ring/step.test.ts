import assert from 'node:assert/strict';
import test from 'node:test';
import type { Effect } from '../../src/services/ring/protocol/effect.ts';
import { type Frame, FrameType, frameOf } from '../../src/services/ring/protocol/frame.ts';
import { encodeAnswer } from '../../src/services/ring/protocol/payload.ts';
import { createNode, type NodeState } from '../../src/services/ring/protocol/state.ts';
import { step } from '../../src/services/ring/protocol/step.ts';

const RING = 7;
const HEARD = 64_000;

function started(id: number): { node: NodeState; links: Map<number, number> } {
  const node = createNode({ id, ring: [0, 1, 2], fingerprint: RING });
  const recovered = { incarnation: 1, epoch: 0, view: 0, marks: [], finishedThrough: 0, finishedBeyond: [] };
  const effects = step(node, { type: 'start', at: 0, instance: 100 + id, recovered });
  const links = new Map<number, number>();
  for (const effect of effects) if (effect.type === 'dial') links.set(effect.peer, effect.link);
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

test('a node that stays outside asks one insider after the other: another may reach it', () => {
  const { node, links } = started(2);
  for (const [id, link] of links) welcomed(node, id, link);
  const asked: number[] = [];
  for (let at = 120; asked.length < 4; at += 400) {
    const joins = framesIn(step(node, { type: 'timer', at, timer: 'claim', key: 0 }));
    assert.deepEqual(
      joins.map(({ type }) => type),
      [FrameType.JOIN],
    );
    for (const { destination, linkNumber } of joins) {
      asked.push(destination);
      const lack = frameOf(FrameType.LACK, { source: destination, linkNumber, view: 1 });
      step(node, { type: 'frame', at: at + 1, link: links.get(destination) ?? -1, frame: lack });
    }
  }
  assert.deepEqual(asked, [0, 1, 0, 1]);
});
