import { styleText } from 'node:util';
import type { NodeStatus } from '../control/status.ts';

/** How it is with a node's process; `silent`: it runs, and does not answer any more. */
export type ProcessState = 'starting' | 'running' | 'silent' | 'ended' | 'dead';

/** A node, and what it said last. */
export type DrawnNode = { id: number; processState: ProcessState; status: NodeStatus | undefined };

/** What is drawn of a ring: its nodes clockwise. */
export type Picture = {
  nodes: readonly DrawnNode[];
  elapsed: number;
  /** Messages that are in the logs of their destinations, and all there are. */
  delivered: number;
  messages: number;
  /** The room there is for it. */
  size: { columns: number; rows: number };
};

/** The drawing is no larger than this, without the lines of text below it. */
const MAX_SIZE = { columns: 76, rows: 17 };
/** Lines below the drawing. */
const LINES_BELOW = 3;
/** A node's text takes up to so many columns from its place on. */
const LABEL_COLUMNS = 22;
/** Points of the ring's line between two nodes, and where on it a token is drawn that is on its way. */
const POINTS_PER_LINK = 7;

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
  readonly #cells: { character: string; style: Style }[][];
  readonly #width: number;
  readonly #height: number;

  constructor(columns: number, rows: number) {
    this.#width = columns;
    this.#height = rows;
    this.#cells = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => ({ character: ' ', style: 'plain' as Style })),
    );
  }

  /** Puts text at a turn of the ring, from 0 to 1, clockwise from the top; and so many lines and columns from there. */
  putAt(turn: number, text: string, style: Style, right = 0, down = 0): void {
    const angle = 2 * Math.PI * turn;
    const radius = { x: (this.#width - LABEL_COLUMNS) / 2 - 1, y: (this.#height - 3) / 2 };
    const x = 1 + radius.x + radius.x * Math.sin(angle) + right;
    const y = radius.y + 0.5 - radius.y * Math.cos(angle);
    this.put(x, Math.round(y) + down, text, style);
  }

  put(x: number, y: number, text: string, style: Style): void {
    [...text].forEach((character, offset) => {
      const row = this.#cells[Math.round(y)];
      const column = Math.round(x) + offset;
      if (row !== undefined && column >= 0 && column < this.#width) row[column] = { character, style };
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

/** The ring as lines of text, as many for each picture of a size: nodes on an ellipse, the first on top, and the tokens. */
export function drawRing({ nodes, elapsed, delivered, messages, size }: Picture): string[] {
  const rows = Math.min(MAX_SIZE.rows, size.rows - LINES_BELOW);
  const canvas = new Canvas(Math.min(MAX_SIZE.columns, size.columns - 1), rows);
  const count = nodes.length;
  for (let point = 0; point < count * POINTS_PER_LINK; point++) {
    if (point % POINTS_PER_LINK !== 0) canvas.putAt(point / (count * POINTS_PER_LINK), '·', 'dim');
  }
  // What was on its way is gone with the last ring.
  const inside = nodes.map(({ processState, status }) =>
    processState === 'running' && status?.state === 'ring' ? status : undefined,
  );
  drawToken(canvas, inside, 0, '►', 'right');
  drawToken(canvas, inside, 1, '◄', 'left');
  for (const [index, node] of nodes.entries()) drawNode(canvas, node, index / count);
  const known = nodes.flatMap(({ status }) => status ?? []);
  const lost = known.reduce((sum, { undeliverable, uncertain }) => sum + undeliverable + uncertain, 0);
  return [
    ...canvas.lines(),
    '',
    `${(elapsed / 1000).toFixed(1)} s   view ${Math.max(0, ...known.map(({ view }) => view))}   ` +
      `delivered ${delivered} of ${messages}   given up ${lost}`,
    styleText('dim', '► clockwise   ◄ counter-clockwise   »3 sends to node 3'),
  ];
}

function drawNode(canvas: Canvas, { id, processState, status }: DrawnNode, turn: number): void {
  const name = `[${id}]`;
  const there = processState === 'running' || processState === 'silent';
  canvas.putAt(turn, name, processState === 'dead' ? 'gone' : there ? 'node' : 'dim', -1);
  if (!there || status === undefined) {
    canvas.putAt(turn, ` ${processState}`, processState === 'dead' ? 'gone' : 'dim', name.length - 1);
    return;
  }
  const tokens = status.lanes.map(({ held }, lane) => (held && status.state === 'ring' ? '►◄'[lane] : ''));
  canvas.putAt(turn, tokens.join(''), 'right', name.length - 1);
  const destinations = status.lanes.flatMap(({ inFlight }) => inFlight.map((to) => (to === id ? '*' : to)));
  if (destinations.length > 0) {
    canvas.putAt(turn, ` »${destinations.slice(0, 3).join(' ')}`, 'node', name.length + 1);
  }
  const inRing = processState === 'running' && status.state === 'ring';
  const text = inRing
    ? `${status.queue} wait, ${status.delivered} came`
    : processState === 'silent'
      ? 'does not answer'
      : status.state;
  canvas.putAt(turn, text, 'plain', -1, 1);
}

/** At its holder it is drawn by the node; on its way it is half-way from the one that had it last. */
function drawToken(
  canvas: Canvas,
  nodes: readonly (NodeStatus | undefined)[],
  lane: 0 | 1,
  mark: string,
  style: Style,
): void {
  if (nodes.some((node) => node?.lanes[lane].held === true)) return;
  let last = -1;
  nodes.forEach((node, index) => {
    const token = node?.lanes[lane].token ?? 0;
    if (token > (nodes[last]?.lanes[lane].token ?? 0)) last = index;
  });
  if (last < 0) return;
  const half = lane === 0 ? 0.5 : -0.5;
  canvas.putAt((last + half) / nodes.length, mark, style);
}
