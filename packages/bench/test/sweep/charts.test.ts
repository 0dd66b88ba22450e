import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Model, models } from 'zocalo';
import { type ChartLine, drawLineChart, type LineChart } from '../../src/report/line-chart.ts';
import type { Machine } from '../../src/runner/machine.ts';
import { drawSweep, styleOf } from '../../src/sweep/charts.ts';
import { modelConfig, modelServer } from '../../src/sweep/model-server.ts';
import {
  type ClientCounts,
  type Sweep,
  type SweepMeasurement,
  type SweepSummary,
  sweepPoint,
} from '../../src/sweep/sweep.ts';

function line(model: Model, points: readonly (readonly [x: number, y: number])[]): ChartLine {
  return { name: model, remark: '', style: styleOf(model), points: points.map(([x, y]) => ({ x, y })) };
}

function chart(lines: readonly ChartLine[], given: Partial<LineChart> = {}): string {
  return drawLineChart({
    title: 'What is seen',
    subtitle: 'where and when',
    x: { title: 'clients', scale: 'linear' },
    y: { title: 'µs', scale: 'linear' },
    lines,
    notes: [],
    ...given,
  });
}

/** The texts of a chart with their places. */
function texts(svg: string): { x: number; y: number; size: number; content: string }[] {
  return [...svg.matchAll(/<text x="([\d.-]+)" y="([\d.-]+)" font-size="([\d.]+)"[^>]*>(.*?)<\/text>/g)].map(
    ([, x, y, size, inner = '']) => ({
      x: Number(x),
      y: Number(y),
      size: Number(size),
      content: inner.replace(/<[^>]*>/g, '').trim(),
    }),
  );
}

/** That every element is closed, in order. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, closing, name = '', single] of svg.matchAll(/<(\/?)([a-z]+)(?:"[^"]*"|[^">])*?(\/?)>/g)) {
    if (closing === '/') assert.equal(open.pop(), name);
    else if (single !== '/') open.push(name);
  }
  assert.deepEqual(open, []);
  assert.ok(!/NaN|undefined|Infinity/.test(svg), svg);
}

test('a chart is one SVG that needs nothing else, on a white card', () => {
  const svg = chart([
    line('epoll', [
      [0, 5],
      [100, 6],
    ]),
  ]);
  assertWellFormed(svg);
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
  assert.match(svg, /<rect [^>]*fill="#ffffff"/);
  assert.ok(!/<script|<style|href|url\(|@font/.test(svg));
  const contents = texts(svg).map((text) => text.content);
  for (const wanted of ['What is seen', 'where and when', 'clients', 'µs', 'epoll'])
    assert.ok(contents.includes(wanted), wanted);
});

test('what is written is escaped', () => {
  const svg = chart([line('epoll', [[1, 5]])], { title: 'a < b & "c"' });
  assertWellFormed(svg);
  assert.match(svg, />a &lt; b &amp; &quot;c&quot;<\/text>/);
});

test('names stand at the right in the order of the ends of their lines, without touching', () => {
  const flat = models.map((model, i) => line(model, [[0, 5], [100, 5 + i / 100]])); // biome-ignore format: pairs
  const names = texts(chart(flat)).filter(({ content }) => (models as readonly string[]).includes(content));
  assert.equal(names.length, models.length);
  const downward = names.toSorted((a, b) => a.y - b.y);
  assert.deepEqual(
    downward.map(({ content }) => content),
    models.toReversed(),
  );
  for (const [i, { y, size }] of downward.entries()) {
    if (i > 0) assert.ok(y - (downward[i - 1]?.y ?? 0) > size, 'they touch');
    assert.ok(y > 60 && y < 480, `${y} is outside`);
  }
});

test('numbers on the axis of x do not touch', () => {
  const points = [0, 1, 100, 1000, 2500, 5000, 10_000].map((x) => [x, 5] as const);
  const numbers = texts(chart([line('epoll', points)])).filter(
    ({ y, content }) => y > 470 && /^[\d,]+$/.test(content),
  );
  assert.deepEqual(
    numbers.map(({ content }) => content),
    ['0', '1,000', '2,500', '5,000', '10,000'],
  );
});

test('a single point, and only zeroes, can be drawn', () => {
  for (const scale of ['linear', 'log'] as const) {
    assertWellFormed(chart([line('epoll', [[1, 5]])], { x: { title: '', scale } }));
  }
  assertWellFormed(chart([line('epoll', [[0, 0]])]));
});

test('no two models look alike', () => {
  const looks = models.map((model) => JSON.stringify(styleOf(model)));
  assert.equal(new Set(looks).size, models.length);
});

const machine: Machine = {
  cpu: 'Some CPU',
  cores: 2,
  kernel: 'Linux 6.18.4-something x64',
  memoryBytes: 1,
  node: 'v26.10.0',
};

function drawn(sweep: Sweep, figures: Partial<Record<Model, readonly number[]>>, takenByOthers = 0): string {
  const options = { rounds: 3, bytes: 64, warmupSeconds: 1, seconds: 1 };
  const servers = (Object.keys(figures) as Model[]).map((model) => modelServer(modelConfig(model)));
  const summaries: SweepSummary[] = servers.flatMap((server) =>
    (figures[server.config.model] ?? []).map((value, i) => ({
      workload: sweepPoint(sweep.name, sweep.points[i] as ClientCounts, options),
      server,
      rounds: 1,
      figures: {
        kind: 'echo',
        messagesPerSecond: value,
        cpuMicrosPerMessage: { user: 0, system: value, total: value },
        latencyMicros: { p50: 1, p99: 1 },
        serverBusy: 1,
        generatorBusy: 0.5,
        serverWaited: 0,
      },
      failures: [],
    })),
  );
  const measurements: SweepMeasurement[] = summaries.flatMap(({ workload, server, figures }) => {
    const taken = { server: takenByOthers, generator: 0 };
    if (figures?.kind !== 'echo') return [];
    const result = { ...figures, messages: 1, seconds: 1, takenByOthers: taken };
    return [{ round: 1, workload, server, result }];
  });
  const origin = { ...options, machine, date: '2026-11-21T06:37:16.904Z', pinned: true, measurements };
  return drawSweep(sweep, servers, summaries, origin) ?? '';
}

test('the chart of idle clients says who suffers most and least, on what, and who is not drawn', () => {
  const points = [0, 10_000].map((idle) => ({ active: 10, idle }));
  const svg = drawn(
    { name: 'idle', points },
    { iterative: [], select: [9, 315], poll: [9, 495], epoll: [6, 6.6] },
  );
  const contents = texts(svg).map((text) => text.content);
  assert.equal(contents[0], 'With 10,000 idle clients a message costs 55 × as much on poll, 1.1 × on epoll');
  assert.equal(
    contents[1],
    '10 active clients, 64 bytes a message, median of 3 rounds, server on one core · Some CPU, 2 cores, Linux 6.18, Node 26.10 · 2026-11-21',
  );
  assert.ok(contents.includes('iterative (not drawn) serves one client at a time.'));
  assert.ok(contents.includes('poll 495 µs'));
});

test('the chart of active clients says who moves most, and where lines end early', () => {
  const points = [1, 10, 100].map((active) => ({ active, idle: 0 }));
  const svg = drawn(
    { name: 'active', points },
    {
      'thread-pool': [20_000, 61_234],
      epoll: [25_000, 151_700, 99_000],
      uring: [21_000, 90_000, 149_000],
      libuv: [14_000, 95_000, 140_000],
    },
  );
  const contents = texts(svg).map((text) => text.content);
  assert.equal(contents[0], 'Most messages: epoll and uring, about 150,000 a second');
  assert.ok(contents.includes('thread-pool 61,234 at 10'));
  assert.ok(contents.includes('thread-pool has 10 workers, which serve one client each.'));
});

test('on a busy machine the headline names no fastest model, and a note says why', () => {
  const points = [1, 10].map((active) => ({ active, idle: 0 }));
  const svg = drawn({ name: 'active', points }, { epoll: [25_000, 151_700] }, 0.4);
  const contents = texts(svg).map((text) => text.content);
  assert.equal(contents[0], 'Messages a second with more and more clients, on a busy machine');
  assert.ok(contents.some((each) => each.startsWith('Something else was running: in 2 of 2 windows')));
});

test('where nothing was measured there is no chart', () => {
  assert.equal(drawn({ name: 'active', points: [{ active: 1, idle: 0 }] }, { epoll: [] }), '');
});
