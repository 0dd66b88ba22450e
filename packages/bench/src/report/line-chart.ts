import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from 'd3-scale';
import {
  line,
  type SymbolType,
  symbol,
  symbolCircle,
  symbolDiamond,
  symbolSquare,
  symbolStar,
  symbolTriangle,
  symbolWye,
} from 'd3-shape';
import { placeLabels } from './label-placement.ts';

/** How a line is drawn. */
export type LineStyle = {
  readonly colour: string;
  /** `stroke-dasharray` of SVG; empty for a line without gaps. */
  readonly dashes: string;
  /** Which of a few shapes marks the points, and whether it is filled. */
  readonly marker: number;
  readonly filled: boolean;
};

export type ChartPoint = { readonly x: number; readonly y: number };

export type ChartLine = {
  readonly name: string;
  /** What stands beside the name at the end of the line. */
  readonly remark: string;
  readonly style: LineStyle;
  /** In the order of x; not empty. */
  readonly points: readonly ChartPoint[];
};

export type Axis = { readonly title: string; readonly scale: 'linear' | 'log' };

export type LineChart = {
  /** What is to be seen, in one line. */
  readonly title: string;
  readonly subtitle: string;
  readonly x: Axis;
  readonly y: Axis;
  /** At least one. */
  readonly lines: readonly ChartLine[];
  /** Small print beneath, a line each. */
  readonly notes: readonly string[];
};

type Scale = ScaleContinuousNumeric<number, number>;

/** In pixels. */
const WIDTH = 860;
const PLOT = { left: 76, top: 104, width: 500, height: 360 };
const RIGHT = PLOT.left + PLOT.width;
const BOTTOM = PLOT.top + PLOT.height;
const LABEL_GAP = 18;
const LABEL_AT = RIGHT + 22;
const NOTE_HEIGHT = 16;
/** Room for the number of a tick on the x axis. */
const TICK_ROOM = 40;

const INK = '#222222';
const GREY = '#666666';
const GRID = '#e4e4e4';

const markers: readonly SymbolType[] = [
  symbolCircle,
  symbolSquare,
  symbolTriangle,
  symbolDiamond,
  symbolStar,
  symbolWye,
];
const number = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });

/** Draws a chart as SVG: a white card that depends on no script, no style sheet and no font but the reader's own. */
export function drawLineChart(chart: LineChart): string {
  const all = chart.lines.flatMap(({ points }) => points);
  const x = horizontalScale(
    chart.x,
    all.map((point) => point.x),
  );
  const y = verticalScale(
    chart.y,
    all.map((point) => point.y),
  );
  const height = BOTTOM + 70 + chart.notes.length * NOTE_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif">`,
    `<title>${escaped(chart.title)}</title>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8" fill="#ffffff" stroke="#d0d0d0"/>`,
    text(24, 38, chart.title, { size: 18, weight: 600, maxWidth: WIDTH - 48 }),
    text(24, 62, chart.subtitle, { size: 12.5, fill: GREY, maxWidth: WIDTH - 48 }),
    text(24, PLOT.top - 14, chart.y.title, { size: 12.5, fill: GREY }),
    ...verticalAxis(y),
    ...horizontalAxis(
      x,
      all.map((point) => point.x),
    ),
    text(PLOT.left + PLOT.width / 2, BOTTOM + 46, chart.x.title, {
      size: 12.5,
      fill: GREY,
      anchor: 'middle',
    }),
    ...chart.lines.map((each) => drawLine(each, x, y)),
    ...labels(chart.lines, x, y),
    ...chart.notes.map((note, i) =>
      text(24, BOTTOM + 70 + i * NOTE_HEIGHT, note, { size: 11.5, fill: GREY, maxWidth: WIDTH - 48 }),
    ),
    '</svg>',
    '',
  ].join('\n');
}

function horizontalScale({ scale }: Axis, values: readonly number[]): Scale {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  // One value alone stands in the middle.
  const ends = min < max ? [min, max] : scale === 'log' ? [min / 2, min * 2] : [min - 1, min + 1];
  return (scale === 'log' ? scaleLog() : scaleLinear()).domain(ends).range([PLOT.left + 8, RIGHT]);
}

function verticalScale({ scale }: Axis, values: readonly number[]): Scale {
  const max = Math.max(...values);
  const made =
    scale === 'log'
      ? scaleLog().domain([Math.min(...values) / 1.2, max * 1.2])
      : scaleLinear()
          .domain([0, max * 1.02])
          .nice(10);
  return made.range([BOTTOM, PLOT.top]);
}

function verticalAxis(y: Scale): string[] {
  return readableTicks(y).flatMap((value) => [
    `<path d="M${PLOT.left} ${px(y(value))}H${RIGHT}" stroke="${GRID}"/>`,
    text(PLOT.left - 8, y(value) + 4, number.format(value), { size: 12, fill: GREY, anchor: 'end' }),
  ]);
}

/** Of a logarithmic scale the ticks are 1, 2 and 5 in every decade. */
function readableTicks(y: Scale): number[] {
  const ticks = y.ticks(5);
  if (ticks.length <= 8) return ticks;
  return ticks.filter((value) => /^[125]/.test(value.toExponential()));
}

/** Ticks stand where something was measured; those that are too close to the one before have no number. */
function horizontalAxis(x: Scale, values: readonly number[]): string[] {
  const ticks = [...new Set(values)].sort((a, b) => a - b);
  let last = Number.NEGATIVE_INFINITY;
  return [
    `<path d="M${PLOT.left} ${BOTTOM}H${RIGHT}" stroke="${GREY}"/>`,
    ...ticks.flatMap((value) => {
      const at = x(value);
      const mark = `<path d="M${px(at)} ${BOTTOM}v5" stroke="${GREY}"/>`;
      if (at - last < TICK_ROOM) return [mark];
      last = at;
      return [mark, text(at, BOTTOM + 20, number.format(value), { size: 12, fill: GREY, anchor: 'middle' })];
    }),
  ];
}

function drawLine({ points, style }: ChartLine, x: Scale, y: Scale): string {
  const path = line<ChartPoint>(
    (point) => x(point.x),
    (point) => y(point.y),
  ).digits(1)(points);
  const marks = points.map((point) => marker(style, x(point.x), y(point.y)));
  return [`<path d="${path}" fill="none" ${strokeOf(style)} stroke-linejoin="round"/>`, ...marks].join('\n');
}

function marker(style: LineStyle, x: number, y: number): string {
  const shape = symbol(markers[style.marker % markers.length] as SymbolType, 50).digits(1)();
  const fill = style.filled ? style.colour : '#ffffff';
  return `<path d="${shape}" transform="translate(${px(x)} ${px(y)})" fill="${fill}" stroke="${style.colour}" stroke-width="1.5"/>`;
}

/** The names, one beneath the other at the right edge in the order of the ends of their lines; with a sample of the line. */
function labels(lines: readonly ChartLine[], x: Scale, y: Scale): string[] {
  const ends = lines.map(({ points }) => points.at(-1) as ChartPoint);
  const wanted = ends.map((end) => y(end.y));
  const places = placeLabels(wanted, LABEL_GAP, PLOT.top - LABEL_GAP / 2, BOTTOM);
  return lines.flatMap(({ name, remark, style }, i) => {
    const at = places[i] as number;
    const end = ends[i] as ChartPoint;
    // Only a line that reaches the edge is led to its name.
    const leader = `<path d="M${px(x(end.x) + 6)} ${px(y(end.y))}L${LABEL_AT - 3} ${px(at)}" fill="none" stroke="${style.colour}" stroke-width="0.75"/>`;
    return [
      ...(x(end.x) >= RIGHT - 1 ? [leader] : []),
      `<path d="M${LABEL_AT} ${px(at)}h24" ${strokeOf(style)}/>`,
      marker(style, LABEL_AT + 12, at),
      `<text x="${LABEL_AT + 32}" y="${px(at + 4)}" font-size="12" fill="${INK}"><tspan font-weight="600">${escaped(name)}</tspan> <tspan fill="${GREY}">${escaped(remark)}</tspan></text>`,
    ];
  });
}

function strokeOf({ colour, dashes }: LineStyle): string {
  return `stroke="${colour}" stroke-width="2.25"${dashes === '' ? '' : ` stroke-dasharray="${dashes}"`}`;
}

type TextStyle = {
  size: number;
  fill?: string;
  weight?: number;
  anchor?: 'start' | 'middle' | 'end';
  /** The width it has, in pixels; text that is likely to be wider is made to fit. */
  maxWidth?: number;
};

/** About how wide a character is, as a part of the size of the font; in a bold one it is wider. */
const CHARACTER_WIDTH = { normal: 0.57, bold: 0.67 };

function text(x: number, y: number, content: string, style: TextStyle): string {
  const { size, fill = INK, weight = 400, anchor = 'start', maxWidth = WIDTH } = style;
  const character = weight > 400 ? CHARACTER_WIDTH.bold : CHARACTER_WIDTH.normal;
  const fitting = Math.min(size, maxWidth / (content.length * character));
  return `<text x="${px(x)}" y="${px(y)}" font-size="${px(fitting)}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

const px = (value: number): string => String(Math.round(value * 10) / 10);

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(content: string): string {
  return content.replace(/[&<>"]/g, (character) => entities[character] as string);
}
