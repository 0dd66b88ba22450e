import { arrayText } from '../types/arrays.ts';
import type { Value } from '../types/pg-type.ts';
import { type SqlAggregate, textOf } from './sql-function.ts';

type Moments = { count: number; mean: number; squares: number };

/** Welford's way, which loses no digits where the mean is large. */
function deviation(name: string, result: (moments: Moments) => number | null): SqlAggregate<Moments> {
  return {
    name,
    arity: 1,
    start: () => ({ count: 0, mean: 0, squares: 0 }),
    step(moments, value) {
      if (value === null || value === undefined) return moments;
      const number = Number(value);
      moments.count++;
      const delta = number - moments.mean;
      moments.mean += delta / moments.count;
      moments.squares += delta * (number - moments.mean);
      return moments;
    },
    result,
  };
}

const ofSample = ({ count, squares }: Moments) => (count < 2 ? null : squares / (count - 1));
const ofAll = ({ count, squares }: Moments) => (count < 1 ? null : squares / count);
const root = (value: number | null) => (value === null ? null : Math.sqrt(value));

type Pairs = { n: number; x: number; y: number; xx: number; yy: number; xy: number };

function ofPairs(name: string, result: (sums: Pairs) => number | null): SqlAggregate<Pairs> {
  return {
    name,
    arity: 2,
    start: () => ({ n: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0 }),
    step(sums, first, second) {
      if (first === null || second === null || first === undefined || second === undefined) return sums;
      const [y, x] = [Number(first), Number(second)];
      sums.n++;
      sums.x += x;
      sums.y += y;
      sums.xx += x * x;
      sums.yy += y * y;
      sums.xy += x * y;
      return sums;
    },
    result,
  };
}

const covariation = ({ n, x, y, xy }: Pairs) => xy - (x * y) / n;
const variationX = ({ n, x, xx }: Pairs) => xx - (x * x) / n;
const variationY = ({ n, y, yy }: Pairs) => yy - (y * y) / n;
const divided = (value: number, by: number) => (by === 0 ? null : value / by);

/** Aggregates that SQLite lacks. */
export const aggregates: readonly SqlAggregate<never>[] = [
  {
    name: 'array_agg',
    arity: 1,
    start: () => [],
    step(list: (string | null)[], value: Value) {
      list.push(value === null ? null : textOf(value));
      return list;
    },
    result: (list: (string | null)[]) => (list.length === 0 ? null : arrayText(list)),
  },
  deviation('stddev_samp', (moments) => root(ofSample(moments))),
  deviation('stddev_pop', (moments) => root(ofAll(moments))),
  deviation('var_samp', ofSample),
  deviation('var_pop', ofAll),
  ofPairs('corr', (sums) => divided(covariation(sums), Math.sqrt(variationX(sums) * variationY(sums)))),
  ofPairs('covar_samp', (sums) => (sums.n < 2 ? null : covariation(sums) / (sums.n - 1))),
  ofPairs('covar_pop', (sums) => (sums.n < 1 ? null : covariation(sums) / sums.n)),
  ofPairs('regr_slope', (sums) => divided(covariation(sums), variationX(sums))),
  ofPairs('regr_intercept', (sums) => {
    const slope = divided(covariation(sums), variationX(sums));
    return slope === null ? null : (sums.y - slope * sums.x) / sums.n;
  }),
  ofPairs('regr_count', ({ n }) => n),
] as unknown as readonly SqlAggregate<never>[];
