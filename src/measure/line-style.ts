import { arrangements, type Model, models } from '../workers/models.ts';

/** How the line of a model is drawn, the same on every chart. */
export type LineStyle = {
  readonly colour: string;
  /** `stroke-dasharray` of SVG; empty for a line without gaps. */
  readonly dashes: string;
  /** Which of a few shapes marks the points, and whether it is filled. */
  readonly marker: number;
  readonly filled: boolean;
};

/** The colours of Okabe and Ito, "Color Universal Design" (2008), which colour-blind readers can tell apart; without yellow. */
const COLOURS = ['#d55e00', '#e69f00', '#0072b2', '#cc79a7', '#009e73', '#56b4e9', '#333333'];

const isBlocking = (model: Model) => arrangements[model].mechanism === 'blocking';

/** Models that block have dashed lines and hollow markers, the others full ones; within each kind every colour is there once. */
export function styleOf(model: Model): LineStyle {
  const blocking = isBlocking(model);
  const index = models.filter((each) => isBlocking(each) === blocking).indexOf(model);
  return {
    colour: COLOURS[index % COLOURS.length] as string,
    dashes: blocking ? '6 4' : '',
    marker: index,
    filled: !blocking,
  };
}
