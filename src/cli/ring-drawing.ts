import { styleText } from 'node:util';
import type { NodeStatus } from '../services/ring/status.ts';

/** What is drawn of a ring: its nodes clockwise; undefined for one that does not answer. */
export type Picture = { ids: readonly number[]; nodes: readonly (NodeStatus | undefined)[]; elapsed: number };

const WIDTH = 76;
const HEIGHT = 17;
/** Room for a node's two lines of text to the right of its place. */
const RADIUS = { x: 27, y: 6.5 };
const CENTRE = { x: 29, y: 8 };
/** Points of the ring's line between two nodes, and where on it a token is drawn that is on its way. */
const POINTS = 7;

const styles = {
  plain: undefined,
  dim: 'dim',
  node: 'bold',
  gone: 'red',
  right: 'cyan',
  left: 'magenta',
} as const;
type Style = keyof typeof styles;

/** A canvas of characters, each with a style. */
class Canvas {
  readonly #cells: { character: string; style: Style }[][] = Array.from({ length: HEIGHT }, () =>
    Array.from({ length: WIDTH }, () => ({ character: ' ', style: 'plain' as Style })),
  );

  put(x: number, y: number, text: string, style: Style): void {
    [...text].forEach((character, offset) => {
      const row = this.#cells[Math.round(y)];
      const column = Math.round(x) + offset;
      if (row !== undefined && column >= 0 && column < WIDTH) row[column] = { character, style };
    });
  }

  lines(): string[] {
    return this.#cells.map((row) =>
      row
        .map(({ character, style }) =>
          styles[style] === undefined ? character : styleText(styles[style], character),
        )
        .join('')
        .trimEnd(),
    );
  }
}

/** The ring as lines of text, always as many: nodes on an ellipse, the first on top, and the tokens where they were last seen. */
export function drawRing({ ids, nodes, elapsed }: Picture): string[] {
  const canvas = new Canvas();
  const count = ids.length;
  for (let point = 0; point < count * POINTS; point++) {
    if (point % POINTS !== 0) putAt(canvas, point / (count * POINTS), '·', 'dim');
  }
  drawToken(canvas, nodes, 0, '►', 'right');
  drawToken(canvas, nodes, 1, '◄', 'left');
  for (const [index, id] of ids.entries()) drawNode(canvas, id, nodes[index], index / count);
  const known = nodes.filter((node) => node !== undefined);
  const sum = (count: (node: NodeStatus) => number) => known.reduce((total, node) => total + count(node), 0);
  const views = known.map(({ view }) => view);
  return [
    ...canvas.lines(),
    '',
    `${(elapsed / 1000).toFixed(1)} s   view ${Math.max(0, ...views)}   waiting ${sum(({ queue }) => queue)}   ` +
      `done ${sum(({ done }) => done)}   undeliverable ${sum(({ undeliverable }) => undeliverable)}`,
    styleText('dim', '► clockwise token   ◄ counter-clockwise token   »3 transmits to node 3'),
  ];
}

function drawNode(canvas: Canvas, id: number, status: NodeStatus | undefined, turn: number): void {
  const { x, y } = placeAt(turn);
  const tokens = status?.lanes.map(({ held }, lane) => (held ? (lane === 0 ? '►' : '◄') : '')).join('') ?? '';
  canvas.put(x - 1, y, `[${id}]`, status === undefined ? 'gone' : 'node');
  canvas.put(x + `[${id}]`.length - 1, y, tokens, 'right');
  if (status === undefined) {
    canvas.put(x + 4, y, ' dead', 'gone');
    return;
  }
  const destinations = status.lanes.flatMap(({ inFlight }) => inFlight);
  const sends = destinations.length > 0 ? ` »${destinations.slice(0, 4).join(' ')}` : '';
  canvas.put(x + `[${id}]`.length + 1, y, sends, 'node');
  const state = status.state === 'ring' ? '' : ` ${status.state}`;
  canvas.put(x - 1, y + 1, `${status.queue} wait, ${status.delivered} came${state}`, 'plain');
}

/** At its holder it is drawn by the node; on its way it is half-way from the one that had it last. */
function drawToken(canvas: Canvas, nodes: Picture['nodes'], lane: 0 | 1, mark: string, style: Style): void {
  if (nodes.some((node) => node?.lanes[lane].held === true)) return;
  let last = -1;
  nodes.forEach((node, index) => {
    const token = node?.lanes[lane].token ?? 0;
    if (token > (nodes[last]?.lanes[lane].token ?? 0)) last = index;
  });
  if (last < 0) return;
  const half = lane === 0 ? 0.5 : -0.5;
  putAt(canvas, (last + half) / nodes.length, mark, style);
}

function placeAt(turn: number): { x: number; y: number } {
  const angle = 2 * Math.PI * turn;
  return { x: CENTRE.x + RADIUS.x * Math.sin(angle), y: CENTRE.y - RADIUS.y * Math.cos(angle) };
}

function putAt(canvas: Canvas, turn: number, text: string, style: Style): void {
  const { x, y } = placeAt(turn);
  canvas.put(x, y, text, style);
}
